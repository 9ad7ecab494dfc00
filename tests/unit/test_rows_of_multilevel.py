"""Rows of small multilevel models, against plain grids, dense matrices and formulas by hand."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2, norm

import engine

LEVELS = {1: ("village",), 2: ("village", "city")}
GRID = np.linspace(-6, 6, 37)
DENSITY = np.exp(-0.5 * GRID**2) / np.sqrt(2 * np.pi) * (GRID[1] - GRID[0])


def people(seed=7):
    """About 50 people in 12 villages in 4 cities, with weights at each level."""
    random = np.random.default_rng(seed)
    village = np.repeat(np.arange(12), random.integers(3, 6, 12))
    city, n = village // 3, len(village)
    x = random.normal(size=n).round(2)
    shift = np.array([-1.2, 1.3, -0.4, 0.9])[city] + 0.9 * random.normal(size=12)[village]
    return pl.DataFrame(
        {
            "ill": random.random(n) < 1 / (1 + np.exp(-(0.2 + 0.6 * x + shift))),
            "score": 2 + 0.5 * x + shift + 0.8 * random.normal(size=n),
            "x": x,
            "village": village,
            "city": city,
            "w": random.choice([1.0, 1.0, 2.0], n),
            "wv": random.choice([1.0, 2.0], 12)[village],
            "wc": np.array([1.0, 2.0, 1.0, 2.0])[city],
        }
    )


FRAME = people()


def column(name):
    return FRAME[name].cast(pl.Float64).to_numpy()


def rows_of(result):
    return {(row.measure, row.term): row for row in result.rows}


def of_clusters(levels, theta):
    """Weighted log-likelihood of each outermost cluster; theta: coefficients, then the inner level first."""
    y, x, w, wv = (column(name) for name in ("ill", "x", "w", "wv"))
    outer, top = FRAME[levels[-1]].to_numpy(), column("wv" if len(levels) == 1 else "wc")
    points = GRID if len(levels) == 2 else np.zeros(1)
    shift = (theta[3] if len(levels) == 2 else 0.0) * points[:, None] + theta[2] * GRID
    found = []
    for i in np.unique(outer):
        logs = np.zeros(len(points))
        for j in np.unique(FRAME["village"].to_numpy()[outer == i]):
            own = FRAME["village"].to_numpy() == j
            at = (theta[0] + theta[1] * x[own])[:, None, None] + shift
            each = np.tensordot(w[own], y[own][:, None, None] * at - np.logaddexp(0, at), 1)
            logs += (1.0 if len(levels) == 1 else wv[own][0]) * np.log(np.exp(each) @ DENSITY)
        whole = logs[0] if len(levels) == 1 else np.log(np.exp(logs) @ DENSITY)
        found.append(top[outer == i][0] * whole)
    return np.array(found)


def sandwich(likelihoods, at, h=1e-3):
    """Newton's step from a maximum, and sandwich errors, by differences of the likelihood of each cluster."""
    Q, steps = len(at), np.eye(len(at)) * h
    scores = np.array([(likelihoods(at + one) - likelihoods(at - one)) / (2 * h) for one in steps])
    bread = np.empty((Q, Q))
    for a, one in enumerate(steps):
        for b, other in enumerate(steps):
            corners = [likelihoods(at + i * one + j * other).sum() * i * j for i in (1, -1) for j in (1, -1)]
            bread[a, b] = -sum(corners) / (4 * h**2)
    inverse, count = np.linalg.inv(bread), scores.shape[1]
    errors = np.sqrt(np.diag(inverse @ scores @ scores.T @ inverse) * count / (count - 1))
    return inverse @ scores.sum(axis=1), errors


