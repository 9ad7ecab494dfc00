"""One model fitted to covariate patterns from any start: damped Newton, and a barrier for the identity link.

A pattern is a set of equal covariates. Of its rows the likelihood needs only the sums n of the weights and s
of the weighted outcomes; that is exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.links import IDENTITY, LINEAR, mean_and_slope, variance
from engine.kernels.regression.logarithm import logarithm

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CONVERGED, SINGULAR, NOT_CONVERGED, BOUNDARY = 0, 1, 2, 3
TOLERANCE = 1e-10  # of the largest last step; covariates are scaled to a spread of 1
SMALLEST_PIVOT = 1e-11  # times the information of a column: below, the column is a combination of others
_MOST_STEPS = 60
_NEAR = 1e-8  # a fitted probability this close to 0 or 1 lies on the boundary


class Patterns(NamedTuple):
    """Distinct covariates as sparse rows.

    indptr (p + 1,)
        Where the entries of each pattern begin and end.
    column, value (e,)
        Of each entry, by ascending column; column 0 is the constant.
    """

    indptr: IntArray
    column: IntArray
    value: FloatArray


@kernel
def predictor(patterns: Patterns, p: int, beta: FloatArray) -> float:
    """Return x'b of a pattern."""
    eta = 0.0
    for e in range(patterns.indptr[p], patterns.indptr[p + 1]):
        eta += patterns.value[e] * beta[patterns.column[e]]
    return eta


@kernel
def log_likelihood(
    link: int, patterns: Patterns, n: FloatArray, s: FloatArray, beta: FloatArray, barrier: float
) -> float:
    """Return the log-likelihood, -inf if infeasible; n, s (p,), beta (q,).

    Linear link: minus half the squared residuals, without the constant. `barrier` weighs log mu + log(1 -
    mu).
    """
    total = 0.0
    for p in range(n.shape[0]):
        if n[p] <= 0.0:
            continue
        mu, _ = mean_and_slope(link, predictor(patterns, p, beta))
        if link == LINEAR:
            total += (s[p] - 0.5 * n[p] * mu) * mu
            continue
        if link == IDENTITY and not 0.0 < mu < 1.0:
            return -np.inf
        mu = min(max(mu, 1e-300), 1.0 - 1e-16)
        total += s[p] * logarithm(mu) + (n[p] - s[p]) * logarithm(1.0 - mu)
        if barrier > 0.0:
            total += barrier * (logarithm(mu) + logarithm(1.0 - mu))
    return total


@kernel
def _score(
    link: int,
    patterns: Patterns,
    n: FloatArray,
    s: FloatArray,
    beta: FloatArray,
    barrier: float,
    gradient: FloatArray,
    information: FloatArray,
) -> None:
    """Fill gradient (q,) and information (q, q; lower half): expected, or observed for the identity link."""
    gradient[:] = 0.0
    information[:, :] = 0.0
    for p in range(n.shape[0]):
        if n[p] <= 0.0:
            continue
        mu, slope = mean_and_slope(link, predictor(patterns, p, beta))
        if link == IDENTITY:
            hits, misses = s[p] + barrier, n[p] - s[p] + barrier
            r = hits / mu - misses / (1.0 - mu)
            v = hits / (mu * mu) + misses / ((1.0 - mu) * (1.0 - mu))
        else:
            spread = max(variance(link, mu), 1e-300)
            r = (s[p] - n[p] * mu) * slope / spread
            v = n[p] * slope * slope / spread
        for e in range(patterns.indptr[p], patterns.indptr[p + 1]):
            i, x = patterns.column[e], patterns.value[e]
            gradient[i] += x * r
            for f in range(patterns.indptr[p], e + 1):
                information[i, patterns.column[f]] += x * patterns.value[f] * v


