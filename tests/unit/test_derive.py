"""Means for missing values and quantiles of the sample, in a study and on their own."""

import io

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from engine.batch.kinds import TABLES
from engine.batch.run import run
from engine.data.impute_and_group import _by_cut_points, _groups
from engine.errors import DataError, StudyError
from engine.report.terminal import show_run
from engine.store.run_directory import read_run
from engine.study import load_study
from tests.study_texts import analysis, event, study_text


def study_of(**income):
    """Return the study with more lines for its income."""
    return study_text(
        source={"path": "people.csv", "wave": "wave"},
        design={"weight": "w"},
        variables={
            "ill": event("yes", no=[0], yes=[1]),
            "income": {"impute": "mean", **income},
            "fifth": {"from": "income", "quantiles": ["low", "2", "3", "4", "high"]},
        },
        sample={"Known outcome": "ill IS NOT NULL"},
        analyses=[
            analysis("describe", name="who", variables=["fifth", "income"], by="wave"),
            analysis("rates", outcome="ill", rows="fifth"),
        ],
    )


def write(folder, frame, **income):
    frame.write_csv(folder / "people.csv")
    (folder / "small.toml").write_text(study_of(**income))
    return load_study(folder / "small.toml"), folder


def people(n=400, seed=1):
    generator = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "wave": np.repeat([2014, 2016], n // 2),
            "w": generator.uniform(0.5, 3, n).round(3),
            "income": generator.integers(1, 40, n).astype(float),
            "ill": generator.integers(0, 2, n),
        }
    )


def rows_of(study, folder, tmp_path):
    result = run(folder / "small.toml", out=tmp_path / "run")
    return result.rows, result.manifest


def levels(rows, wave):
    own = [
        row
        for row in rows
        if (row.analysis, row.term, row.wave, row.measure) == ("who", "fifth", wave, "count")
    ]
    return {row.level: row.estimate for row in own if row.level in ("low", "2", "3", "4", "high")}


def test_quantiles__hold_equal_weight_and_keep_ties_together(tmp_path):
    frame = people()
    study, folder = write(tmp_path, frame)
    rows, _ = rows_of(study, folder, tmp_path)
    for wave in (2014, 2016):
        own = frame.filter(wave=wave).sort("income")
        ties = own.group_by("income", maintain_order=True).agg(w=pl.col("w").sum(), n=pl.len())
        rank = (ties["w"].cum_sum() - 0.5 * ties["w"]) / ties["w"].sum()
        ties = ties.with_columns(group=(rank * 5).floor().cast(pl.Int64))
        expected = ties.group_by("group").agg(pl.col("n").sum()).sort("group")["n"].to_list()
        found = levels(rows, str(wave))
        assert [found[name] for name in ("low", "2", "3", "4", "high")] == expected
        weights = ties.group_by("group").agg(pl.col("w").sum())["w"] / ties["w"].sum()
        assert (abs(weights - 0.2) < 0.04).all()


XTILE = [1.0, 1, 1, 2, 2, 2, 2, 3, 3, 4]


@pytest.mark.parametrize(("ties", "sizes"), [("midrank", [3, 7]), ("xtile", [7, 3])])
def test_ties_at_a_cut__go_by_midrank_or_as_with_xtile(tmp_path, ties, sizes):
    """Stata's rule: x is in the first group if it is not above the median, 2."""
    frame = pl.DataFrame({"x": XTILE})
    frame.write_csv(tmp_path / "people.csv")
    text = study_text(
        source={"path": "people.csv"},
        variables={"half": {"from": "x", "quantiles": ["low", "high"], "ties": ties, "label": "Half"}},
        analyses=[analysis("describe", variables="half")],
    )
    (tmp_path / "small.toml").write_text(text)
    result = run(tmp_path / "small.toml", out=tmp_path / "run")
    assert [row.estimate for row in result.rows if row.measure == "count"][:2] == sizes
    console = io.StringIO()
    show_run(read_run(result.path), Console(file=console, width=140), TABLES)
    assert {"midrank": "by mid-rank", "xtile": "as with Stata's xtile"}[ties] in console.getvalue()


