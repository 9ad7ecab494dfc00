"""Kernels of regressions on a few patterns, against numpy, scipy and differences."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from engine.estimators.regression.patterns import sparse_patterns
from engine.estimators.regression.separation import find_separation
from engine.kernels.regression import glm, links
from engine.kernels.regression import small_matrices as small
from engine.kernels.regression.few_units import raised_totals
from engine.kernels.regression.logarithm import logarithm, logarithm_of_one_plus
from engine.kernels.regression.refit import LaneScores, WeightedPatterns, _factor, _score, _solve, refit
from engine.kernels.regression.symmetric import eigen
from engine.kernels.regression.unit_scores import unit_scores

LINKS = {"linear": links.LINEAR, "logit": links.LOGIT, "probit": links.PROBIT, "identity": links.IDENTITY}
X = np.array([[1, 0, -1.2], [1, 1, 0.3], [1, 0, 0.0], [1, 1, 1.1], [1, 0, 0.8], [1, 1, -0.4], [1, 0, 0.1]])
N = np.array([3.0, 2.5, 4.0, 1.5, 2.0, 3.0, 0.0])
S = np.array([1.0, 1.5, 1.0, 1.0, 1.5, 1.0, 0.0])
PATTERNS = sparse_patterns(X)
NUMBERS = [
    -800.0,
    -700.0,
    -37.5,
    -8.3,
    -3.0,
    -1.0,
    -1e-9,
    0.0,
    1e-300,
    0.3,
    2.999,
    3.0,
    3.001,
    8.0,
    40.0,
    700.0,
]


def mean(link, eta):
    """Mean and its derivative."""
    if link == "logit":
        mu = 1 / (1 + np.exp(-eta))
        return mu, mu * (1 - mu)
    return (norm.cdf(eta), norm.pdf(eta)) if link == "probit" else (eta, np.ones_like(eta))


def log_likelihood(link, beta, n=N, s=S, barrier=0.0):
    used = n > 0
    mu, _ = mean(link, X[used] @ beta)
    if link == "linear":
        return (s[used] * mu - n[used] * mu**2 / 2).sum()
    hits, misses = s[used] + barrier, n[used] - s[used] + barrier
    return (hits * np.log(mu) + misses * np.log(1 - mu)).sum()


def fitted(link, n, s):
    """By Fisher's scoring from the mean."""
    used = n > 0
    x, n, s = X[used], n[used], s[used]
    beta = np.array([s.sum() / n.sum() if link in ("linear", "identity") else 0.0, 0.0, 0.0])
    for _ in range(200):
        mu, slope = mean(link, x @ beta)
        spread = 1.0 if link == "linear" else mu * (1 - mu)
        step = np.linalg.solve(
            x.T @ ((n * slope**2 / spread)[:, None] * x), x.T @ (slope / spread * (s - n * mu))
        )
        beta = beta + step
        if np.abs(step).max() < 1e-13:
            break
    return beta


def test_functions_of_numbers__are_those_of_the_library():
    """Without the compiler, as nothing else calls them so."""
    exponential, log, log1p, density, distribution = (
        getattr(one, "py_func", one)
        for one in (
            links.exponential,
            logarithm,
            logarithm_of_one_plus,
            links.normal_density,
            links.normal_distribution,
        )
    )
    for x in NUMBERS:
        assert exponential(x) == pytest.approx(math.exp(min(max(x, -708.0), 709.0)), rel=4e-16)
        assert density(x) == pytest.approx(norm.pdf(x), rel=1e-13, abs=1e-300)
        assert distribution(x) == pytest.approx(norm.cdf(x), rel=1e-13, abs=1e-300)
        if x > 0:
            assert log(x) == pytest.approx(math.log(x), rel=3e-16, abs=1e-16)
            assert log1p(x) == pytest.approx(math.log1p(x), rel=5e-16)
    for k in range(-40, 40, 3):  # both sides of each power of the root of 2
        for x in (2.0 ** (k / 2) * 0.999, 2.0 ** (k / 2) * 1.001):
            assert log(x) == pytest.approx(math.log(x), rel=3e-16, abs=2e-16)
    assert log(math.inf) == math.inf
    assert math.isnan(log(math.nan))


