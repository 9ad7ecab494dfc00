"""Payments by resources against influence values through R survey, and shares against convey."""

import numpy as np
import polars as pl
import pytest

import engine

RTOL = 1e-9
EVERY = [
    "gini",
    "gini_net",
    "concentration",
    "payment_share",
    "kakwani",
    "reynolds_smolensky",
    "redistributive_effect",
    "reranking",
    "headcount",
    "overshoot",
    "mean_positive_overshoot",
    "headcount_concentration",
    "overshoot_concentration",
    "weighted_headcount",
    "weighted_overshoot",
    "achievement",
    "poverty_headcount",
    "poverty_headcount_net",
    "poverty_headcount_impact",
    "poverty_gap",
    "poverty_gap_net",
    "poverty_gap_impact",
    "normalised_gap_impact",
]
# Name of a measure -> the entry [estimate, standard error] of the file.
PAIRS = {
    "gini": "gini_X",
    "gini_net": "gini_N",
    "concentration": "C_T",
    "payment_share": "t",
    "kakwani": "kakwani",
    "reynolds_smolensky": "reynolds_smolensky",
    "redistributive_effect": "redistributive_effect",
    "reranking": "reranking",
    "headcount": "headcount",
    "overshoot": "overshoot",
    "mean_positive_overshoot": "mean_positive_overshoot",
    "headcount_concentration": "C_E",
    "overshoot_concentration": "C_O",
    "weighted_headcount": "weighted_headcount",
    "weighted_overshoot": "weighted_overshoot",
    "achievement": "achievement_v2_of_T",
}
HOUSING = {"weight": "w", "stratum": "strata", "cluster": "psu", "nested": True}


def by_measure(result):
    return {row.measure: row for row in result.rows}


def check(result, expected):
    found = by_measure(result)
    for measure, name in PAIRS.items():
        estimate, std_error = expected[name]
        assert found[measure].estimate == pytest.approx(estimate, rel=RTOL), measure
        assert found[measure].std_error == pytest.approx(std_error, rel=RTOL), measure
    for name, of in (("headcount", "poverty_headcount"), ("gap", "poverty_gap")):
        numbers = expected[of]
        assert found[of].estimate == pytest.approx(numbers["gross"], rel=RTOL), name
        assert found[f"{of}_net"].estimate == pytest.approx(numbers["net"], rel=RTOL), name
        impact = found[f"{of}_impact"]
        assert impact.estimate == pytest.approx(numbers["impact"], rel=RTOL), name
        assert impact.std_error == pytest.approx(numbers["se_impact"], rel=RTOL), name
    assert found["normalised_gap_impact"].estimate == pytest.approx(
        expected["poverty_gap"]["normalised_impact"], rel=RTOL
    )


def paid_housing(frame):
    return frame.with_columns(paid=20 * pl.col("age") + 200 * pl.col("high") + 5 * pl.col("weight"))


def test_housing__payments_are_those_of_survey(housing, oracle):
    expected = oracle("payments")["housing"]
    options = {"threshold": expected["threshold"], "poverty_line": expected["poverty_line"]}
    check(engine.financing(paid_housing(housing), "paid", "income", EVERY, **HOUSING, **options), expected)


def test_doctoraus__payments_are_those_of_survey(shared, oracle):
    expected = oracle("payments")["doctoraus"]
    paid = (
        0.01 * pl.col("doctorco")
        + 0.005 * pl.col("nondocco")
        + 0.01 * pl.col("hospdays")
        + 0.005 * pl.col("prescrib")
    )
    frame = pl.read_parquet(shared / "data" / "doctoraus.parquet").filter(pl.col("income") > 0)
    options = {"threshold": expected["threshold"], "poverty_line": expected["poverty_line"]}
    check(engine.financing(frame.with_columns(paid=paid), "paid", "income", EVERY, **options), expected)


