"""The same model refitted in the replicates of a block side by side, from the full sample's coefficients.

Replicates differ little from the sample, so that the information of one step serves the next three, which
cost a gradient each. When a replicate stops does not depend on its neighbours in the block, and so neither do
its bits.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import (
    CONVERGED,
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
_FARTHEST = 1e3  # a longer step leads nowhere


class WeightedPatterns(NamedTuple):
    """What the likelihood needs of a block, in lanes.

    n, s (p, lanes)
        Weight and weighted outcome of each pattern.
    outcomes (q, lanes)
        X's, the part of a natural link's score that no step changes.
    """

    patterns: Patterns
    n: FloatArray
    s: FloatArray
    outcomes: FloatArray


class LaneScores(NamedTuple):
    """The score at the current coefficients.

    gradient (q, lanes)
        The score; `_solve` turns it into the step.
    information (q (q + 1) / 2, lanes)
        Expected information, packed by rows of the lower half, or its Cholesky factor.
    feasible, singular (lanes,)
        Whether fitted probabilities are valid; whether a column is a combination of others.
    """

    gradient: FloatArray
    information: FloatArray
    feasible: NDArray[np.bool_]
    singular: NDArray[np.bool_]


@kernel
def predict(patterns: Patterns, p: int, beta: FloatArray, eta: FloatArray) -> None:
    """Fill eta (lanes,) with x'b of a pattern; beta (q, lanes)."""
    eta[:] = 0.0
    for e in range(patterns.indptr[p], patterns.indptr[p + 1]):
        column, x = patterns.column[e], patterns.value[e]
        for lane in range(eta.shape[0]):
            eta[lane] += x * beta[column, lane]


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
def _weighted_outcomes(patterns: Patterns, s: FloatArray, q: int) -> FloatArray:
    """Return X's (q, lanes); s (p, lanes)."""
    out = np.zeros((q, s.shape[1]))
    for p in range(s.shape[0]):
        for e in range(patterns.indptr[p], patterns.indptr[p + 1]):
            column, x = patterns.column[e], patterns.value[e]
            for lane in range(s.shape[1]):
                out[column, lane] += x * s[p, lane]
    return out


@kernel
def _score(  # noqa: C901 - loops over patterns, columns and lanes
    link: int, data: WeightedPatterns, beta: FloatArray, score: LaneScores, with_information: bool
) -> None:
    """Fill the gradient and, with_information, the information at beta (q, lanes); clears lanes not feasible.

    With a natural link (linear, logit) the gradient is X's - X'(n mu): the loop over patterns reads n alone.
    """
    patterns, lanes = data.patterns, beta.shape[1]
    eta, mu, slope, r, v = np.empty(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes)
    natural = link not in (PROBIT, IDENTITY)
    for column in range(beta.shape[0]):
        for lane in range(lanes):
            score.gradient[column, lane] = data.outcomes[column, lane] if natural else 0.0
    if with_information:
        score.information[:, :] = 0.0
    for p in range(data.n.shape[0]):
        predict(patterns, p, beta, eta)
        means_and_slopes(link, eta, mu, slope)
        for lane in range(lanes):
            r[lane] = -data.n[p, lane] * mu[lane]
            v[lane] = data.n[p, lane] * slope[lane]
        if not natural:
            for lane in range(lanes):
                r[lane] += data.s[p, lane]
                spread = mu[lane] * (1.0 - mu[lane])
                if link == IDENTITY and data.n[p, lane] > 0.0 and not spread > 0.0:
                    score.feasible[lane] = False
                ratio = slope[lane] / max(spread, 1e-300)
                r[lane] *= ratio
                v[lane] *= ratio
        for e in range(patterns.indptr[p], patterns.indptr[p + 1]):
            i, x = patterns.column[e], patterns.value[e]
            for lane in range(lanes):
                score.gradient[i, lane] += x * r[lane]
            if with_information:
                for f in range(patterns.indptr[p], e + 1):
                    place, xx = i * (i + 1) // 2 + patterns.column[f], x * patterns.value[f]
                    for lane in range(lanes):
                        score.information[place, lane] += xx * v[lane]


@kernel
def _factor(information: FloatArray, q: int, singular: NDArray[np.bool_]) -> None:
    """Turn the packed information into its Cholesky factor in every lane; sets lanes that are singular."""
    lanes = information.shape[1]
    for j in range(q):
        row = j * (j + 1) // 2
        for lane in range(lanes):
            pivot = information[row + j, lane]
            for k in range(j):
                pivot -= information[row + k, lane] * information[row + k, lane]
            if not pivot > SMALLEST_PIVOT * information[row + j, lane]:
                singular[lane] = True
                pivot = 1.0
            information[row + j, lane] = math.sqrt(pivot)
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
def _take_step(beta: FloatArray, score: LaneScores, done: NDArray[np.bool_]) -> int:
    """Move the lanes that climb, mark those done or infeasible, and return how many climb on."""
    step, climbing = score.gradient, 0
    for lane in range(beta.shape[1]):
        if done[lane] or score.singular[lane] or not score.feasible[lane]:
            continue
        size = 0.0
        for column in range(beta.shape[0]):
            size = max(size, abs(step[column, lane]))
            beta[column, lane] += step[column, lane]
            score.feasible[lane] &= abs(step[column, lane]) < _FARTHEST  # false for NaN too
        if score.feasible[lane] and size < TOLERANCE:
            done[lane] = True
        elif score.feasible[lane]:
            climbing += 1
    return climbing


@kernel
def refit(
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
    data = WeightedPatterns(patterns, n, s, _weighted_outcomes(patterns, s, q))
    score = LaneScores(
        np.empty((q, lanes)),
        np.empty((q * (q + 1) // 2, lanes)),
        np.ones(lanes, np.bool_),
        np.zeros(lanes, np.bool_),
    )
    done = np.zeros(lanes, np.bool_)
    for column in range(q):
        beta[column, :] = start[column]
    for number in range(_MOST_STEPS):
        fresh = number % _STEPS_WITH_ONE_INFORMATION == 0
        _score(link, data, beta, score, fresh)
        if fresh:
            _factor(score.information, q, score.singular)
        _solve(score.information, score.gradient)
        if _take_step(beta, score, done) == 0:
            break
    lane_beta = np.empty(q)
    for lane in range(lanes):
        if score.singular[lane] and score.feasible[lane]:
            status[lane] = SINGULAR
        elif done[lane]:
            status[lane] = CONVERGED
        else:
            status[lane], _ = fit(link, patterns, n[:, lane].copy(), s[:, lane].copy(), lane_beta)
            for column in range(q):
                beta[column, lane] = lane_beta[column]
