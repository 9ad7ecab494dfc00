"""The same model refitted in the replicates of a block side by side, from the full sample's coefficients.

Replicates differ little from the sample, so the information of the first step serves three more: each costs a
gradient. A replicate stops at its own step, whatever its neighbours do, so that its bits do not depend on them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import (
    CONVERGED,
    NOT_CONVERGED,
    SINGULAR,
    SMALLEST_PIVOT,
    TOLERANCE,
    Patterns,
    fit,
)
from engine.kernels.regression.links import (
    IDENTITY,
    LOGIT,
    PROBIT,
    exponential,
    normal_density,
    normal_distribution,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_MOST_STEPS = 40
_STEPS_WITH_ONE_INFORMATION = 4
_FARTHEST = 1e3  # a step this long leads nowhere


@kernel
def predict(patterns: Patterns, p: int, beta: FloatArray, eta: FloatArray) -> None:
    """Fill eta (lanes,) with x'b of a pattern; beta (q, lanes)."""
    eta[:] = 0.0
    for e in range(patterns.indptr[p], patterns.indptr[p + 1]):
        k, x = patterns.column[e], patterns.value[e]
        for lane in range(eta.shape[0]):
            eta[lane] += x * beta[k, lane]


@kernel
def means_and_slopes(link: int, eta: FloatArray, mu: FloatArray, slope: FloatArray) -> None:
    """Fill mu and its derivative (lanes,) from the linear predictor (lanes,)."""
    if link == LOGIT:
        for lane in range(eta.shape[0]):
            mu[lane] = 1.0 / (1.0 + exponential(-eta[lane]))
            slope[lane] = mu[lane] * (1.0 - mu[lane])
    elif link == PROBIT:
        for lane in range(eta.shape[0]):
            mu[lane], slope[lane] = normal_distribution(eta[lane]), normal_density(eta[lane])
    else:
        for lane in range(eta.shape[0]):
            mu[lane], slope[lane] = eta[lane], 1.0


@kernel
def _weighted_outcomes(patterns: Patterns, s: FloatArray, out: FloatArray) -> None:
    """Fill out (q, lanes) with X's, the part of a natural link's score that no step changes."""
    out[:, :] = 0.0
    for p in range(s.shape[0]):
        for e in range(patterns.indptr[p], patterns.indptr[p + 1]):
            k, x = patterns.column[e], patterns.value[e]
            for lane in range(s.shape[1]):
                out[k, lane] += x * s[p, lane]


@kernel
def _score(  # noqa: C901 - loops over patterns, columns and lanes
    link: int,
    patterns: Patterns,
    n: FloatArray,
    s: FloatArray,
    outcomes: FloatArray,
    beta: FloatArray,
    with_information: bool,
    gradient: FloatArray,
    information: FloatArray,
    feasible: NDArray[np.bool_],
) -> None:
    """Fill the score (q, lanes) and, if asked, the packed expected information (q (q + 1) / 2, lanes).

    With a natural link (linear, logit) the score is X's - X'(n mu): the sweep reads n alone.
    """
    lanes = beta.shape[1]
    eta, mu, slope, r, v = np.empty(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes)
    natural = link not in (PROBIT, IDENTITY)
    for k in range(gradient.shape[0]):
        for lane in range(lanes):
            gradient[k, lane] = outcomes[k, lane] if natural else 0.0
    if with_information:
        information[:, :] = 0.0
    for p in range(n.shape[0]):
        predict(patterns, p, beta, eta)
        means_and_slopes(link, eta, mu, slope)
        for lane in range(lanes):
            r[lane] = -n[p, lane] * mu[lane]
            v[lane] = n[p, lane] * slope[lane]
        if not natural:
            for lane in range(lanes):
                r[lane] += s[p, lane]
                spread = mu[lane] * (1.0 - mu[lane])
                if link == IDENTITY and n[p, lane] > 0.0 and not spread > 0.0:
                    feasible[lane] = False
                ratio = slope[lane] / max(spread, 1e-300)
                r[lane] *= ratio
                v[lane] *= ratio
        for a in range(patterns.indptr[p], patterns.indptr[p + 1]):
            i, x = patterns.column[a], patterns.value[a]
            for lane in range(lanes):
                gradient[i, lane] += x * r[lane]
            if with_information:
                for b in range(patterns.indptr[p], a + 1):
                    place, xx = i * (i + 1) // 2 + patterns.column[b], x * patterns.value[b]
                    for lane in range(lanes):
                        information[place, lane] += xx * v[lane]


