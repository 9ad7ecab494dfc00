"""Rao and Scott's tests and limits of shares against R 4.2.2, survey 4.1-1, and against whole matrices.

svychisq(~rows + cols, subset(design, Age >= 20 & !is.na(Diabetes) & !is.na(Poverty)), "F"); svyciprop
"""

import json

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency, f

import engine
from tests.conftest import NUMBERS
from tests.study_texts import analysis, event, factor, study_text

DESIGN = {"weight": "WTINT2YR", "stratum": "SDMVSTRA", "cluster": "psu"}


@pytest.fixture(scope="module")
def adults(shared):
    """NHANES with its whole design; the outcome is missing outside of the domain."""
    frame = pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet")
    in_domain = (pl.col("Age") >= 20) & pl.col("Poverty").is_not_null()
    # The reference counts the five adults whose diabetes is unknown as people without it.
    has_diabetes = (pl.col("Diabetes") == "Yes").fill_null(value=False).cast(int)
    return frame.with_columns(
        psu=pl.col("SDMVSTRA").cast(int) * 10 + pl.col("SDMVPSU").cast(int),
        diabetes=pl.when(in_domain).then(has_diabetes),
        group=pl.when(pl.col("Poverty") < 1.3)
        .then(pl.lit("a_low"))
        .when(pl.col("Poverty") < 3.5)
        .then(pl.lit("b_mid"))
        .when(pl.col("Poverty").is_not_null())
        .then(pl.lit("c_high")),
    )


@pytest.fixture(scope="module")
def expected():
    return json.loads(next(NUMBERS.glob("*_chisq_proportions.json")).read_text())


def rao_scott(rows):
    (row,) = (row for row in rows if row.measure == "rao_scott_f")
    return row


@pytest.mark.parametrize(("factor", "case"), [("group", "poverty"), ("Gender", "gender")])
def test_rates__are_tested_as_svychisq_does(adults, expected, factor, case):
    row = rao_scott(engine.rates(adults, "diabetes", factor, test=True, **DESIGN).rows)
    theirs = expected[f"diabetes_by_{case}"]["F"]
    assert row.estimate == pytest.approx(theirs["statistic"], rel=1e-9)
    assert row.df1 == pytest.approx(theirs["parameter"]["ndf"], rel=1e-9)
    assert row.df2 == pytest.approx(theirs["parameter"]["ddf"], rel=1e-9)
    assert row.p_value == pytest.approx(theirs["p"], rel=1e-8)
    assert (row.term, row.n_obs) == (factor, expected["n"])


def test_limits_of_a_rate__are_those_of_svyciprop(adults, expected):
    for kind, theirs in (("logit", "xlogit"), ("beta", "beta"), ("normal", "mean")):
        row = engine.rates(adults, "diabetes", interval=kind, **DESIGN).rows[0]
        limits = expected["proportion_diabetes"][theirs]
        assert row.estimate == pytest.approx(limits["estimate"], rel=1e-10)
        assert (row.conf_low, row.conf_high) == pytest.approx((limits["lower"], limits["upper"]), rel=1e-9)


def test_limits_of_a_headcount__are_those_of_svyciprop(adults, expected):
    # Who pays more than half of 1 is who has diabetes.
    frame = adults.with_columns(one=pl.lit(1.0))
    asked = {"threshold": 0.5, **DESIGN}
    for kind, theirs in (("logit", "xlogit"), ("beta", "beta"), ("normal", "mean")):
        (row,) = engine.financing(frame, "diabetes", "one", "headcount", limits=kind, **asked).rows
        limits = expected["proportion_diabetes"][theirs]
        assert row.estimate == pytest.approx(limits["estimate"], rel=1e-9)
        assert row.std_error == pytest.approx(limits["se"], rel=1e-9)
        assert (row.conf_low, row.conf_high) == pytest.approx((limits["lower"], limits["upper"]), rel=1e-9)
        assert row.method == {"beta": "Korn-Graubard", "logit": "linearised, logit"}.get(kind, "linearised")
    young = pl.when((pl.col("Age") >= 20) & (pl.col("Age") < 25)).then("diabetes")
    few = frame.with_columns(young.alias("diabetes"))
    row = engine.financing(few, "diabetes", "one", "headcount", limits="beta", **asked).rows[0]
    rate = engine.rates(few, "diabetes", interval="beta", **DESIGN).rows[0]
    assert (row.conf_low, row.conf_high) == pytest.approx((rate.conf_low, rate.conf_high), rel=1e-9)


