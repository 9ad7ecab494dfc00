"""`by` of `concentration_curve` and `inequality`: each group has the result that it has alone."""

import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.results.inequality_result import InequalityResult

CURVE_NUMBERS = ("share_of_outcome", "std_error", "conf_low", "conf_high", "band_low", "band_high")


def people(seed, n=240):
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "visits": rng.poisson(3, n) + 1.0,
            "income": rng.lognormal(3, 1, n).round(1),
            "fifth": rng.choice([*"12345"], n),
            "w": rng.uniform(0.5, 2, n),
            "wave": rng.choice([2014, 2016], n),
            "sex": rng.choice(["f", "m"], n),
        }
    )
    return frame.with_columns(domain=pl.col("wave").cast(pl.String) + pl.col("sex"))


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000))
def test_group_that_is_a_stratum__has_the_result_of_its_rows_alone(seed):
    frame = people(seed)
    design = {"weight": "w", "stratum": "domain"}
    curve = engine.concentration_curve(frame, "visits", "income", **design, by=["wave", "sex"])
    gini = engine.inequality(frame, "visits", "gini", **design, by=["wave", "sex"])
    sii = engine.inequality(frame, "visits", "sii", group="fifth", **design, by=["wave", "sex"])
    names = [f"{wave}, sex={sex}" for wave in (2014, 2016) for sex in "fm"]
    assert [*curve.groups] == [*gini.groups] == [*sii.groups] == names
    for name in names:
        own = frame.filter(domain=name.replace(", sex=", ""))
        alone = engine.concentration_curve(own, "visits", "income", **design)
        for column in CURVE_NUMBERS:
            found = getattr(curve.groups[name], column)
            np.testing.assert_allclose(found, getattr(alone, column), rtol=1e-10, atol=1e-13)
        for made, more in ((gini, {"measure": "gini"}), (sii, {"measure": "sii", "group": "fifth"})):
            expected = engine.inequality(own, "visits", **more, **design)
            found = made.groups[name]
            numbers = [
                (one.estimate, one.std_error, one.conf_low, one.conf_high) for one in (found, expected)
            ]
            assert numbers[0] == pytest.approx(numbers[1], rel=1e-9)
            assert (found.n_obs, found.method) == (expected.n_obs, expected.method)


@pytest.fixture(scope="module")
def frame():
    return people(7)


def test_differences__are_those_of_the_groups(frame):
    ratio = engine.inequality(frame, "visits", "mld", by="wave", compare=True)
    first, second = (result.estimate for result in ratio.groups.values())
    (row,) = ratio.differences().filter(pl.col("measure") == "difference").to_dicts()
    assert row["level"] == "2016 - 2014"
    assert row["estimate"] == pytest.approx(second - first, rel=1e-12)
    curve = engine.concentration_curve(frame, "visits", "income", by="wave")
    assert set(curve.differences()["measure"]) == {"dominance"}


def test_table__names_the_group_of_every_line(frame):
    curve = engine.concentration_curve(frame, "visits", "income", by="sex", points=4)
    assert curve.table().columns[:2] == ["group", "share_of_people"]
    assert curve.table()["group"].to_list() == ["sex=f"] * 5 + ["sex=m"] * 5
    assert curve.to_frame().height == len(curve.rows)
    gini = engine.inequality(frame, "visits", "gini", by="sex")
    assert gini.table()["group"].to_list() == ["sex=f", "sex=m"]
    assert repr(gini).startswith("GroupedResult\ngroup")
    assert "sex=m" in gini.summary()


def test_replicates__belong_to_their_group(frame):
    gini = engine.inequality(frame, "visits", "gini", by="sex", bootstrap=50)
    for result in gini.groups.values():
        assert isinstance(result, InequalityResult)
        assert result.replicates.shape == (50,)
        assert abs(result.replicates.mean() - result.estimate) < 3 * result.std_error
        assert "bootstrap" in result.method
    made = [result.replicates for result in gini.groups.values()]
    assert not np.array_equal(*made)


def test_parts_of_entropy__stand_in_the_rows_of_each_group(frame):
    theil = engine.inequality(frame, "visits", "theil", decompose_by="sex", by="wave")
    for result in theil.groups.values():
        parts = {row.level: row.estimate for row in result.rows}
        assert parts["within sex"] + parts["between sex"] == pytest.approx(result.estimate, rel=1e-12)


def test_group_without_people__has_no_points_and_no_measure(frame):
    wide = frame.with_columns(pl.col("sex").cast(pl.Enum(["f", "m", "x"])))
    curve = engine.concentration_curve(wide, "visits", "income", by="sex").groups["sex=x"]
    assert (curve.n_obs, len(curve.share_of_people)) == (0, 0)
    gini = engine.inequality(wide, "visits", "gini", by="sex").groups["sex=x"]
    assert np.isnan(gini.estimate)
    assert gini.status == "no observations"


def test_grouped_result__is_frozen_draws_itself_and_can_be_sent_to_another_process(frame):
    pytest.importorskip("vl_convert")
    curve = engine.concentration_curve(frame, "visits", "income", by="wave")
    with pytest.raises(AttributeError):
        curve.kind = "index"
    assert next(figure.name for figure in curve.plot().figures) == "curve-result-visits"
    gini = engine.inequality(frame, "visits", "gini", by="wave")
    (figure,) = gini.plot().figures
    assert "2014" in figure.alt_text
    again = pickle.loads(pickle.dumps(gini))  # noqa: S301 - our own
    assert again.table().equals(gini.table())


def test_compare__without_groups_is_refused(frame):
    with pytest.raises(engine.UsageError, match="compare: found True without by"):
        engine.inequality(frame, "visits", "gini", compare=True)
    with pytest.raises(engine.DataError, match="by: no column 'region'"):
        engine.concentration_curve(frame, "visits", "income", by="region")
