"""Logits against R's glm, sandwich and survey, statsmodels on rows, and published crude odds ratios."""

import csv

import numpy as np
import polars as pl
import pytest
from scipy.special import fdtrc

import engine
from engine.estimators.regression.logit import is_maximum

SURVEY = {"stratum": "strata", "cluster": "psu"}
# Wang et al. 2021, Table 3, crude odds ratios with their limits, in the order of its factors.
PUBLISHED = {
    "Sex": [(1.17, 1.16, 1.19)],
    "Age": [
        (1.27, 1.25, 1.30),
        (1.25, 1.22, 1.27),
        (1.21, 1.18, 1.23),
        (1.39, 1.34, 1.44),
        (1.92, 1.81, 2.04),
    ],
    "Region": [(1.37, 1.35, 1.40), (0.63, 0.63, 0.64)],  # Middle, East against West
    "Marital status": [(1.36, 1.34, 1.38)],
    "Educational attainment": [(1.12, 1.11, 1.14), (1.21, 1.19, 1.23), (1.11, 1.02, 1.21)],
    "Household registration status": [(1.18, 1.16, 1.20)],
    "Length of migration": [(1.15, 1.18, 1.16), (1.10, 1.08, 1.12)],
    "Reasons of migration": [(0.74, 0.73, 0.75)],
    "Rage of migration": [(0.60, 0.59, 0.61)],
}


def by_r_name(result):
    found = result.coefficients
    names = [
        "(Intercept)"
        if term == "(constant)"
        else term + (level or "")
        if " x " not in term
        else ":".join(a + b for a, b in zip(term.split(" x "), level.split(" x "), strict=True))
        for term, level in found.select("term", "level").iter_rows()
    ]
    return dict(zip(names, found.to_dicts(), strict=True))


def test_survey_logit__equals_svyglm(oracle, housing):
    for case, terms in zip(
        oracle("logistic")[:2],
        (
            ["sex", "place", "tenure", "age", ("sex", "place")],
            ["tenure", "sex", "place", "age", ("tenure", "sex")],
        ),
        strict=True,
    ):
        result = engine.logit(housing, "high", terms, weight="w", **SURVEY, covariance="design")
        found = by_r_name(result)
        for name, beta, error, p in zip(case["terms"], case["coef"], case["se"], case["p"], strict=True):
            assert found[name]["estimate"] == pytest.approx(beta, rel=1e-10, abs=1e-12)
            assert found[name]["std_error"] == pytest.approx(error, rel=1e-6)
            assert found[name]["p_value"] == pytest.approx(p, rel=1e-5, abs=1e-9)
        test = next(row for row in result.rows if row.measure == "wald_f" and row.term == "(all products)")
        wald = case["wald_interaction"]
        # R's regTermTest does not adjust: F(k, d + 1 - coefficients) where this is F(k, d - k + 1).
        k, d = wald["df"], wald["ddf"] + len(case["terms"]) - 1
        adjusted = (d - k + 1) / d * wald["F"]
        assert test.estimate == pytest.approx(adjusted, rel=1e-6)
        assert test.p_value == pytest.approx(fdtrc(k, d - k + 1, adjusted), rel=1e-6)
        assert (test.method, test.df1, test.df2) == ("adjusted Wald", k, d - k + 1)


@pytest.mark.parametrize(
    ("covariance", "key"), [("model", "se_model"), ("robust", "se_HC1"), ("cluster", "se_cluster_psu_HC1")]
)
def test_glm__equals_r_with_every_covariance(oracle, housing, covariance, key):
    for case, weight in zip(oracle("logistic")[2:], (None, "w"), strict=True):
        result = engine.logit(
            housing,
            "high",
            ["sex", "place", "tenure", "age", ("sex", "place")],
            weight=weight,
            cluster="psu",
            covariance=covariance,
        )
        found = by_r_name(result)
        for name, beta, error in zip(case["terms"], case["coef"], case[key], strict=True):
            assert found[name]["estimate"] == pytest.approx(beta, rel=1e-11, abs=1e-12)
            assert found[name]["std_error"] == pytest.approx(error, rel=1e-8)
        measures = {row.measure: row.estimate for row in result.rows if row.term is None}
        if weight is None:
            assert result.log_likelihood == pytest.approx(case["loglik"], rel=1e-13)
            assert measures["aic"] == pytest.approx(case["aic"], rel=1e-13)
            assert measures["null_log_likelihood"] == pytest.approx(-case["null_deviance"] / 2, rel=1e-12)
        else:
            assert "aic" not in measures


@pytest.fixture(scope="module")
def visits():
    rng = np.random.default_rng(11)
    n = 1500
    frame = pl.DataFrame(
        {
            "age": rng.choice(["15-24", "25-44", "45+"], n),
            "sex": rng.choice(["f", "m"], n),
            "income": rng.gamma(2.0, 1.5, n).round(1),
            "point": rng.integers(0, 60, n),
        }
    )
    eta = -1.0 + 0.5 * (frame["age"] == "45+") + 0.3 * (frame["sex"] == "m") - 0.15 * frame["income"]
    return frame.with_columns(y=pl.Series(rng.random(n) < 1 / (1 + np.exp(-eta.to_numpy()))).cast(int))


def statsmodels_fit(frame, formula_columns, **fitting):
    import statsmodels.api as sm

    X = np.column_stack([np.ones(len(frame)), *formula_columns])
    return sm.Logit(frame["y"].to_numpy(), X).fit(disp=0, tol=1e-12, maxiter=100, **fitting)