@pytest.mark.parametrize("link", LINKS)
def test_means_and_variances__are_those_of_the_link(link):
    for eta in (-2.5, 0.3, 0.6, 4.0):
        mu, slope = links.mean_and_slope(LINKS[link], eta)
        assert (mu, slope) == pytest.approx(tuple(map(float, mean(link, np.float64(eta)))), rel=1e-12)
        expected = 1.0 if link == "linear" else mu * (1 - mu)
        assert links.variance(LINKS[link], mu) == pytest.approx(expected)


@pytest.mark.parametrize("barrier", [0.0, 0.3])
@pytest.mark.parametrize("link", LINKS)
def test_score__is_the_slope_of_the_likelihood(link, barrier):
    beta = np.array([0.4, 0.1, 0.05])
    own = barrier if link != "linear" else 0.0
    expected = log_likelihood(link, beta, barrier=own)
    assert glm.log_likelihood(LINKS[link], PATTERNS, N, S, beta, own) == pytest.approx(expected, rel=1e-12)
    if barrier and link != "identity":  # only the identity link needs a barrier
        return
    gradient, information = np.empty(3), np.empty((3, 3))
    glm._score(LINKS[link], PATTERNS, N, S, beta, own, gradient, information)
    steps = 1e-6 * np.eye(3)
    slopes = [
        log_likelihood(link, beta + step, barrier=own) - log_likelihood(link, beta - step, barrier=own)
        for step in steps
    ]
    assert gradient == pytest.approx(np.array(slopes) / 2e-6, abs=1e-8)
    mu, slope = mean(link, X @ beta)
    v = N * slope**2 / (1.0 if link == "linear" else mu * (1 - mu))
    if link == "identity":  # observed, not expected
        used = N > 0
        v = np.where(used, (S + own) / mu**2 + (N - S + own) / (1 - mu) ** 2, 0.0)
    assert information[np.tril_indices(3)] == pytest.approx((X.T @ (v[:, None] * X))[np.tril_indices(3)])


def test_likelihood__is_infinite_where_no_probability_is():
    for beta in ([1.1, 0.0, 0.0], [-0.1, 0.0, 0.0]):
        assert glm.log_likelihood(links.IDENTITY, PATTERNS, N, S, np.array(beta), 0.0) == -np.inf


@pytest.mark.parametrize("link", LINKS)
def test_fit__is_the_maximum(link):
    beta = np.full(3, np.nan)
    assert glm.fit(LINKS[link], PATTERNS, N, S, beta) == (glm.CONVERGED, -1)
    assert beta == pytest.approx(fitted(link, N, S), abs=1e-8)


def test_fit__says_what_does_not_exist():
    beta = np.empty(3)
    doubled = sparse_patterns(np.column_stack([X[:, :2], 1 - X[:, 1]]))
    assert glm.fit(links.LOGIT, doubled, N, S, beta) == (glm.SINGULAR, 2)
    status, _ = glm.fit(links.LOGIT, PATTERNS, N, np.where(X[:, 1] == 1, N, 0.4 * N), beta)
    assert status == glm.NOT_CONVERGED
    for events in (0 * N, N):
        assert glm.fit(links.IDENTITY, PATTERNS, N, events, beta) == (glm.NOT_CONVERGED, -1)
    # Nobody with the dummy has the event: the probability of 0 is the maximum, at the boundary.
    pair = np.empty(2)
    of_two = sparse_patterns(np.array([[1.0, 0.0], [1.0, 1.0]]))
    status = glm.fit(links.IDENTITY, of_two, np.array([4.0, 3.0]), np.array([1.0, 0.0]), pair)
    assert status == (glm.BOUNDARY, -1)
    assert pair == pytest.approx([0.25, -0.25], abs=1e-6)


