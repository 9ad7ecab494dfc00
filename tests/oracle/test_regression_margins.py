"""Average marginal effects of counts and ordered categories: statsmodels, differences, identities."""

import warnings

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.optimize import approx_fprime
from statsmodels.miscmodels.ordinal_model import OrderedModel

import engine

ERRORS = {
    "model": {"cov_type": "nonrobust"},
    "robust": {"cov_type": "HC1"},
}


@pytest.fixture(scope="module")
def people():
    """500 people in 50 clusters with a count, an ordered category and an event."""
    rng = np.random.default_rng(7)
    n = 500
    sex, age = rng.integers(0, 2, n), rng.integers(18, 80, n).astype(float)
    eta = -0.6 + 0.4 * sex + 0.012 * age
    return pl.DataFrame(
        {
            "sex": np.array(["f", "m"])[sex],
            "age": age,
            "visits": rng.poisson(np.exp(eta) * rng.gamma(2.0, 0.5, n)),
            "health": np.digitize(eta + rng.logistic(size=n), [-0.8, 0.4]),
            "w": rng.gamma(3.0, 0.4, n),
            "psu": rng.integers(0, 50, n),
            "days": rng.integers(20, 400, n).astype(float),
        }
    ).with_columns(ill=pl.col("visits") > 1)


def matrix(frame):
    sex = (frame["sex"] == "m").to_numpy().astype(float)
    return np.column_stack([np.ones(len(frame)), sex, frame["age"].to_numpy()])


def effects(result):
    rows = [row for row in result.rows if row.measure == "marginal_effect"]
    return [row.estimate for row in rows], [row.std_error for row in rows]


@pytest.mark.parametrize("covariance", [*ERRORS, "cluster"])
@pytest.mark.parametrize("model", ["poisson", "negative-binomial"])
def test_counts__have_the_effects_of_statsmodels(people, model, covariance):
    own = engine.regression(people, "visits", ["sex", "age"], model, cluster="psu", covariance=covariance)
    groups = {"cov_type": "cluster", "cov_kwds": {"groups": people["psu"].to_numpy()}}
    kind = sm.Poisson if model == "poisson" else sm.NegativeBinomial
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = kind(people["visits"].to_numpy(), matrix(people)).fit(
            disp=0,
            method="newton" if model == "poisson" else "bfgs",
            maxiter=500,
            gtol=1e-9,
            **ERRORS.get(covariance, groups),
        )
    found = fit.get_margeff(at="overall", dummy=True)
    values, errors = effects(own)
    assert values == pytest.approx(found.margeff, rel=1e-8 if model == "poisson" else 2e-5)
    # statsmodels leaves n / (n - k) out of robust errors here, and counts alpha in k of clustered ones.
    is_negative = model == "negative-binomial"
    factor = {"model": 1.0, "robust": 500 / 497, "cluster": 496 / 497 if is_negative else 1.0}[covariance]
    assert errors == pytest.approx(found.margeff_se * np.sqrt(factor), rel=1e-5 if is_negative else 1e-8)


@pytest.mark.parametrize("terms", [["sex", "age"], ["sex", "age", ("sex", "age")]])
def test_exposure_and_products__are_those_of_differences(people, terms):
    """Means by hand at moved coefficients; errors by a gradient of differences."""
    own = engine.regression(
        people, "visits", terms, "poisson", exposure="days", covariance="robust", weight="w"
    )
    X, days, w = matrix(people), people["days"].to_numpy(), people["w"].to_numpy()
    y = people["visits"].to_numpy()

    def design(sex, age):
        columns = [np.ones(len(y)), sex, age]
        return np.column_stack([*columns, sex * age] if len(terms) == 3 else columns)

    D = design(X[:, 1], X[:, 2])
    fit = sm.GLM(y, D, family=sm.families.Poisson(), offset=np.log(days), var_weights=w).fit(tol=1e-14)
    bread = np.linalg.inv((D * (w * fit.mu)[:, None]).T @ D)
    scores = D * (w * (y - fit.mu))[:, None]
    V = bread @ scores.T @ scores @ bread * len(y) / (len(y) - D.shape[1])

    def both(beta):
        by_sex = [np.average(np.exp(design(sex + 0 * w, X[:, 2]) @ beta) * days, weights=w) for sex in (0, 1)]
        h = 1e-4
        up, down = (np.exp(design(X[:, 1], X[:, 2] + step) @ beta) * days for step in (h, -h))
        return np.array([by_sex[1] - by_sex[0], np.average((up - down) / (2 * h), weights=w)])

    values, errors = effects(own)
    assert values == pytest.approx(both(fit.params), rel=1e-7)
    steps = 1e-5 * np.abs(fit.params)
    moved = [(both(fit.params + step) - both(fit.params - step)) for step in np.diag(steps)]
    gradient = np.array(moved).T / (2 * steps)
    assert errors == pytest.approx(np.sqrt(np.diag(gradient @ V @ gradient.T)), rel=1e-5)