@pytest.mark.parametrize("limits", ["logit", "beta"])
def test_limits_of_shares_of_people__stay_inside(limits):
    frame = pl.DataFrame({"paid": [0.0] * 30 + [9.0], "income": [10.0] * 31, "psu": [*range(31)]})
    asked = {"threshold": [0.5, 0.95], "poverty_line": 9.5, "limits": limits, "cluster": "psu"}
    measures = ["headcount", "poverty_headcount", "poverty_headcount_net", "overshoot", "kakwani"]
    rows = engine.financing(frame, "paid", "income", measures, **asked).rows
    some, nobody, before, after, *others = rows
    assert some.estimate == pytest.approx(1 / 31)
    assert 0 < some.conf_low < some.estimate < some.conf_high < 1
    assert (after.conf_low, after.conf_high) == (some.conf_low, some.conf_high)
    for row in (nobody, before):
        assert (row.estimate, row.conf_low, row.method) == (0.0, 0.0, "Korn-Graubard")
        assert row.conf_high == pytest.approx(1 - 0.025 ** (1 / 31), rel=1e-9)
    normal = engine.financing(frame, "paid", "income", measures, **{**asked, "limits": "normal"}).rows
    assert [*normal[4:]] == others
    assert normal[0].conf_low < 0


def test_description__tests_its_factors_against_the_groups(adults, expected):
    named = adults.with_columns(
        diabetes=pl.col("diabetes").replace_strict({0: "no", 1: "yes"}).cast(pl.Enum(["no", "yes"]))
    )
    row = rao_scott(engine.describe(named, "diabetes", by="group", test=True, **DESIGN).rows)
    theirs = expected["diabetes_by_poverty"]["F"]
    assert row.estimate == pytest.approx(theirs["statistic"], rel=1e-9)
    assert row.p_value == pytest.approx(theirs["p"], rel=1e-8)
    assert (row.term, row.level, row.wave, row.subgroup) == ("diabetes", None, None, None)


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(12)
    n = 900
    frame = pl.DataFrame(
        {"place": rng.choice(list("abcd"), n), "w": rng.uniform(1, 3, n), "sex": rng.choice(["f", "m"], n)}
    )
    ill = rng.random(n) < 0.2 + 0.1 * (frame["place"] == "c").to_numpy()
    return frame.with_columns(
        ill=pl.Series(ill).cast(int),
        health=pl.Series(rng.choice(["good", "fair", "poor"], n, p=[0.5, 0.3, 0.2])),
        psu=pl.int_range(pl.len()) % 90,
    )


def test_people_drawn_at_random__have_pearsons_statistic_nearly(people):
    row = rao_scott(engine.rates(people, "ill", "place", test=True).rows)
    table = (
        people.group_by("place").agg(pl.len() - pl.col("ill").sum(), ill=pl.col("ill").sum()).sort("place")
    )
    pearson = chi2_contingency(table.drop("place").to_numpy(), correction=False).statistic
    # Without weights the design effects are 1, but for the finite sample and the departure from independence.
    assert row.estimate == pytest.approx(pearson / 3, rel=0.03)
    assert row.df1 == pytest.approx(3, rel=0.01)
    assert row.p_value == pytest.approx(f.sf(row.estimate, row.df1, row.df2), rel=1e-9)


def by_hand(frame, rows, columns, psu):
    """The test with whole matrices: one indicator for each cell, a contrast matrix by least squares."""
    r, c = (np.unique(frame[name], return_inverse=True)[1] for name in (rows, columns))
    R, C, w, unit = r.max() + 1, c.max() + 1, frame["w"].to_numpy(), frame[psu].to_numpy()
    cells = np.eye(R * C)[r * C + c]
    p = w @ cells / w.sum()
    z = w[:, None] * (cells - p) / w.sum()
    totals = np.array([z[unit == one].sum(axis=0) for one in np.unique(unit)])
    n = len(totals)
    V = n / (n - 1) * (totals - totals.mean(0)).T @ (totals - totals.mean(0))
    grid = np.array([(i, j) for i in range(R) for j in range(C)])
    main = np.column_stack(
        [np.ones(R * C), *((grid[:, 0] == i) for i in range(1, R)), *((grid[:, 1] == j) for j in range(1, C))]
    )
    crossed = np.column_stack(
        [(grid[:, 0] == i) & (grid[:, 1] == j) for i in range(1, R) for j in range(1, C)]
    ).astype(float)
    contrast = crossed - main @ np.linalg.lstsq(main, crossed, rcond=None)[0]
    inverse = np.diag(1 / p)
    size = len(frame)
    delta = np.linalg.solve(
        contrast.T @ inverse @ contrast / size, contrast.T @ inverse @ V @ inverse @ contrast
    )
    square = p.reshape(R, C)
    expected = np.outer(square.sum(1), square.sum(0))
    X2 = size * ((square - expected) ** 2 / expected).sum()
    d = np.trace(delta) ** 2 / np.trace(delta @ delta)
    return X2 / np.trace(delta), d, d * (n - 1)


