"""Regressions of 60 people against their likelihoods in plain numpy, with derivatives by complex steps."""

from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, gammaln, loggamma
from scipy.stats import chi2, f, norm, t

import engine

TERMS = ["sex", "age", ("sex", "age")]
COVARIANCES = {
    "model": {"covariance": "model"},
    "weighted": {"covariance": "model", "weight": "w"},
    "robust": {"covariance": "robust", "weight": "w"},
    "cluster": {"covariance": "cluster", "weight": "w", "cluster": "psu"},
    "design": {"covariance": "design", "weight": "w", "cluster": "psu", "stratum": "stratum"},
}


def people():
    random = np.random.default_rng(6)
    n = 60
    sex, age, psu = random.integers(0, 2, n), random.integers(-2, 4, n) / 2, np.arange(n) % 12
    eta = -0.2 + 0.5 * sex + 0.3 * age - 0.4 * sex * age + 0.3 * random.normal(size=12)[psu]
    return pl.DataFrame(
        {
            "sex": np.array(["f", "m"])[sex],
            "age": age,
            "psu": psu,
            "stratum": psu // 7,
            "w": random.choice([0.5, 1.0, 1.5, 2.0], n),
            "days": random.choice([0.5, 1.0, 2.0], n),
            "visits": random.poisson(np.exp(eta + 0.6) * random.gamma(1.2, 1 / 1.2, n)),
            "health": np.digitize(eta + random.logistic(size=n), [-1.0, 0.8]),
            "cost": 3 * eta + random.normal(size=n),
            "ill": eta + random.logistic(size=n) > 0,
        }
    )


FRAME = people()
MALE, AGE, W = (FRAME["sex"] == "m").to_numpy().astype(float), FRAME["age"].to_numpy(), FRAME["w"].to_numpy()
PSU, STRATUM, DAYS = (FRAME[name].to_numpy() for name in ("psu", "stratum", "days"))
OUTCOMES = {
    "linear": "cost",
    "logit": "ill",
    "poisson": "visits",
    "negative-binomial": "visits",
    "ordered-logit": "health",
}


def matrix(male, age, model):
    columns = [np.ones(len(age)), male, age, male * age]
    return np.column_stack(columns[1:] if model == "ordered-logit" else columns)


def log_likelihoods(model, theta, X, y, offset=0.0):
    """Of each person; theta may be complex. Further parameters are log alpha, or thresholds."""
    q = X.shape[1]
    eta = X @ theta[:q] + offset
    if model == "linear":
        return -0.5 * (y - eta) ** 2
    if model == "logit":
        return y * eta - np.log1p(np.exp(eta))
    if model == "poisson":
        return y * eta - np.exp(eta) - gammaln(y + 1)
    if model == "negative-binomial":
        size, more = np.exp(-theta[q]), np.log1p(np.exp(theta[q] + eta))
        constant = loggamma(y + size) - loggamma(size + 0 * y) - gammaln(y + 1)
        return constant + y * (theta[q] + eta - more) - size * more
    below = [0 * eta, *(1 / (1 + np.exp(eta - threshold)) for threshold in theta[q:]), 1 + 0 * eta]
    shares = np.array([high - low for low, high in pairwise(below)])
    return np.log(shares[y.astype(int), np.arange(len(y))])


def slopes(function, theta):
    """Derivatives of a function (n,) by each parameter: (n, P), exact to the last digits."""
    steps = 1e-30j * np.eye(len(theta))
    return np.column_stack([function(theta + step).imag / 1e-30 for step in steps])


def curvatures(function, theta, h=1e-5):
    """Minus the second derivatives (n, P, P)."""
    steps = h * np.eye(len(theta))
    return np.stack(
        [(slopes(function, theta - step) - slopes(function, theta + step)) / (2 * h) for step in steps],
        axis=2,
    )