@pytest.mark.parametrize(("n_levels", "points"), [(1, 15), (2, 7)])
def test_weighted_logit__is_that_of_a_plain_grid(n_levels, points):
    levels = LEVELS[n_levels]
    weights = dict(zip(levels, ["wv", "wc"], strict=False))
    given = {"weight": "w", "scaling": "unscaled", "level_weights": weights}
    rows = rows_of(engine.mixed_logit(FRAME, "ill", ["x"], levels, points, **given))
    coefficients = [rows["coefficient", name] for name in ("(constant)", "x")]
    variances = [rows["variance", name] for name in levels]
    at = np.array([row.estimate for row in coefficients] + [np.sqrt(row.estimate) for row in variances])
    step, errors = sandwich(lambda theta: of_clusters(levels, theta), at)
    assert step == pytest.approx(0 * at, abs=3e-3 * errors.max())
    expected = errors * np.concatenate([[1, 1], 2 * at[2:]])
    assert [row.std_error for row in coefficients + variances] == pytest.approx(expected, rel=4e-3)
    # Weights of the outermost clusters add up to their number.
    top = FRAME.group_by(levels[-1]).agg(pl.col("wv" if n_levels == 1 else "wc").first())[:, 1].to_numpy()
    ll = of_clusters(levels, at).sum() * len(top) / top.sum()
    assert rows["log_likelihood", None].estimate == pytest.approx(ll, rel=1e-5)


@pytest.mark.parametrize("scaling", ["cluster-size", "effective-size"])
@pytest.mark.parametrize("fit", [engine.mixed_logit, engine.mixed_linear])
def test_scaled_weights__are_those_scaled_by_hand(fit, scaling):
    """Weights that add up to the people, or to the effective number of them (Pfeffermann et al. 1998)."""
    w, of_village = pl.col("w"), (pl.col("w").sum().over("village"), (pl.col("w") ** 2).sum().over("village"))
    by_hand = w * pl.len().over("village") / of_village[0]
    if scaling == "effective-size":
        by_hand = w * of_village[0] / of_village[1]
    points = {"points": 3} if fit is engine.mixed_logit else {}
    outcome = "ill" if fit is engine.mixed_logit else "score"
    found = fit(FRAME, outcome, ["x"], ["village"], weight="w", scaling=scaling, **points)
    given = FRAME.with_columns(w=by_hand)
    expected = fit(given, outcome, ["x"], ["village"], weight="w", scaling="unscaled", **points)
    for one, other in zip(found.rows, expected.rows, strict=True):
        assert one.estimate == pytest.approx(other.estimate, rel=1e-6, abs=1e-9)
        assert (one.std_error is None) is (other.std_error is None)
        assert one.std_error is None or one.std_error == pytest.approx(other.std_error, rel=1e-5)
    assert found.rows[0].sum_weights == pytest.approx(given["w"].sum())


def fits_of(rows, levels, n_parameters):
    """What the rows of a fit are of each other, without weights."""
    ll, n = rows["log_likelihood", None].estimate, len(FRAME)
    assert rows["n_parameters", None].estimate == n_parameters
    assert rows["aic", None].estimate == pytest.approx(2 * n_parameters - 2 * ll)
    assert rows["bic", None].estimate == pytest.approx(np.log(n) * n_parameters - 2 * ll)
    test = rows["lr_chi2", "(random effects)"]
    p = chi2.sf(test.estimate, 2) if len(levels) == 2 else chi2.sf(test.estimate, 1) / 2
    assert test.p_value == pytest.approx(p)
    for name in levels:
        sizes = FRAME.group_by(name).len()["len"]
        assert rows["n_clusters", name].estimate == len(sizes)
        assert rows["one_person_clusters", name].estimate == (sizes == 1).sum()
    return test.estimate


def limits_are(row, link, back, slope):
    """Limits that are symmetric on a scale on which the error is slope times as large."""
    middle, half = link(row.estimate), norm.ppf(0.95) * row.std_error * slope(row.estimate)
    assert (row.conf_low, row.conf_high) == pytest.approx((back(middle - half), back(middle + half)))


def log_limits(row):
    limits_are(row, np.log, np.exp, lambda x: 1 / x)


def logit_limits(row):
    limits_are(row, lambda x: np.log(x / (1 - x)), lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (x - x * x))