@kernel
def cholesky_solve(information: FloatArray, gradient: FloatArray, step: FloatArray) -> int:
    """Solve information step = gradient (q,) by Cholesky; returns -1, or the first singular column.

    information (q, q) holds its lower half and is overwritten by the factor.
    """
    q = gradient.shape[0]
    for j in range(q):
        pivot = information[j, j]
        for k in range(j):
            pivot -= information[j, k] * information[j, k]
        if not pivot > SMALLEST_PIVOT * information[j, j]:
            return j
        root = math.sqrt(pivot)
        information[j, j] = root
        for i in range(j + 1, q):
            value = information[i, j]
            for k in range(j):
                value -= information[i, k] * information[j, k]
            information[i, j] = value / root
    for i in range(q):
        value = gradient[i]
        for k in range(i):
            value -= information[i, k] * step[k]
        step[i] = value / information[i, i]
    for i in range(q - 1, -1, -1):
        value = step[i]
        for k in range(i + 1, q):
            value -= information[k, i] * step[k]
        step[i] = value / information[i, i]
    return -1


@kernel
def _climb(
    link: int, patterns: Patterns, n: FloatArray, s: FloatArray, beta: FloatArray, barrier: float
) -> tuple[int, int]:
    """Raise the likelihood by damped Newton steps; returns (status, singular column or -1)."""
    q = beta.shape[0]
    gradient, information, step, trial = np.empty(q), np.empty((q, q)), np.empty(q), np.empty(q)
    here = log_likelihood(link, patterns, n, s, beta, barrier)
    for number in range(_MOST_STEPS):
        _score(link, patterns, n, s, beta, barrier, gradient, information)
        singular = cholesky_solve(information, gradient, step)
        if singular >= 0:  # after the first step: separation has driven the information to 0
            return (SINGULAR, singular) if number == 0 else (NOT_CONVERGED, -1)
        size, length = 0.0, 1.0
        for k in range(q):
            size = max(size, abs(step[k]))
        for _ in range(40):
            for k in range(q):
                trial[k] = beta[k] + length * step[k]
            there = log_likelihood(link, patterns, n, s, trial, barrier)
            if there >= here - 1e-12 * abs(here):
                break
            length *= 0.5
        for k in range(q):
            beta[k] = trial[k]
        here = there
        if size * length < TOLERANCE and length == 1.0:
            return CONVERGED, -1
        if length < 1e-9:
            return NOT_CONVERGED, -1
    return NOT_CONVERGED, -1


@kernel
def _fit_identity(
    patterns: Patterns, n: FloatArray, s: FloatArray, total: float, beta: FloatArray
) -> tuple[int, int]:
    """Fit a binomial model with identity link inside a barrier that vanishes; beta starts inside."""
    barrier, status, singular = 0.1 * total / n.shape[0], CONVERGED, -1
    while barrier > 1e-10 * total / n.shape[0]:
        status, singular = _climb(IDENTITY, patterns, n, s, beta, barrier)
        if status == SINGULAR:
            return status, singular
        barrier *= 0.1
    inside = beta.copy()
    status, singular = _climb(IDENTITY, patterns, n, s, beta, 0.0)
    for p in range(n.shape[0]):
        mu = predictor(patterns, p, beta)
        if n[p] > 0.0 and (min(mu, 1.0 - mu) < _NEAR or status != CONVERGED):
            for k in range(beta.shape[0]):
                beta[k] = inside[k]
            return BOUNDARY, -1
    return status, singular


@kernel
def fit(link: int, patterns: Patterns, n: FloatArray, s: FloatArray, beta: FloatArray) -> tuple[int, int]:
    """Fit a model to weights n (p,) and weighted outcomes s (p,) from scratch; beta (q,) is overwritten.

    Returns (status, singular column or -1). Binomial with identity link: the maximum of the likelihood plus a
    vanishing log-barrier, which exists where the usual fit stops with "no valid set of coefficients". The
    status of a solution with fitted probabilities of 0 or 1 is BOUNDARY.
    """
    total, events = 0.0, 0.0
    for p in range(n.shape[0]):
        total += n[p]
        events += s[p]
    beta[:] = 0.0
    if link != IDENTITY:
        return _climb(link, patterns, n, s, beta, 0.0)
    beta[0] = events / total
    if not 0.0 < beta[0] < 1.0:
        return NOT_CONVERGED, -1
    return _fit_identity(patterns, n, s, total, beta)
