"""What must hold for every sample, whatever its numbers."""

from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from tests.properties.cases import cases

# Sums of a few dozen terms in another order differ in the last bits only.
ROUNDING = 1e-11

INDICES = [
    ("standard", None),
    ("generalized", None),
    ("erreygers", None),
    ("wagstaff", None),
    ("modified", None),
    ("extended", 3.0),
    ("extended", 1.5),
    ("symmetric", 2.5),
    ("generalized_extended", 4.0),
]
BOUNDS = (0.0, 20.0)


@st.composite
def samples(draw):
    n = draw(st.integers(4, 40))
    column = lambda low, high: draw(st.lists(st.integers(low, high), min_size=n, max_size=n))  # noqa: E731
    x, y, w = column(0, 8), column(1, 19), column(1, 9)
    x[0], x[1], y[0], y[1] = 0, 8, 1, 19  # neither rank nor outcome is constant
    return pl.DataFrame({"x": x, "y": y, "w": [value / 4 for value in w]}, schema_overrides={"y": pl.Float64})


def estimate(frame, index, parameter, **options):
    bounds = BOUNDS if index in ("erreygers", "wagstaff", "modified") else None
    result = engine.concentration_index(
        frame, "y", "x", weight="w", index=index, bounds=bounds, parameter=parameter, **options
    )
    return result.estimate, result.std_error


def close(first, second, scale=1.0):
    return first == pytest.approx(second, rel=ROUNDING, abs=ROUNDING * scale)


@pytest.mark.parametrize(("index", "parameter"), INDICES)
@cases(15)
@given(frame=samples(), seed=st.integers(0, 2**32 - 1))
def test_row_order__does_not_matter(index, parameter, frame, seed):
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=seed)
    assert close(estimate(shuffled, index, parameter), estimate(frame, index, parameter), 20)


@pytest.mark.parametrize(("index", "parameter"), INDICES)
@cases(15)
@given(frame=samples())
def test_doubled_weights__give_the_same_bits(index, parameter, frame):
    doubled = frame.with_columns(pl.col("w") * 2)
    assert estimate(doubled, index, parameter) == estimate(frame, index, parameter)


@pytest.mark.parametrize(("index", "parameter"), INDICES)
@cases(15)
@given(frame=samples())
def test_row_written_twice__is_a_doubled_weight(index, parameter, frame):
    twice = pl.concat([frame, frame.head(1)])
    heavier = frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(pl.col("w") * 2).otherwise("w").alias("w")
    )
    assert close(estimate(twice, index, parameter)[0], estimate(heavier, index, parameter)[0], 20)


@pytest.mark.parametrize(("index", "parameter"), INDICES)
@cases(15)
@given(frame=samples())
def test_rank__only_its_order_counts(index, parameter, frame):
    stretched = frame.with_columns(x=(pl.col("x") + 1) ** 3)
    assert estimate(stretched, index, parameter) == estimate(frame, index, parameter)


@pytest.mark.parametrize("index", ["standard", "generalized", "erreygers", "wagstaff", "symmetric"])
@cases(15)
@given(frame=samples())
def test_reversed_rank__flips_the_sign(index, frame):
    parameter = 3.0 if index == "symmetric" else None
    (forward, error), (backward, other) = (
        estimate(frame, index, parameter),
        estimate(frame.with_columns(-pl.col("x")), index, parameter),
    )
    assert close(backward, -forward, 20)
    assert close(other, error, 20)


@pytest.mark.parametrize("index", ["erreygers", "wagstaff"])
@cases(15)
@given(frame=samples())
def test_mirror__ill_health_is_minus_health(index, frame):
    mirrored = frame.with_columns(y=BOUNDS[1] - pl.col("y"))
    assert close(estimate(mirrored, index, None)[0], -estimate(frame, index, None)[0], 20)


@cases(15)
@given(frame=samples(), scale=st.sampled_from([2.0, 8.0, 0.25]))
def test_standard__does_not_change_with_the_outcomes_unit(frame, scale):
    scaled = frame.with_columns(pl.col("y") * scale)
    assert estimate(scaled, "standard", None) == estimate(frame, "standard", None)


@cases(15)
@given(frame=samples(), shift=st.integers(1, 1000))
def test_generalized__does_not_change_when_everybody_gets_the_same(frame, shift):
    shifted = frame.with_columns(pl.col("y") + float(shift))
    assert close(estimate(shifted, "generalized", None), estimate(frame, "generalized", None), 20)