@pytest.mark.parametrize("link", LINKS)
def test_refits__are_fits_of_each_replicate(link):
    """Side by side, from the sample's coefficients; where that fails, from scratch."""
    random = np.random.default_rng(2)
    times = np.column_stack([random.choice([0.5, 1.0, 2.0], 7) for _ in range(5)])
    n, s = N[:, None] * times, S[:, None] * times
    n = np.column_stack([n, N * (X[:, 1] == 0)])  # nobody with the dummy
    s = np.column_stack([s, S * (X[:, 1] == 0)])
    start = np.empty(3)
    glm.fit(LINKS[link], PATTERNS, N, S, start)
    beta, status = np.empty((3, 6)), np.full(6, -1)
    refit(LINKS[link], PATTERNS, n, s, start, beta, status)
    assert status.tolist() == [glm.CONVERGED] * 5 + [glm.SINGULAR]
    for r in range(5):
        assert beta[:, r] == pytest.approx(fitted(link, n[:, r], s[:, r]), abs=1e-8)
    if link == "logit":  # from far away steps lead nowhere, and the fit begins anew
        refit(LINKS[link], PATTERNS, n, s, np.array([40.0, -30.0, 20.0]), beta, status)
        assert beta[:, 1] == pytest.approx(fitted(link, n[:, 1], s[:, 1]), abs=1e-8)


@pytest.mark.parametrize("link", LINKS)
def test_score_of_replicates__is_that_of_each(link):
    n, s = np.column_stack([N, 2 * N, N[::-1]]), np.column_stack([S, 1.5 * S, 0.3 * N[::-1]])
    beta = np.array([[0.4, 0.45, 0.5], [0.1, -0.1, 0.05], [0.05, 0.02, -0.04]])
    outcomes = X.T @ s
    data = WeightedPatterns(PATTERNS, n, s, outcomes)
    score = LaneScores(np.empty((3, 3)), np.empty((6, 3)), np.ones(3, bool), np.zeros(3, bool))
    _score(LINKS[link], data, beta, score, True)
    for r in range(3):
        mu, slope = mean(link, X @ beta[:, r])
        spread = 1.0 if link == "linear" else mu * (1 - mu)
        assert score.gradient[:, r] == pytest.approx(X.T @ (slope / spread * (s[:, r] - n[:, r] * mu)))
        information = X.T @ ((n[:, r] * slope**2 / spread)[:, None] * X)
        assert score.information[:, r] == pytest.approx(information[np.tril_indices(3)])
    before, factor = score.information.copy(), np.empty((3, 3))
    _score(LINKS[link], data, beta, score, False)
    assert np.array_equal(score.information, before)
    step = score.gradient.copy()
    _factor(score.information, 3, score.singular)
    _solve(score.information, step)
    for r in range(3):
        factor[np.tril_indices(3)] = before[:, r]
        whole = np.tril(factor) + np.tril(factor, -1).T
        assert step[:, r] == pytest.approx(np.linalg.solve(whole, score.gradient[:, r]))
    assert score.feasible.all()
    assert not score.singular.any()


def positive(q, seed=1):
    A = np.random.default_rng(seed).normal(size=(q, q + 2))
    return A @ A.T


def test_small_matrices__are_those_of_numpy():
    A, B, M = np.arange(6.0).reshape(2, 3) - 2, np.arange(12.0).reshape(3, 4) ** 2, positive(4)
    b, w = np.array([0.5, -1.0, 2.0]), np.array([2.0, 0.3])
    assert small.product(A, B) == pytest.approx(A @ B)
    assert small.times(A, b) == pytest.approx(A @ b)
    assert small.weighted_rows(w, A) == pytest.approx(w @ A)
    assert small.dot(b, b) == pytest.approx(b @ b)
    assert small.exponentials(b) == pytest.approx(np.exp(b))
    inverted, singular = small.inverse(M)
    assert singular == -1
    assert inverted == pytest.approx(np.linalg.inv(M))
    assert small.lower_root(M) == pytest.approx(np.linalg.cholesky(M))
    c = np.array([1.0, -0.2, 0.4, 3.0])
    assert small.quadratic_form(M, c) == pytest.approx(c @ np.linalg.solve(M, c))
    assert small.log_determinant(M) == pytest.approx(np.linalg.slogdet(M)[1])
    M[2], M[:, 2] = M[1], M[:, 1]
    found, singular = small.inverse(M)
    assert singular == 2
    assert np.isnan(found).all()
    assert math.isnan(small.quadratic_form(M, c))
    assert math.isnan(small.log_determinant(M))