def fit(model, kind, exposed=False):
    """The engine's result, with rows by measure."""
    given = COVARIANCES[kind] | ({"exposure": "days"} if exposed else {})
    if model == "logit":
        return engine.logit(FRAME, OUTCOMES[model], TERMS, **given)
    return engine.regression(FRAME, OUTCOMES[model], TERMS, model, conf_level=0.9, **given)


def rows_of(result, *measures):
    return [row for row in result.rows if row.measure in measures]


def estimated(result):
    """All parameters with their standard errors, alpha on the logarithmic scale."""
    rows = rows_of(result, "coefficient", "threshold", "alpha")
    theta = [np.log(row.estimate) if row.measure == "alpha" else row.estimate for row in rows]
    errors = [row.std_error / (row.estimate if row.measure == "alpha" else 1) for row in rows]
    return np.array(theta), np.array(errors), rows


def reference(model, kind, theta, exposed=False):
    """Score, covariance, its degrees of freedom, and the covariance of tests of several coefficients."""
    X, y = matrix(MALE, AGE, model), FRAME[OUTCOMES[model]].cast(pl.Float64).to_numpy()
    w = np.ones(len(y)) if kind == "model" else W
    offset, n, e = np.log(DAYS) if exposed else 0.0, len(y), 4

    def function(at):
        return log_likelihoods(model, at, X, y, offset)

    scores, bends = slopes(function, theta) * w[:, None], curvatures(function, theta) * w[:, None, None]
    inverse = np.linalg.inv(bends.sum(axis=0))
    of_normal = n - e if model == "linear" else np.inf
    if kind in ("model", "weighted"):
        scale = w @ (y - X @ theta) ** 2 / (n - e) if model == "linear" else 1.0
        return scores, inverse * scale, of_normal, None
    if kind == "robust":
        return scores, inverse @ scores.T @ scores @ inverse * n / (n - e), of_normal, None
    units = np.unique(PSU)
    totals = np.array([scores[unit == PSU].sum(axis=0) for unit in units])
    root = np.linalg.cholesky(inverse)
    if model == "negative-binomial":
        bends = w[:, None, None] * upward_left_out(theta, X, y, offset)
    raised = []
    for unit, total in zip(units, totals, strict=True):
        inside = np.eye(len(theta)) - root.T @ bends[unit == PSU].sum(axis=0) @ root
        values, vectors = np.linalg.eigh(inside)
        more = np.where(values > 1e-8, np.maximum(values, 1e-8) ** -0.5, 0.0)
        raised.append(root @ vectors @ ((vectors.T @ root.T @ total) * more))
    raised, linear = np.array(raised), totals @ inverse
    if kind == "cluster":
        factor = 12 / 11 * (n - 1) / (n - e)
        degrees = 11 if model == "linear" else np.inf
        return scores, linear.T @ linear * factor, degrees, (raised.T @ raised, 11)
    return scores, of_strata(linear), 12 - 2 + 1 - e, (of_strata(raised), 10)


def upward_left_out(theta, X, y, offset):
    """Curvatures (n, 5, 5) of a negative binomial, 0 where its likelihood bends upwards."""
    eta, one = X @ theta[:4] + offset, np.ones((len(y), 1))
    C = curvatures(
        lambda at: log_likelihoods("negative-binomial", at, one, y, eta), np.array([0.0, theta[4]])
    )
    along = np.column_stack([X, C[:, 0, 1] / C[:, 0, 0]])
    bends = C[:, 0, 0, None, None] * along[:, :, None] * along[:, None, :]
    bends[:, 4, 4] += np.maximum(C[:, 1, 1] - C[:, 0, 1] ** 2 / C[:, 0, 0], 0.0)
    return bends