@cases(10)
@given(frame=samples(), zeros=st.integers(1, 5))
def test_rows_of_weight_zero__change_no_estimate(frame, zeros):
    more = pl.concat([frame, frame.head(zeros).with_columns(pl.col("w") * 0.0, y=pl.lit(10.0))])
    assert estimate(more, "standard", None)[0] == estimate(frame, "standard", None)[0]


@cases(10)
@given(frame=samples(), seed=st.integers(0, 2**31))
def test_replicates__do_not_depend_on_row_order_or_weight_scale(frame, seed):
    options = {"bootstrap": 40, "method": "iid", "seed": 9}
    call = lambda data: engine.concentration_index(data, "y", "x", weight="w", **options).replicates  # noqa: E731
    base = call(frame)
    shuffled = call(frame.sample(fraction=1.0, shuffle=True, seed=seed))
    assert np.allclose(shuffled, base, rtol=1e-12, atol=1e-12, equal_nan=True)
    assert np.array_equal(call(frame.with_columns(pl.col("w") * 2)), base, equal_nan=True)


@cases(5)
@given(frame=samples(), seed=st.integers(0, 2**31))
def test_names_of_strata_and_clusters__do_not_matter(frame, seed):
    names = np.random.default_rng(seed).permutation(200)
    place = pl.int_range(pl.len())
    known = frame.with_columns(stratum=place % 2, psu=place % 4)
    other = known.with_columns(
        stratum=pl.Series(names)[known["stratum"] + 150].cast(pl.String), psu=pl.Series(names)[known["psu"]]
    )
    design = {"stratum": "stratum", "cluster": "psu"}
    here, there = (estimate(one, "standard", None, **design) for one in (known, other))
    assert close(there, here)


@cases(5)
@given(frame=samples(), other=samples())
def test_a_group_beside_others__has_the_numbers_it_has_alone(frame, other):
    both = pl.concat([frame.with_columns(wave=pl.lit(1)), other.with_columns(wave=pl.lit(2))])
    rows = engine.concentration_index(both, "y", "x", weight="w", by="wave").rows
    found = [row.estimate for row in rows if row.measure == "standard"]
    assert close(found, [estimate(one, "standard", None)[0] for one in (frame, other)])


@cases(5)
@given(frame=samples())
def test_curve__runs_from_0_to_1_and_its_area_is_the_index(frame):
    # Twice the area between diagonal and curve is the index; with a point at every tie group's end the
    # trapezoid rule is exact, and a grid of 100 is within 5e-3 of that.
    with patch("engine.estimators.index.curve.simultaneous_critical", return_value=3.0):  # seconds for each
        curve = engine.concentration_curve(frame, "y", "x", weight="w", points=100)
    assert curve.share_of_outcome[0] == pytest.approx(0.0, abs=1e-15)
    assert curve.share_of_outcome[-1] == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(curve.share_of_outcome) >= -1e-15).all()
    area = np.trapezoid(curve.share_of_outcome, curve.share_of_people)
    assert 1 - 2 * area == pytest.approx(estimate(frame, "standard", None)[0], abs=5e-3)


def clustered(seed=3, n=400):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "x": rng.normal(size=n),
            "y": rng.integers(0, 10, n).astype(float),
            "psu": np.arange(n) // 8,
            "stratum": np.arange(n) // 80,
            "w": rng.integers(1, 5, n).astype(float),
        }
    )


@pytest.mark.parametrize("interval", ["bca", "studentized"])
@pytest.mark.parametrize("exponent", [30, 44])
def test_an_offset__costs_no_digit_of_intervals_by_psus(interval, exponent):
    frame = clustered()
    design = {"weight": "w", "stratum": "stratum", "cluster": "psu", "bootstrap": 100, "seed": 1}
    here, there = (
        engine.concentration_index(one, "y", "x", index="generalized", interval=interval, **design)
        for one in (frame, frame.with_columns(pl.col("y") + 2.0**exponent))
    )
    assert (there.conf_low, there.conf_high) == pytest.approx((here.conf_low, here.conf_high), rel=1e-13)
    assert there.linearised_std_error == pytest.approx(here.linearised_std_error, rel=1e-13)


@pytest.mark.parametrize("exponent", [990, -1000, 300])
def test_extreme_weights__are_only_another_unit(exponent):
    """Powers of 2, so that no weight is rounded: every digit stays."""
    frame = clustered()
    design = {"weight": "w", "stratum": "stratum", "cluster": "psu", "bootstrap": 100, "seed": 1}
    here, there = (
        engine.concentration_index(one, "y", "x", **design)
        for one in (frame, frame.with_columns(pl.col("w") * 2.0**exponent))
    )
    assert (there.estimate, there.std_error, there.conf_low) == (here.estimate, here.std_error, here.conf_low)
    assert there.rows[0].sum_weights == here.rows[0].sum_weights * 2.0**exponent