def test_ordered_categories__have_those_of_differences(people):
    own = engine.regression(people, "health", ["sex", "age"], "ordered-logit")
    X = matrix(people)[:, 1:]
    fit = OrderedModel(people["health"].to_numpy(), X, distr="logit").fit(method="bfgs", disp=0, gtol=1e-8)

    def average(params):
        """Return the effects of sex and age on each category, in the order of the rows of equirank."""

        def mean(matrix):
            return fit.model.predict(params, exog=matrix).mean(axis=0)

        h = np.array([0.0, 1e-3])
        sexes = [mean(np.column_stack([np.full(len(X), sex), X[:, 1]])) for sex in (0.0, 1.0)]
        slope = (mean(X + h) - mean(X - h)) / 2e-3
        return np.column_stack([sexes[1] - sexes[0], slope]).ravel()

    values, errors = effects(own)
    assert values == pytest.approx(average(fit.params), abs=2e-6)
    gradient = np.array(
        [approx_fprime(fit.params, lambda at, k=k: average(at)[k], 1e-6) for k in range(len(values))]
    )
    assert errors == pytest.approx(np.sqrt(np.diag(gradient @ fit.cov_params() @ gradient.T)), rel=2e-3)
    levels = own.marginal_effects["level"].to_list()
    assert levels == ["m → 0", "→ 0", "m → 1", "→ 1", "m → 2", "→ 2"]
    assert sum(values[::2]) == pytest.approx(0.0, abs=1e-12)
    assert sum(values[1::2]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("covariance", ["model", "robust", "cluster", "design"])
def test_two_ordered_categories__are_a_logit(people, covariance):
    asked = {"weight": "w", "cluster": "psu", "covariance": covariance}
    ordered = engine.regression(people, "ill", ["sex", "age"], "ordered-logit", **asked)
    logit = engine.logit(people, "ill", ["sex", "age"], **asked)
    values, errors = effects(ordered)
    expected, expected_errors = effects(logit)
    assert values[2:] == pytest.approx(expected, rel=1e-7)
    assert errors[2:] == pytest.approx(expected_errors, rel=1e-6)


@pytest.mark.parametrize("covariance", ["robust", "cluster", "design"])
def test_one_factor__has_the_difference_of_means(people, covariance):
    """A saturated model of counts predicts the means of the levels, so that its effects are differences."""
    asked = {"weight": "w", "cluster": "psu", "covariance": covariance}
    count = engine.regression(people, "visits", ["sex"], "poisson", **asked)
    line = engine.regression(people, "visits", ["sex"], "linear", **asked)
    difference = next(row for row in line.rows if row.measure == "coefficient" and row.level == "m")
    for result in (count, line):
        (value,), (error,) = effects(result)
        assert (value, error) == pytest.approx((difference.estimate, difference.std_error), rel=1e-8)


def test_randhie__have_the_effects_of_statsmodels():
    """Real counts: doctor visits in the RAND health insurance experiment, as statsmodels ships them."""
    data = sm.datasets.randhie.load_pandas().data.iloc[:2_000]
    names = ["lncoins", "idp", "disea"]
    frame = pl.DataFrame({name: data[name].to_numpy() for name in ["mdvis", *names]})
    own = engine.regression(frame, "mdvis", names, "poisson")
    fit = sm.Poisson(data["mdvis"], sm.add_constant(data[names])).fit(disp=0)
    values, errors = effects(own)
    found = fit.get_margeff()
    assert values == pytest.approx(found.margeff, rel=1e-7)
    assert errors == pytest.approx(found.margeff_se, rel=1e-7)