def test_housing__jackknife_is_that_of_survey(housing, oracle):
    expected = oracle("payments")["housing"]
    names = expected["jkn"]["names"]
    result = engine.financing(
        paid_housing(housing),
        "paid",
        "income",
        names,
        threshold=expected["threshold"],
        method="jackknife",
        interval="normal",
        **HOUSING,
    )
    found = {row.measure: row.std_error for row in result.rows if "jackknife" in row.method}
    # The file centres at the mean of a stratum's replicates, which differs by the second order.
    for name, std_error in zip(names, expected["jkn"]["se"], strict=True):
        assert found[name] == pytest.approx(std_error, rel=1e-3), name


def test_nhanes__lorenz_ordinates_are_those_of_convey(shared, oracle):
    expected = oracle("payments")["lorenz_nhanes"]
    frame = pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet")
    frame = frame.with_columns(
        psu=pl.col("SDMVSTRA") * 10 + pl.col("SDMVPSU"),
        income=pl.when(pl.col("Poverty") > 0).then("Poverty"),
    )
    result = engine.financing(
        frame,
        "income",
        "income",
        ["lorenz", "poorest_share"],
        percentiles=[round(100 * p, 6) for p in expected["p"]],
        weight="WTINT2YR",
        stratum="SDMVSTRA",
        cluster="psu",
    )
    lorenz = [row for row in result.rows if row.measure == "lorenz"]
    assert lorenz[0].n_obs == 18284
    assert [row.estimate for row in lorenz] == pytest.approx(expected["estimate"], rel=RTOL)
    assert [row.std_error for row in lorenz] == pytest.approx(expected["se"], rel=RTOL)
    assert [row.estimate for row in result.rows[9:]] == pytest.approx(expected["estimate"], rel=RTOL)


def test_simulated__ordinates_are_those_of_the_curve(simulated):
    design = {"weight": "w", "stratum": "strata", "cluster": "psu"}
    curve = engine.concentration_curve(simulated, "high", "income", points=4, **design).to_frame()
    expected = curve.row(1, named=True)
    found = engine.financing(simulated, "high", "income", "poorest_share", percentiles=[25], **design).rows[0]
    assert found.estimate == pytest.approx(expected["share_of_outcome"], rel=1e-12)
    assert found.std_error == pytest.approx(expected["std_error"], rel=1e-10)


def test_simulated__achievement_is_the_mean_less_the_extended_index(simulated):
    design = {"weight": "w", "stratum": "strata", "cluster": "psu"}
    extended = engine.concentration_index(simulated, "age", "income", index="extended", parameter=3, **design)
    mean = np.average(simulated["age"], weights=simulated["w"])
    found = engine.financing(simulated, "age", "income", "achievement", aversion=3, **design).rows[0]
    assert found.estimate == pytest.approx(mean * (1 - extended.estimate), rel=1e-12)


def test_simulated__percentile_ratio_is_near_its_bootstrap(simulated):
    design = {"weight": "w", "stratum": "strata", "cluster": "psu"}
    linearised, replicated = engine.financing(
        simulated, "age", "income", "percentile_ratio", bootstrap=999, seed=1, **design
    ).rows
    assert linearised.std_error == pytest.approx(replicated.std_error, rel=0.25)


def test_percentile_ratio_of_skewed_incomes__has_the_error_of_the_normal_logarithm():
    """By closed form: a width for the rich would make the error twice as large."""
    n, sd = 4000, 1.5
    income = np.exp(sd * np.random.default_rng(4).standard_normal(n))
    (row,) = engine.financing(
        pl.DataFrame({"income": income, "paid": 0.1 * income}), "paid", "income", "percentile_ratio"
    ).rows
    # Var of a quantile is p (1 - p) / (n f^2), the covariance of P10 and P90 0.1 * 0.1 / (n f f).
    f = np.exp(-0.5 * 1.2815515655446004**2) / np.sqrt(2.0 * np.pi) / sd
    of_logarithm = np.sqrt((0.09 + 0.09 - 2 * 0.01) / n) / f
    assert row.std_error / row.estimate == pytest.approx(of_logarithm, rel=0.1)