@pytest.mark.parametrize("n_levels", LEVELS)
def test_rows_of_a_logit__are_made_of_its_maximum(n_levels):
    levels = LEVELS[n_levels]
    result = engine.mixed_logit(FRAME, "ill", ["x"], levels, 3, modes=True, conf_level=0.9)
    rows = rows_of(result)
    ratio = fits_of(rows, levels, 2 + n_levels)
    single = engine.logit(FRAME, "ill", ["x"])
    assert ratio == pytest.approx(2 * (rows["log_likelihood", None].estimate - single.log_likelihood))
    variances = np.array([rows["variance", name].estimate for name in levels])
    total = variances.sum() + np.pi**2 / 3
    for k, name in enumerate(levels):
        log_limits(rows["variance", name])
        icc = rows["icc", name]
        assert icc.estimate == pytest.approx(variances[k:].sum() / total)
        logit_limits(icc)
        if n_levels == 1:
            error = rows["variance", name].std_error * (1 - icc.estimate) / total
            assert icc.std_error == pytest.approx(error)
        assert rows["points", name].estimate == 3
        modes = [row for row in result.rows if (row.measure, row.term) == ("conditional_mode", name)]
        assert [row.level for row in modes] == [str(1 + place) for place in range(FRAME[name].n_unique())]
        assert [row.estimate for row in modes] == sorted(row.estimate for row in modes)
        for row in modes:
            limits_are(row, float, float, lambda x: 1)
    coefficient, odds = rows["coefficient", "x"], rows["odds_ratio", "x"]
    limits_are(coefficient, float, float, lambda x: 1)
    log_limits(odds)
    assert odds.estimate == pytest.approx(np.exp(coefficient.estimate))


def test_checks_of_points__say_when_more_are_needed():
    rows = rows_of(engine.mixed_logit(FRAME, "ill", ["x"], ["village"], 3))
    assert rows["points_check", None].status == "3 points are not enough: ask for 7 or more, or for auto"
    assert rows["points_check", "village"].status == rows["points_check", None].status
    assert abs(rows["points_check", "village"].estimate) > 0.01
    laplace = rows_of(engine.mixed_logit(FRAME, "ill", ["x"], ["village"], 1))
    assert laplace["points_check", None].status == "ok"
    assert laplace["coefficient", "x"].method.startswith("Laplace")
    enough = rows_of(engine.mixed_logit(FRAME, "ill", ["x"], ["village"], 11))
    assert enough["points_check", None].status == "ok"
    assert abs(enough["points_check", "village"].estimate) < 0.01


def dense_likelihood(levels, beta, variances):
    """The normal log-likelihood of all people at once; the last variance is that of the error."""
    y, x = column("score"), np.column_stack([np.ones(len(FRAME)), column("x")])
    V = np.eye(len(y)) * variances[-1]
    for name, variance in zip(levels, variances, strict=False):
        V += variance * np.equal.outer(FRAME[name].to_numpy(), FRAME[name].to_numpy())
    r = y - x @ beta
    return -0.5 * (len(y) * np.log(2 * np.pi) + np.linalg.slogdet(V)[1] + r @ np.linalg.solve(V, r)), V, x