def test_xtile__equals_the_rule_of_stata_row_by_row():
    """_pctile: the first x whose cumulated weight exceeds the share, or midway if it is reached exactly."""
    generator = np.random.default_rng(5)
    for _ in range(200):
        n, k = int(generator.integers(1, 30)), int(generator.integers(2, 6))
        x, w = generator.integers(0, 9, n).astype(float), generator.integers(1, 4, n).astype(float)
        order = np.argsort(x, kind="stable")
        reached, cuts = np.cumsum(w[order]), []
        for j in range(1, k):
            i = int(np.flatnonzero(reached * k > j * reached[-1])[0])
            exact = i > 0 and reached[i - 1] * k == j * reached[-1]
            cuts.append((x[order][i - 1] + x[order][i]) / 2 if exact else x[order][i])
        expected = (x[:, None] > np.array(cuts)).sum(axis=1)
        assert np.array_equal(_groups(x, w, k, _by_cut_points), expected)


def test_quantiles__do_not_depend_on_row_order(tmp_path):
    frame = people()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    frame = frame.with_columns(
        income=pl.when(pl.int_range(pl.len()) % 20 == 0).then(None).otherwise("income")
    )
    one, _ = rows_of(*write(tmp_path / "a", frame), tmp_path / "a")
    other, _ = rows_of(*write(tmp_path / "b", frame.sample(fraction=1, shuffle=True, seed=3)), tmp_path / "b")
    assert levels(one, "2014") == levels(other, "2014")
    means = [
        [row.estimate for row in rows if (row.term, row.measure) == ("income", "mean")]
        for rows in (one, other)
    ]
    assert means[0] == pytest.approx(means[1], rel=1e-12)


def test_filled_values_and_groups__have_the_same_bits_in_any_order():
    from engine.data.impute_and_group import _groups, _imputed

    generator = np.random.default_rng(2)
    values, weight = generator.integers(0, 30, 2_000).astype(float), generator.uniform(0.1, 3, 2_000)
    values[::11] = np.nan
    order = generator.permutation(2_000)
    for function in (_imputed, lambda v, w: _groups(v, w, 7)):
        assert np.array_equal(
            function(values, weight)[order], function(values[order], weight[order]), equal_nan=True
        )
    assert np.isnan(_groups(np.full(3, np.nan), np.ones(3), 5)).all()
    assert _groups(np.array([3.0, 1.0, 2.0, 1.0]), np.ones(4), 2).tolist() == [1, 0, 1, 0]


def test_means__fill_and_are_counted(tmp_path):
    frame = people().with_columns(
        income=pl.when(pl.int_range(pl.len()) % 20 == 0).then(None).otherwise("income")
    )
    rows, manifest = rows_of(*write(tmp_path, frame), tmp_path)
    assert manifest["imputed"] == {"income": {"rows": 20, "share": 0.05}}
    mean = next(
        row
        for row in rows
        if (row.analysis, row.term, row.measure, row.wave) == ("who", "income", "mean", "2014")
    )
    known = frame.filter(pl.col("wave") == 2014, pl.col("income").is_not_null())
    expected = (known["income"] * known["w"]).sum() / known["w"].sum()
    assert mean.estimate == pytest.approx(expected, rel=1e-12)
    assert mean.n_obs == 200
    assert sum(levels(rows, "2014").values()) == 190  # the groups of a variable that is not filled


def test_too_many_missing__are_refused(tmp_path):
    frame = people().with_columns(
        income=pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise("income")
    )
    folder = write(tmp_path, frame)[1]
    with pytest.raises(
        DataError, match=r"variables.income.impute: 20.0% of the sample are missing; expected at most 15%"
    ):
        run(folder / "small.toml", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    write(tmp_path, frame, impute_most=0.25)
    assert run(folder / "small.toml", out=tmp_path / "run").manifest["imputed"]["income"]["rows"] == 80


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ({"levels": {"a": [1]}}, "variables.income.impute"),
        ({"quantiles": ["a"]}, "variables.income.quantiles"),
        ({"cut": {"a": [0, 9]}}, "variables.income.impute"),
        ({"quantiles": ["a", "a"]}, "variables.income.quantiles"),
    ],
)
def test_contradictions__are_faults(tmp_path, lines, place):
    with pytest.raises(StudyError) as caught:
        write(tmp_path, people(), **lines)
    assert place in [fault.place for fault in caught.value.faults]