@pytest.mark.parametrize("route", ["clusters", "rows", "replicate weights"])
def test_larger_tables__equal_whole_matrices(people, route):
    named = people.with_columns(pl.int_range(pl.len()).alias("id"))
    given = {"clusters": {"cluster": "psu"}, "rows": {}}.get(route)
    unit = {"clusters": "psu", "rows": "id"}.get(route, "psu")
    if given is None:  # the delete-one-PSU jackknife, which is near the linearised covariance
        named = named.with_columns(
            pl.when(pl.col("psu") == one).then(0.0).otherwise(pl.col("w") * 90 / 89).alias(f"r{one}")
            for one in range(90)
        )
        given = {"replicate_weights": {"columns": [f"r{one}" for one in range(90)], "method": "jk1"}}
    row = rao_scott(engine.describe(named, "health", weight="w", by="place", test=True, **given).rows)
    F, df1, df2 = by_hand(named, "place", "health", unit)
    rel = 0.02 if route == "replicate weights" else 1e-9
    assert row.estimate == pytest.approx(F, rel=rel)
    assert (row.df1, row.df2) == pytest.approx((df1, df2), rel=rel)


def test_scale_of_weights_and_order_of_rows__do_not_matter(people):
    first = rao_scott(engine.rates(people, "ill", "place", weight="w", cluster="psu", test=True).rows)
    moved = people.with_columns(pl.col("w") * 256.0).sample(fraction=1.0, shuffle=True, seed=3)
    second = rao_scott(engine.rates(moved, "ill", "place", weight="w", cluster="psu", test=True).rows)
    for key in ("estimate", "df1", "df2", "p_value"):
        assert getattr(second, key) == pytest.approx(getattr(first, key), rel=1e-9)


def test_one_level_and_empty_cells__are_told_or_left_out(people):
    alike = people.with_columns(place=pl.lit("a"))
    row = rao_scott(engine.rates(alike, "ill", "place", test=True).rows)
    assert (row.estimate, row.status) == (None, "one level only")
    emptied = people.with_columns(ill=pl.when(pl.col("place") == "b").then(0).otherwise(pl.col("ill")))
    row = rao_scott(engine.rates(emptied, "ill", "place", weight="w", cluster="psu", test=True).rows)
    assert row.estimate > 0
    assert row.df1 <= 3


STUDY = {
    "source": "people.parquet",
    "design": {"weight": "w", "cluster": "psu"},
    "variables": {
        "ill": event("yes", no=[0], yes=[1]),
        "place": factor(**{name: [name] for name in "abcd"}),
        "sex": factor(f=["f"], m=["m"]),
    },
}


def test_run__equals_the_functions_and_tells_the_test_below_the_table(people, tmp_path, cli):
    people.write_parquet(tmp_path / "people.parquet")
    analyses = [
        analysis("rates", outcome="ill", rows=["place", "sex"], by="sex", test=True),
        analysis("describe", variables=["place"], by="sex", test=True),
    ]
    (tmp_path / "study.toml").write_text(study_text(**STUDY, analyses=analyses))
    run = engine.run(tmp_path / "study.toml", out=tmp_path / "run")
    rows = [row for row in run.rows if row.measure == "rao_scott_f"]
    ours = engine.rates(people, "ill", "place", weight="w", cluster="psu", by="sex", test=True).rows
    theirs = {(row.term, row.subgroup): row for row in rows if row.kind == "rates"}
    for row in (row for row in ours if row.measure == "rao_scott_f"):
        assert theirs["place", row.subgroup].p_value == pytest.approx(row.p_value, rel=1e-9)
    assert theirs["sex", "sex=f"].status == "one level only"
    (described,) = (row for row in rows if row.kind == "describe")
    found = rao_scott(engine.describe(people, "place", weight="w", cluster="psu", by="sex", test=True).rows)
    assert described.estimate == pytest.approx(found.estimate, rel=1e-9)
    out = cli("show", run.path)[1]
    assert f"place: Rao-Scott F({found.df1:.2f}, {found.df2:.1f}) = {found.estimate:.2f}" in out


def test_a_test_without_groups__is_a_fault():
    from tests.unit.test_study import faults_of

    text = study_text(
        **STUDY, analyses=[analysis("rates", outcome="ill", test=True), analysis("describe", test=True)]
    )
    faults = faults_of(text)
    assert "true without rows" in str(faults["analysis[1].test"])
    assert "true without groups" in str(faults["analysis[2].test"])