def test_denormal_weights__keep_their_digits():
    frame = clustered()
    here, there = (
        engine.concentration_index(one, "y", "x", weight="w")
        for one in (frame, frame.with_columns(pl.col("w") * 5e-324))
    )
    assert there.estimate == pytest.approx(here.estimate, rel=1e-14)
    assert there.linearised_std_error == pytest.approx(here.linearised_std_error, rel=1e-14)


def test_a_mean_that_only_rounding_keeps_from_0__has_no_relative_index():
    rng = np.random.default_rng(3)
    y = rng.normal(size=400)
    frame = pl.DataFrame({"x": rng.integers(0, 10, 400), "y": y - y.mean()})
    with pytest.raises(engine.EstimationError, match="mean is zero"):
        engine.concentration_index(frame, "y", "x")
    assert engine.concentration_index(frame, "y", "x", index="generalized").rows[0].status == "ok"


@pytest.mark.parametrize(("shift", "status"), [(1.0, "negative values"), (-1.0, "mean not positive")])
def test_a_share_of_negative_parts__is_doubtful(shift, status):
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({"x": rng.integers(0, 10, 400), "y": rng.normal(size=400) + shift})
    for row in engine.concentration_index(frame, "y", "x", bootstrap=50, interval="normal").rows:
        assert row.status == status
        assert row.std_error > 0
    for index in ("wagstaff", "modified", "erreygers"):
        found = engine.concentration_index(frame, "y", "x", index=index, bounds=(-9, 9))
        assert found.rows[0].status == "ok"


def doubtful(shift):
    """An outcome and a covariate around a shift, another covariate above 0."""
    rng = np.random.default_rng(3)
    y, z = rng.normal(size=400), rng.normal(size=400)
    columns = {"y": y - y.mean() + shift, "z": z - z.mean() + shift, "a": rng.uniform(1, 2, 400)}
    return pl.DataFrame({"x": rng.integers(0, 10, 400), **columns})


@pytest.mark.parametrize(("shift", "status"), [(0.5, "negative values"), (-0.5, "mean not positive")])
def test_a_decomposition_of_a_share_of_negative_parts__is_doubtful(shift, status):
    result = engine.decompose(doubtful(shift), "y", "x", ["z", "a"], need=["a"], bootstrap=60)
    of_outcome = ("standard", "contribution", "residual", "horizontal_inequity", "elasticity")
    for row in result.rows:
        is_doubtful = row.measure in of_outcome or (row.measure, row.term) == ("concentration_index", "z")
        assert row.status == (status if is_doubtful else "ok"), row
    absolute = engine.decompose(doubtful(shift), "y", "x", ["z", "a"], index="generalized").rows
    assert {row.measure for row in absolute if row.status == status} == {"elasticity", "concentration_index"}


def test_a_decomposition_of_a_mean_that_only_rounding_keeps_from_0__is_undefined():
    with pytest.raises(engine.EstimationError, match="mean is zero"):
        engine.decompose(doubtful(0.0), "y", "x", ["z", "a"])
    result = engine.decompose(doubtful(0.0), "y", "x", ["z", "a"], index="generalized")
    of_zero = [row for row in result.rows if row.measure == "elasticity"]
    of_zero += [row for row in result.rows if (row.measure, row.term) == ("concentration_index", "z")]
    assert {(row.estimate, row.status) for row in of_zero} == {(None, "mean is zero")}
    (mean,) = (row for row in result.rows if (row.measure, row.term) == ("mean", "z"))
    assert (mean.estimate, mean.status) == (0.0, "ok")


@pytest.mark.parametrize(("shift", "status"), [(0.5, "negative values"), (-0.5, "mean not positive")])
def test_a_rif_regression_of_a_share_of_negative_parts__is_doubtful(shift, status):
    frame = doubtful(shift)
    rows = engine.rif(frame, "y", "x", ["z", "a"]).rows
    assert {row.status for row in rows} == {status}
    assert all(row.std_error > 0 for row in rows if row.measure == "rif_coefficient")
    assert {row.status for row in engine.rif(doubtful(shift), "y", "x", ["z"], index="generalized").rows} == {
        "ok"
    }


def test_a_rif_regression_of_a_mean_that_only_rounding_keeps_from_0__is_refused():
    with pytest.raises(engine.EstimationError, match="mean is zero"):
        engine.rif(doubtful(0.0), "y", "x", ["z"])


def test_rules__are_25_or_more():
    """Goal G19 of docs/trust.md counts on 25; each is a function that random cases are given to."""
    texts = (path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert sum(text.count("\n@cases(") for text in texts) >= 25