@kernel
def _factor(information: FloatArray, q: int, singular: NDArray[np.bool_]) -> None:
    """Turn the packed information into its Cholesky factor in every lane."""
    lanes = information.shape[1]
    for j in range(q):
        row = j * (j + 1) // 2
        for lane in range(lanes):
            own = information[row + j, lane]
            for k in range(j):
                own -= information[row + k, lane] * information[row + k, lane]
            if not own > SMALLEST_PIVOT * information[row + j, lane]:
                singular[lane] = True
                own = 1.0
            information[row + j, lane] = math.sqrt(own)
        for i in range(j + 1, q):
            below = i * (i + 1) // 2
            for k in range(j):
                for lane in range(lanes):
                    information[below + j, lane] -= information[below + k, lane] * information[row + k, lane]
            for lane in range(lanes):
                information[below + j, lane] /= information[row + j, lane]


@kernel
def _solve(factor: FloatArray, step: FloatArray) -> None:
    """Solve for step (q, lanes), which holds the score, in every lane."""
    q, lanes = step.shape
    for i in range(q):
        row = i * (i + 1) // 2
        for k in range(i):
            for lane in range(lanes):
                step[i, lane] -= factor[row + k, lane] * step[k, lane]
        for lane in range(lanes):
            step[i, lane] /= factor[row + i, lane]
    for i in range(q - 1, -1, -1):
        for k in range(i + 1, q):
            row = k * (k + 1) // 2
            for lane in range(lanes):
                step[i, lane] -= factor[row + i, lane] * step[k, lane]
        for lane in range(lanes):
            step[i, lane] /= factor[i * (i + 1) // 2 + i, lane]


@kernel
def refit(  # noqa: C901 - loops over steps, columns and lanes
    link: int,
    patterns: Patterns,
    n: FloatArray,
    s: FloatArray,
    start: FloatArray,
    beta: FloatArray,
    status: IntArray,
) -> None:
    """Fit every lane from `start` (q,): n, s (p, lanes) -> beta (q, lanes), status (lanes,).

    A lane that does not converge this way is fitted from scratch by `glm.fit`.
    """
    q, lanes = beta.shape
    step, information = np.empty((q, lanes)), np.empty((q * (q + 1) // 2, lanes))
    outcomes = np.empty((q, lanes))
    _weighted_outcomes(patterns, s, outcomes)
    feasible, singular, done = np.ones(lanes, np.bool_), np.zeros(lanes, np.bool_), np.zeros(lanes, np.bool_)
    for k in range(q):
        beta[k, :] = start[k]
    status[:] = NOT_CONVERGED
    for number in range(_MOST_STEPS):
        fresh = number % _STEPS_WITH_ONE_INFORMATION == 0
        _score(link, patterns, n, s, outcomes, beta, fresh, step, information, feasible)
        if fresh:
            _factor(information, q, singular)
        _solve(information, step)
        waiting = 0
        for lane in range(lanes):
            if done[lane] or singular[lane] or not feasible[lane]:
                continue
            size = 0.0
            for k in range(q):
                size = max(size, abs(step[k, lane]))
                beta[k, lane] += step[k, lane]
                feasible[lane] &= abs(step[k, lane]) < _FARTHEST  # false for NaN too
            if feasible[lane] and size < TOLERANCE:
                done[lane], status[lane] = True, CONVERGED
            elif feasible[lane]:
                waiting += 1
        if waiting == 0:
            break
    own = np.empty(q)
    for lane in range(lanes):
        if singular[lane] and feasible[lane]:
            status[lane] = SINGULAR
        elif not done[lane]:
            status[lane], _ = fit(link, patterns, n[:, lane].copy(), s[:, lane].copy(), own)
            for k in range(q):
                beta[k, lane] = own[k]