@pytest.mark.parametrize("n_levels", LEVELS)
def test_linear_rows__are_those_of_the_dense_likelihood(n_levels):
    levels = LEVELS[n_levels]
    rows = rows_of(engine.mixed_linear(FRAME, "score", ["x"], levels, conf_level=0.9))
    beta = np.array([rows["coefficient", name].estimate for name in ("(constant)", "x")])
    of_variance = [rows["variance", name] for name in (*levels, "(residual)")]
    variances = np.array([row.estimate for row in of_variance])
    value, V, x = dense_likelihood(levels, beta, variances)
    assert rows["log_likelihood", None].estimate == pytest.approx(value, rel=1e-10)
    inverse = np.linalg.inv(V)
    spread = np.linalg.inv(x.T @ inverse @ x)
    assert beta == pytest.approx(spread @ x.T @ inverse @ column("score"), rel=1e-9)
    errors = [rows["coefficient", name].std_error for name in ("(constant)", "x")]
    assert errors == pytest.approx(np.sqrt(np.diag(spread)), rel=1e-9)
    parts = [np.equal.outer(FRAME[name].to_numpy(), FRAME[name].to_numpy()).astype(float) for name in levels]
    products = [inverse @ part for part in (*parts, np.eye(len(V)))]
    p = inverse @ (column("score") - x @ beta)
    scores = [p @ (V @ one) @ p - np.trace(one) for one in products]
    assert scores == pytest.approx([0.0] * len(scores), abs=1e-6)
    covariance = np.linalg.inv([[0.5 * np.trace(one @ other) for other in products] for one in products])
    assert [row.std_error for row in of_variance] == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-8)
    least = np.linalg.lstsq(x, column("score"), rcond=None)
    alone = -0.5 * len(x) * (np.log(2 * np.pi * least[1][0] / len(x)) + 1)
    assert fits_of(rows, levels, 3 + n_levels) == pytest.approx(2 * (value - alone), abs=1e-9)
    for k, name in enumerate(levels):
        icc, total = rows["icc", name], variances.sum()
        shares = np.array([1.0 if k <= j < n_levels else 0.0 for j in range(n_levels + 1)])
        assert icc.estimate == pytest.approx(shares @ variances / total)
        gradient = (shares - icc.estimate) / total
        assert icc.std_error == pytest.approx(np.sqrt(gradient @ covariance @ gradient), rel=1e-7)
        logit_limits(icc)
    for row in of_variance:
        log_limits(row)
    limits_are(rows["coefficient", "x"], float, float, lambda x: 1)


@pytest.mark.parametrize("n_levels", LEVELS)
def test_weighted_linear_model__is_that_of_normal_densities(n_levels):
    """The weighted likelihood of each outermost cluster, integrated in closed form."""
    levels = LEVELS[n_levels]
    weights = dict(zip(levels, ["wv", "wc"], strict=False))
    given = {"weight": "w", "scaling": "unscaled", "level_weights": weights}
    rows = rows_of(engine.mixed_linear(FRAME, "score", ["x"], levels, **given))
    coefficients = [rows["coefficient", name] for name in ("(constant)", "x")]
    variances = [rows["variance", name] for name in (*levels, "(residual)")]
    at = np.array([row.estimate for row in coefficients + variances])
    y, x, w, wv = (column(name) for name in ("score", "x", "w", "wv"))
    village, outer = FRAME["village"].to_numpy(), FRAME[levels[-1]].to_numpy()
    top = column("wv" if n_levels == 1 else "wc")

    def likelihoods(theta):
        a, b, e = theta[2], theta[3] if n_levels == 2 else 0.0, theta[-1]
        found = []
        for i in np.unique(outer):
            # log of the integral over v, as a parabola in u: c0 + c1 u - c2 u^2 / 2
            c = np.zeros(3)
            for j in np.unique(village[outer == i]):
                own = village == j
                r, n = y[own] - theta[0] - theta[1] * x[own], w[own].sum()
                f = e + n * a
                mean = w[own] @ r / n
                inside = w[own] @ (r - mean) ** 2
                log = -0.5 * (n * np.log(2 * np.pi) + (n - 1) * np.log(e) + np.log(f) + inside / e)
                each = np.array([log - 0.5 * n / f * mean**2, n / f * mean, n / f])
                c += (1.0 if n_levels == 1 else wv[own][0]) * each
            more = 1 + b * c[2]
            found.append(top[outer == i][0] * (c[0] - 0.5 * np.log(more) + 0.5 * b * c[1] ** 2 / more))
        return np.array(found)

    step, errors = sandwich(likelihoods, at, 2e-4)
    assert step == pytest.approx(0 * at, abs=1e-5)
    found = np.array([row.std_error for row in coefficients + variances])
    assert found == pytest.approx(errors, rel=1e-5)