def dummies(frame):
    young, old = ((frame["age"] == level).to_numpy().astype(float) for level in ("25-44", "45+"))
    male, income = (frame["sex"] == "m").to_numpy().astype(float), frame["income"].to_numpy()
    return [young, old, male, income, male * income]


TERMS = ["age", "sex", "income", ("sex", "income")]


def test_rows_and_patterns__have_the_same_fit(visits):
    ours = engine.logit(visits, "y", TERMS)
    theirs = statsmodels_fit(visits, dummies(visits))
    assert ours.coefficients["estimate"].to_numpy() == pytest.approx(theirs.params, rel=1e-9)
    assert ours.coefficients["std_error"].to_numpy() == pytest.approx(theirs.bse, rel=1e-7)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-12)
    whole = next(row for row in ours.rows if row.term == "(all terms)")
    assert whole.estimate == pytest.approx(theirs.llr, rel=1e-7)  # its null model stops early
    assert whole.p_value == pytest.approx(theirs.llr_pvalue, rel=1e-5)
    crossed = next(row for row in ours.rows if row.term == "sex x income" and row.measure == "lr_chi2")
    without = statsmodels_fit(visits, dummies(visits)[:-1])
    assert crossed.estimate == pytest.approx(2 * (theirs.llf - without.llf), rel=1e-7)


def test_marginal_effects__equal_get_margeff(visits):
    ours = engine.logit(visits, "y", ["age", "sex", "income"])
    theirs = statsmodels_fit(visits, dummies(visits)[:-1]).get_margeff(dummy=True)
    found = [row for row in ours.rows if row.measure == "marginal_effect"]
    # statsmodels sets one dummy and leaves the others of its factor, so only two-level factors compare.
    for row, place in ((found[2], 2), (found[3], 3)):
        assert row.estimate == pytest.approx(theirs.margeff[place], rel=1e-8)
        assert row.std_error == pytest.approx(theirs.margeff_se[place], rel=1e-6)


def test_prevalence_ratio__is_the_ratio_of_rates_in_a_saturated_model():
    frame = pl.DataFrame({"y": [1, 0, 1, 0], "sex": ["f", "f", "m", "m"], "n": [30, 70, 20, 180]})
    row = next(
        row
        for row in engine.logit(frame, "y", ["sex"], frequency="n").rows
        if row.measure == "prevalence_ratio"
    )
    assert row.estimate == pytest.approx((20 / 200) / (30 / 100), rel=1e-12)
    # The Katz limits of a risk ratio.
    half = 1.959963984540054 * np.sqrt(1 / 20 - 1 / 200 + 1 / 30 - 1 / 100)
    assert np.log([row.conf_low, row.conf_high]) == pytest.approx(
        np.log(1 / 3) + np.array([-half, half]), rel=1e-9
    )


def test_vif__equals_one_over_one_minus_r_squared_where_the_weights_are_equal():
    # With a constant fitted probability the information is X'X: the textbook definition.
    frame = pl.DataFrame({"y": [0, 1] * 8, "a": [0, 0, 1, 1] * 4, "b": [0, 0, 1, 1, 0, 0, 0, 0] * 2})
    r = np.corrcoef(frame["a"], frame["b"])[0, 1]
    found = {
        row.term: row.estimate for row in engine.logit(frame, "y", ["a", "b"]).rows if row.measure == "vif"
    }
    assert found == pytest.approx({"a": 1 / (1 - r**2), "b": 1 / (1 - r**2)}, rel=1e-10)


def test_published_crude_ratios__follow_from_the_reconstructed_counts(shared):
    with (shared / "published" / "wang_reconstructed_counts.csv").open(encoding="utf-8") as stream:
        rows = [
            row for row in csv.DictReader(stream) if row["wave"] == "Overall" and row["variable"] in PUBLISHED
        ]
    equal = 0
    for variable, published in PUBLISHED.items():
        own = [row for row in rows if row["variable"] == variable]
        counts = [(row["level"], int(row["n_established"]), int(row["den_best"])) for row in own]
        frame = pl.DataFrame(
            [(level, y, n) for level, e, d in counts for y, n in ((1, e), (0, d - e))],
            schema=["level", "y", "n"],
            orient="row",
        )
        order = ["West", "Middle", "East"] if variable == "Region" else [level for level, _, _ in counts]
        frame = frame.with_columns(pl.col("level").cast(pl.Enum(order)))
        found = engine.logit(frame, "y", ["level"], frequency="n").odds_ratios.to_dicts()[1:]
        for row, (ratio, low, high) in zip(found, published, strict=True):
            equal += round(row["estimate"], 2) == ratio
            # 45-54 (1.2049) and 6-10 years (1.1445) lie within the rounding of the rates they come from.
            assert row["estimate"] == pytest.approx(ratio, abs=0.0056)
            if low <= high:  # the limits of 6-10 years are impossible as printed (the audit tells)
                assert row["conf_low"] == pytest.approx(low, abs=0.0101)
                assert row["conf_high"] == pytest.approx(high, abs=0.0101)
    assert equal == 15


def test_step_that_leaves_the_coefficients__is_no_maximum():
    """A table of four has its maximum in closed form; a coefficient off by 1e-4 is found out."""
    X = np.array([[1.0, 0.0], [1.0, 1.0]])
    n, s = np.array([18.0, 18.0]), np.array([7.0, 13.0])
    maximum = np.array([np.log(7 / 11), np.log(13 * 11 / (5 * 7))])
    assert is_maximum(X, n, s, maximum)
    assert not is_maximum(X, n, s, maximum + np.array([0.0, 1e-4]))
    assert not is_maximum(X[:, [0, 0]], n, s, maximum)