def of_strata(totals):
    V = 0
    for stratum in (0, 1):
        own = totals[np.unique(PSU) // 7 == stratum]
        away = own - own.mean(axis=0)
        V = V + len(own) / (len(own) - 1) * away.T @ away
    return V


@pytest.mark.parametrize("kind", COVARIANCES)
@pytest.mark.parametrize("model", OUTCOMES)
def test_estimates_and_errors__are_those_of_the_likelihood(model, kind):
    result = fit(model, kind)
    theta, errors, rows = estimated(result)
    scores, V, degrees, joint = reference(model, kind, theta)
    assert scores.sum(axis=0) == pytest.approx(np.zeros(len(theta)), abs=1e-6)
    assert errors == pytest.approx(np.sqrt(np.diag(V)), rel=1e-6)
    law = norm if np.isinf(degrees) else t(degrees)
    half = law.ppf(0.975 if model == "logit" else 0.95) * errors
    for row, value, width, error in zip(rows, theta, half, errors, strict=True):
        ends = np.array([value - width, value + width])
        ends = np.exp(ends) if row.measure == "alpha" else ends
        assert (row.conf_low, row.conf_high) == pytest.approx(tuple(ends), rel=1e-7)
        assert row.df2 == (None if np.isinf(degrees) else degrees)
        p = 2 * law.sf(abs(value) / error)
        assert row.p_value == (pytest.approx(p, rel=1e-6) if row.measure == "coefficient" else None)
    first = 0 if model == "ordered-logit" else 1
    ratios = rows_of(result, "odds_ratio", "incidence_rate_ratio")
    expected = [] if model == "linear" else [1.0, *np.exp(theta[first : first + 3])]
    assert [row.estimate for row in ratios] == pytest.approx(expected)
    tested = {
        "sex x age": [first + 2],
        "(all products)": [first + 2],
        "(all terms)": [*range(first, first + 3)],
    }
    tests = {row.term: row for row in rows_of(result, "wald_f")}
    for term, columns in tested.items() if tests else ():
        k, block = len(columns), np.ix_(columns, columns)
        of_test, d = (V, degrees) if joint is None else joint
        wald = theta[columns] @ np.linalg.solve(of_test[block], theta[columns])
        if joint is None:
            p = chi2.sf(wald, k) if np.isinf(d) else f.sf(wald / k, k, d)
            expected = wald / k, p
        else:
            F = (d - k + 1) / (d * k) * wald
            expected = F, f.sf(F, k, d - k + 1)
        assert (tests[term].estimate, tests[term].p_value) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("model", OUTCOMES)
def test_fit__is_made_of_likelihoods(model):
    result = fit(model, "model")
    theta, _, rows = estimated(result)
    whole = {row.measure: row for row in result.rows if row.term is None}
    X, y = matrix(MALE, AGE, model), FRAME[OUTCOMES[model]].cast(pl.Float64).to_numpy()
    n, value = len(y), log_likelihoods(model, theta, X, y).sum()
    if model == "linear":
        residual = -2 * value
        assert whole["r_squared"].estimate == pytest.approx(1 - residual / ((y - y.mean()) ** 2).sum())
        assert whole["residual_sd"].estimate == pytest.approx(np.sqrt(residual / (n - 4)))
        return
    assert whole["log_likelihood"].estimate == pytest.approx(value, rel=1e-12)
    k = len(theta)
    assert whole["n_parameters"].estimate == k
    assert whole["aic"].estimate == pytest.approx(2 * k - 2 * value)
    assert whole["bic"].estimate == pytest.approx(k * np.log(n) - 2 * value)
    null = whole["null_log_likelihood"].estimate
    assert whole["pseudo_r2"].estimate == pytest.approx(1 - value / null)
    if model in ("logit", "ordered-logit"):  # the shares of the categories
        _, counts = np.unique(y, return_counts=True)
        assert null == pytest.approx(counts @ np.log(counts / n))
    elif model == "poisson":
        assert null == pytest.approx(log_likelihoods(model, [np.log(y.mean())], X[:, :1], y).sum())
        mu = np.exp(X @ theta)
        assert whole["dispersion"].estimate == pytest.approx(((y - mu) ** 2 / mu).sum() / (n - 4))
        assert whole["dispersion"].df1 == n - 4
    else:
        poisson = next(
            row.estimate for row in fit("poisson", "model").rows if row.measure == "log_likelihood"
        )
        (test,) = rows_of(result, "lr_chi2")
        assert test.estimate == pytest.approx(2 * (value - poisson))
        assert test.p_value == pytest.approx(chi2.sf(test.estimate, 1) / 2)
    assert {row.n_obs for row in rows} == {n}


@pytest.mark.parametrize("terms", [["sex", "age"], ["sex", "age", "place"], ["sex"]])
def test_inflation__is_that_of_the_correlations(terms):
    """Fox and Monette 1992: determinants of the correlations of the columns, weighted by the information."""
    place = np.array(["a", "b", "c"])[(np.arange(60) * 7 + AGE.astype(int)) % 3]
    frame = FRAME.with_columns(place=place)
    columns = {"sex": [MALE], "age": [AGE], "place": [place == "b", place == "c"]}
    for model in ("linear", "poisson"):
        result = engine.regression(frame, OUTCOMES[model], terms, model)
        found = [row.estimate for row in rows_of(result, "vif")]
        x = np.column_stack([np.ones(60), *(one for term in terms for one in columns[term])]).astype(float)
        theta, _, _ = estimated(result)
        n = np.exp(x @ theta) if model == "poisson" else np.ones(60)
        V = np.linalg.inv(x.T @ (n[:, None] * x))[1:, 1:]
        R = V / np.sqrt(np.outer(np.diag(V), np.diag(V)))
        owner = np.repeat(np.arange(len(terms)), [len(columns[term]) for term in terms])
        expected = [
            np.linalg.det(R[np.ix_(owner == t, owner == t)])
            * np.linalg.det(R[np.ix_(owner != t, owner != t)])
            / np.linalg.det(R)
            for t in range(len(terms))
        ]
        roots = [value ** (1 / (owner == t).sum()) for t, value in enumerate(expected)]
        assert found == (pytest.approx(roots) if len(terms) > 1 else [])


def predictions(model, theta, X, offset=0.0):
    """What effects are on: the mean, or the probability of each category."""
    eta = X @ theta[: X.shape[1]] + offset
    if model == "linear":
        return [eta]
    if model == "logit":
        return [1 / (1 + np.exp(-eta))]
    if model != "ordered-logit":
        return [np.exp(eta)]
    below = [0 * eta, *(1 / (1 + np.exp(eta - threshold)) for threshold in theta[3:]), 1 + 0 * eta]
    return [high - low for low, high in pairwise(below)]


@pytest.mark.parametrize(("kind", "exposed"), [("model", False), ("design", False), ("design", True)])
@pytest.mark.parametrize("model", OUTCOMES)
def test_marginal_effects__are_differences_and_slopes_of_predictions(model, kind, exposed):
    if exposed and model not in ("poisson", "negative-binomial"):
        return
    result = fit(model, kind, exposed)
    theta, errors, _ = estimated(result)
    scores, V, _, _ = reference(model, kind, theta, exposed)
    assert scores.sum(axis=0) == pytest.approx(0 * theta, abs=1e-6)
    assert errors == pytest.approx(np.sqrt(np.diag(V)), rel=1e-6)
    w, offset = (np.ones(len(W)) if kind == "model" else W), (np.log(DAYS) if exposed else 0.0)

    def effects(at, h=1e-5):
        def means(male, age):
            found = predictions(model, at, matrix(male, age, model), offset)
            return np.array([w @ one / w.sum() for one in found])

        by_sex = means(np.ones(len(w)), AGE) - means(np.zeros(len(w)), AGE)
        by_age = (means(MALE, AGE + h) - means(MALE, AGE - h)) / (2 * h)
        return np.column_stack([by_sex, by_age]).ravel()

    found = rows_of(result, "marginal_effect")
    assert [row.term for row in found] == ["sex", "age"] * (3 if model == "ordered-logit" else 1)
    assert [row.estimate for row in found] == pytest.approx(effects(theta), abs=1e-9)
    gradients = slopes(effects, theta)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", gradients, V, gradients))
    assert [row.std_error for row in found] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("model", OUTCOMES)
def test_replicates__are_fits_with_their_weights(model):
    random = np.random.default_rng(4)
    weights = {f"r{r}": W * random.integers(0, 3, 12)[PSU] for r in range(5)}
    frame = FRAME.with_columns(**weights)
    given = {"weight": "w", "replicate_weights": {"columns": [*weights], "method": "bootstrap"}}

    def fitted(**more):
        if model == "logit":
            return engine.logit(frame, "ill", ["sex", "age"], **more)
        return engine.regression(frame, OUTCOMES[model], ["sex", "age"], model, **more)

    theta, errors, rows = estimated(fitted(covariance="design", **given))
    again = np.array([estimated(fitted(weight=name))[0] for name in weights])
    assert errors == pytest.approx(np.sqrt(((again - theta) ** 2).sum(axis=0) / 4), rel=1e-6)
    assert {(row.n_replicates, row.n_failed) for row in rows} == {(5, 0)}


def crude(covariance):
    rows = engine.logit(FRAME, "ill", ["sex", "age"], covariance=covariance, cluster="psu", crude=True).rows
    return {(row.term, row.level): row for row in rows if row.measure == "crude_odds_ratio"}


@pytest.mark.parametrize("covariance", ["model", "cluster"])
def test_crude_odds_ratios__are_those_of_each_variable_alone(covariance):
    found = crude(covariance)
    for term in ("sex", "age"):
        alone = engine.logit(FRAME, "ill", [term], covariance=covariance, cluster="psu").rows
        for row in (row for row in alone if row.measure == "odds_ratio"):
            own = found[term, row.level]
            assert (own.estimate, own.std_error, own.status) == (row.estimate, row.std_error, row.status)


@pytest.mark.parametrize("model", ["logit", "poisson", "negative-binomial", "ordered-logit"])
@pytest.mark.parametrize("at", ["lowest", "highest"])
def test_separated_level__is_infinite_and_leaves_the_rest(model, at):
    """All people of one place have the lowest or the highest outcome: the others are fitted without them."""
    if at == "highest" and model in ("poisson", "negative-binomial"):
        return  # a count has no highest value
    place = np.array(["a", "b", "c"])[np.arange(60) % 3]
    outcome = OUTCOMES[model]
    y = FRAME[outcome].cast(pl.Int64)
    extreme = y.min() if at == "lowest" else y.max()
    frame = FRAME.with_columns(place=place).with_columns(
        pl.when(pl.col("place") == "c").then(int(extreme)).otherwise(y).alias(outcome)
    )

    def fitted(frame, terms):
        if model == "logit":
            return engine.logit(frame, outcome, terms)
        return engine.regression(frame, outcome, terms, model)

    rows = {(row.measure, row.term, row.level): row for row in fitted(frame, ["age", "place"]).rows}
    rest = fitted(frame.filter(pl.col("place") != "c"), ["age", "place"])
    sign = "minus" if at == "lowest" else "plus"
    assert rows["coefficient", "place", "c"].status == f"separated: the estimate is {sign} infinity"
    for row in rows_of(rest, "coefficient", "threshold", "alpha", "log_likelihood"):
        own = rows[row.measure, row.term, row.level]
        assert own.estimate == pytest.approx(row.estimate, rel=1e-6)
        if row.measure != "log_likelihood":
            assert own.std_error == pytest.approx(row.std_error, rel=1e-5)
    if model != "logit":
        assert rows["wald_f", "place", None].status == "separated or a combination of other columns"
    n_parameters = next(row.estimate for row in rest.rows if row.measure == "n_parameters")
    assert rows["n_parameters", None, None].estimate == n_parameters + 1


@pytest.mark.parametrize("model", ["logit", "poisson", "linear", "ordered-logit"])
def test_combination_of_columns__is_left_out(model):
    frame = FRAME.with_columns(years=2 * pl.col("age") - 1)
    whole, rest = (
        engine.logit(frame, "ill", terms)
        if model == "logit"
        else engine.regression(frame, OUTCOMES[model], terms, model)
        for terms in (["age", "sex", "years"], ["age", "sex"])
    )
    rows = {(row.measure, row.term): row for row in whole.rows}
    assert rows["coefficient", "years"].status == "a combination of other columns"
    for row in rows_of(rest, "coefficient", "log_likelihood", "aic", "n_parameters", "r_squared"):
        assert rows[row.measure, row.term].estimate == pytest.approx(row.estimate, rel=1e-9)


@pytest.mark.parametrize("alpha", [1e-9, 1e-3, 0.0099, 0.0101, 0.4, 30.0])
def test_negative_binomial__has_the_derivatives_of_its_formula(alpha):
    """Also where alpha is small, and a series takes the place of differences that cancel."""
    from engine.estimators.models.likelihoods import negative_binomial

    y, eta = np.array([0.0, 1.0, 2.0, 7.0]), np.array([0.3, -1.0, 0.9, 1.2])
    found = negative_binomial(eta, np.log([alpha]), y)
    if alpha >= 1e-3:
        X = np.ones((4, 1))

        def function(theta):
            return log_likelihoods("negative-binomial", theta, X, y, eta)

        at = np.array([0.0, np.log(alpha)])
        assert found.value == pytest.approx(function(at), abs=1e-9)
        assert found.gradient == pytest.approx(slopes(function, at), abs=2e-10)
        assert found.curvature == pytest.approx(curvatures(function, at), abs=5e-9 + 1e-10 / alpha)
    mu = np.exp(eta)
    if alpha <= 1e-3:  # the first two terms of the series in alpha
        poisson = y * eta - mu - gammaln(y + 1)
        first = ((y - mu) ** 2 - y) / 2
        assert found.value == pytest.approx(poisson + alpha * first, abs=60 * alpha**2 + 1e-14)
        assert found.gradient[:, 1] / alpha == pytest.approx(first, abs=120 * alpha)
        assert found.gradient[:, 0] == pytest.approx(
            y - mu - alpha * mu * (y - mu), abs=60 * alpha**2 + 1e-14
        )


@pytest.mark.parametrize("t", [1e-5, 0.005, 0.00999, 0.01001, 0.02, 1.5])
def test_rest_of_the_logarithm__joins_its_series(t):
    from engine.estimators.models.likelihoods import _rest

    with localcontext(prec=60):
        x = Decimal(t)
        value = ((1 + x).ln() - x / (1 + x)) / x**2
        slope = 1 / (x * (1 + x) ** 2) - 2 * value / x
    found = _rest(np.array([t]), np.log1p([t]))
    assert found[0] == pytest.approx([float(value)], rel=1e-11)
    assert found[1] == pytest.approx([float(slope)], rel=1e-8)


def test_ordered_logit__has_the_derivatives_of_its_formula():
    from engine.estimators.models.likelihoods import is_far, logistic, ordered_logit

    y, eta, ends = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.4, -1.0, 2.0, 0.1]), np.array([-1.0, 0.2, 0.9])

    def function(theta):
        below = [0 * y, *(1 / (1 + np.exp(eta + theta[0] - one)) for one in theta[1:]), 1 + 0 * y]
        return np.log([below[int(k) + 1][i] - below[int(k)][i] for i, k in enumerate(y)])

    found, at = ordered_logit(eta, ends, y), np.array([0.0, *ends])
    assert found.value == pytest.approx(function(at))
    assert found.gradient == pytest.approx(slopes(function, at), abs=1e-12)
    assert found.curvature == pytest.approx(curvatures(function, at), abs=1e-8)
    assert logistic(eta) == pytest.approx(expit(eta))
    for away, far in ((14.9, False), (15.1, True), (-14.9, False), (-15.1, True)):
        assert is_far(np.array([2.0, 2.0, 2.0 + away])) is far
    assert is_far(np.empty(0)) is False