def test_logits_of_patterns__are_those_of_numpy():
    beta, eta = np.array([0.2, -0.7, 0.5]), X @ np.array([0.2, -0.7, 0.5])
    mu = 1 / (1 + np.exp(-eta))
    assert small.logit_means(X, beta) == pytest.approx(mu)
    expected = (S * np.log(mu) + (N - S) * np.log(1 - mu)).sum()
    assert small.logit_log_likelihood(eta, N, S) == pytest.approx(expected, rel=1e-13)
    far = np.array([800.0, -800.0])
    assert small.logit_log_likelihood(far, np.ones(2), np.array([1.0, 0.0])) == pytest.approx(0.0, abs=1e-300)
    information = X.T @ ((N * mu * (1 - mu))[:, None] * X)
    assert small.logit_information(PATTERNS, N, beta) == pytest.approx(information)


@pytest.mark.parametrize("q", [1, 2, 5])
def test_eigenvalues__are_those_of_numpy(q):
    M = positive(q) - np.eye(q)
    values, vectors = eigen(M)
    assert np.sort(values) == pytest.approx(np.linalg.eigvalsh(M), abs=1e-13)
    assert vectors @ np.diag(values) @ vectors.T == pytest.approx(M, abs=1e-12)
    assert vectors.T @ vectors == pytest.approx(np.eye(q), abs=1e-13)


def test_scores_of_units__are_sums_and_raised_by_what_they_bend():
    pattern, unit = np.array([0, 1, 2, 3, 4, 5, 0, 3], np.int32), np.array([0, 0, 1, 1, 2, 2, 2, 1], np.int32)
    weight, y, mu = (
        np.array([1.0, 2, 1, 0.5, 1, 3, 1, 1]),
        np.array([1.0, 0, 0, 1, 1, 0, 0, 1]),
        np.full(7, 0.4),
    )
    scores = unit_scores(X, mu, pattern, weight, y, unit, 3)
    by_row = (weight * (y - 0.4))[:, None] * X[pattern]
    expected = np.array([by_row[unit == u].sum(axis=0) for u in range(3)])
    assert scores == pytest.approx(expected.T)
    spread = mu * (1 - mu)
    bends = [
        sum(weight[i] * 0.24 * np.outer(*2 * [X[pattern[i]]]) for i in np.flatnonzero(unit == u))
        for u in range(3)
    ]
    root = np.linalg.cholesky(np.linalg.inv(sum(bends)))
    found = raised_totals(X, spread, pattern, weight, unit, root, scores)
    for u in range(3):
        values, vectors = np.linalg.eigh(np.eye(3) - root.T @ bends[u] @ root)
        along = vectors.T @ root.T @ expected[u]
        raised = vectors @ np.where(values > 1e-8, along / np.sqrt(np.maximum(values, 1e-8)), 0.0)
        assert found[:, u] == pytest.approx(root @ raised, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("events", "direction", "perfect"),
    [
        (np.where(X[:, 1] == 1, N, 0.5 * N), [0, 1, 0], X[:, 1] == 1),  # all with the dummy
        (np.where(X[:, 1] == 1, 0.0, 0.5 * N), [0, -1, 0], X[:, 1] == 1),  # none of them
        (np.where(X[:, 2] > 0.2, N, 0.0), None, None),  # a number tells all apart
        (0.5 * N, "nothing", None),
    ],
)
def test_separation__is_found(events, direction, perfect):
    used = N > 0
    found = find_separation(X[used], N[used], events[used])
    if isinstance(direction, str):
        assert found is None
        return
    if direction is not None:
        assert np.sign(found.direction).tolist() == direction
        assert found.perfect.tolist() == perfect[used].tolist()
        return
    along = X[used] @ found.direction * np.where(events[used] > 0, 1, -1)
    assert along.min() > -1e-9
    assert found.perfect.tolist() == (along > 1e-6).tolist()
    assert found.perfect.any()
