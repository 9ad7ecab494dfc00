"""Results of several imputations against mitools 2.4 and Rubin's formulas, and what pooling must keep."""

import json

import numpy as np
import polars as pl
import pytest

import engine
from engine.errors import UsageError
from engine.estimators.rubin import rubin
from tests.conftest import NUMBERS

RTOL = 1e-9


@pytest.fixture(scope="module")
def expected():
    return json.loads(next(NUMBERS.glob("*_mi_pooling.json")).read_text())


@pytest.mark.parametrize(("case", "complete"), [("formulas", np.inf), ("formulas_df33", 33.0)])
def test_rubin__is_that_of_mitools_and_of_the_formulas(expected, case, complete):
    pooled = rubin(np.array(expected["estimates"]), np.array(expected["variances"]), complete)
    numbers = expected[case]
    assert pooled.estimate == pytest.approx(numbers["estimate"], rel=RTOL)
    assert pooled.std_error == pytest.approx(numbers["se"], rel=RTOL)
    # mitools takes U / (U + B) for 1 - lambda: 23.61; without complete degrees of freedom both agree.
    assert pooled.degrees == pytest.approx(numbers["df_barnard_rubin"], rel=1e-6)
    assert pooled.missing_information == pytest.approx(numbers["fmi"], rel=1e-6)
    assert pooled.std_error == pytest.approx(expected["mitools"]["se"], rel=RTOL)


def completed(seed):
    """People whose income is imputed: the others are the same in every data set."""
    fixed, drawn = np.random.default_rng(1), np.random.default_rng(seed)
    n = 300
    income, ill = fixed.gamma(3.0, 2.0, n), fixed.integers(0, 2, n)
    income[:60] = drawn.gamma(3.0, 2.0, 60)
    return pl.DataFrame(
        {
            "income": income,
            "ill": ill,
            "psu": np.arange(n) // 10,
            "old": np.array(["no", "yes"])[ill ^ (income > 6)],
        }
    )


@pytest.fixture(scope="module")
def frames():
    return [completed(seed) for seed in range(2, 7)]


def test_indices__are_pooled_over_the_imputations(frames):
    each = [engine.concentration_index(frame, "ill", "income", cluster="psu") for frame in frames]
    row = engine.pool(each).row(0, named=True)
    estimates, errors = (np.array([getattr(one, name) for one in each]) for name in ("estimate", "std_error"))
    total = (errors**2).mean() + 1.2 * estimates.var(ddof=1)
    assert row["estimate"] == pytest.approx(estimates.mean(), rel=1e-12)
    assert row["std_error"] == pytest.approx(np.sqrt(total), rel=1e-12)
    assert row["df2"] < 29  # those of 30 clusters
    assert 0.0 < row["missing_information"] < 1.0
    assert (row["n_imputations"], row["method"]) == (5, "linearised, multiple imputation")


def test_ratios__are_pooled_as_logarithms(frames):
    asked = {"cluster": "psu", "covariance": "design"}
    pooled = engine.pool([engine.logit(frame, "ill", ["old", "income"], **asked) for frame in frames])
    of_income = pooled.filter(pl.col("term") == "income")
    coefficient, ratio = (
        of_income.filter(pl.col("measure") == measure).row(0, named=True)
        for measure in ("coefficient", "odds_ratio")
    )
    assert np.log(ratio["estimate"]) == pytest.approx(coefficient["estimate"], rel=1e-9)
    assert np.log(ratio["conf_high"]) == pytest.approx(coefficient["conf_high"], rel=1e-6)
    assert ratio["df2"] == pytest.approx(coefficient["df2"], rel=1e-6)
    assert {*pooled.filter(pl.col("status") == "reference")["estimate"]} == {1.0}


def test_contributions__still_add_up(frames):
    rows = engine.pool(
        [
            engine.decompose(
                frame, "ill", "income", terms=["old"], model="linear", cluster="psu", bootstrap=100
            )
            for frame in frames
        ]
    )
    whole = rows.filter(pl.col("measure") == "standard")["estimate"].item()
    parts = rows.filter(pl.col("measure").is_in(["contribution", "residual"]))["estimate"].sum()
    assert parts == pytest.approx(whole, rel=1e-12)


def test_equal_results__pool_to_themselves(frames):
    one = engine.rates(frames[0], "ill", cluster="psu").to_frame()
    pooled = engine.pool([one, one, one])
    assert pooled["estimate"].to_list() == one["estimate"].to_list()
    assert pooled["std_error"].to_list() == pytest.approx(one["std_error"].to_list(), rel=1e-12)
    assert pooled["missing_information"].to_list() == [0.0] * len(pooled)
    assert pooled.equals(engine.pool([one, one, one][::-1]))


def test_curves__are_pooled_point_by_point(frames):
    each = [engine.concentration_curve(frame, outcome="ill", rank_by="income") for frame in frames]
    curve = engine.pool(each).filter(pl.col("method").str.contains("pointwise"))
    shares = np.mean([one.share_of_outcome for one in each], axis=0)
    assert curve["estimate"].to_list() == pytest.approx(shares.tolist(), rel=RTOL)
    assert curve["std_error"][5] > max(one.std_error[5] for one in each) * 0.9


def test_rows__that_some_imputations_lack_say_so(frames):
    one, other = (engine.rates(frame, "ill", rows=["old"], cluster="psu").to_frame() for frame in frames[:2])
    pooled = engine.pool([one, other.filter(pl.col("level") != "yes")])
    lacking = pooled.filter(pl.col("level") == "yes")
    assert lacking["status"].to_list() == ["not in every imputation"]
    assert lacking["estimate"].to_list() == [None]
    with pytest.raises(UsageError, match="expected two or more"):
        engine.pool([one])
    bare = pl.DataFrame({"measure": ["mean", "mean"], "estimate": [1.0, 5.0], "std_error": [1.0, 1.0]})
    with pytest.raises(UsageError, match=r"found 2 rows with the measure.* of another row"):
        engine.pool([bare, bare.with_columns(pl.col("estimate") + 1)])
    for lacking in (bare.drop("measure"), bare.with_columns(estimate=pl.lit("a"))):
        with pytest.raises(UsageError, match=r"results, .*: found no .*; expected tidy rows"):
            engine.pool([lacking, lacking])
    with pytest.raises(UsageError, match="no row that all of them have"):
        engine.pool([one, other.with_columns(outcome=pl.lit("other"))])
