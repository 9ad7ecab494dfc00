"""Replicates: every statistic recomputed under the multipliers of a block of LANES resampled weight vectors.

The sample was sorted once (by group, then rank), so a replicate is a vector of multiplicities and its ranks
are one running sum. Rows carry `unit`, the resampling unit whose multiplier they take. Arguments shared by
the kernels here: unit (n,), weights (p, n) and amounts (k, n) = weight and weight x outcome, 0 where the
outcome is missing, pattern (k,) = which row of `weights` belongs to an outcome, ends (t,) of the tie groups,
group_ties (g + 1,) = first tie group of each group.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels._jit import kernel, parallel_kernel, prange
from engine.kernels.indices import EXTENDED_FAMILY, index_gradient
from engine.kernels.numerators import numerator, numerator_influence, shape
from engine.kernels.streams import LANES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


@kernel
def _block_moments(  # noqa: C901 - one loop over groups, ties, rows and lanes
    multiplier: FloatArray,
    unit: UnitArray,
    weights: FloatArray,
    amounts: FloatArray,
    pattern: IntArray,
    ends: IntArray,
    group_ties: IntArray,
    out: FloatArray,
) -> None:
    """Accumulate W, sum w y, sum w y R (R unnormalised) and the tie groups drawn, by group and outcome."""
    n_patterns, n_outcomes = weights.shape[0], amounts.shape[0]
    inside, before = np.zeros((n_patterns, LANES)), np.zeros((n_patterns, LANES))
    amount, total, ranked = (
        np.zeros((n_outcomes, LANES)), np.zeros((n_outcomes, LANES)), np.zeros((n_outcomes, LANES)),
    )  # fmt: skip
    drawn = np.zeros((n_patterns, LANES))
    row = ends[group_ties[0] - 1] if group_ties[0] > 0 else 0
    for group in range(group_ties.shape[0] - 1):
        for t in range(group_ties[group], group_ties[group + 1]):
            for i in range(row, ends[t]):
                u = unit[i]
                for p in range(n_patterns):
                    w = weights[p, i]
                    for lane in range(LANES):
                        inside[p, lane] += w * multiplier[u, lane]
                for k in range(n_outcomes):
                    y = amounts[k, i]
                    for lane in range(LANES):
                        amount[k, lane] += y * multiplier[u, lane]
            row = ends[t]
            for k in range(n_outcomes):
                p = pattern[k]
                for lane in range(LANES):
                    total[k, lane] += amount[k, lane]
                    ranked[k, lane] += amount[k, lane] * (before[p, lane] + 0.5 * inside[p, lane])
                    amount[k, lane] = 0.0
            for p in range(n_patterns):
                for lane in range(LANES):
                    before[p, lane] += inside[p, lane]
                    drawn[p, lane] += inside[p, lane] > 0.0
                    inside[p, lane] = 0.0
        for k in range(n_outcomes):
            for lane in range(LANES):
                out[lane, group, k, 0] = before[pattern[k], lane]
                out[lane, group, k, 1] = total[k, lane]
                out[lane, group, k, 2] = ranked[k, lane]
                out[lane, group, k, 3] = drawn[pattern[k], lane]
                total[k, lane] = 0.0
                ranked[k, lane] = 0.0
        before[:, :] = 0.0
        drawn[:, :] = 0.0


@parallel_kernel
def replicate_moments(
    multipliers: FloatArray,
    unit: UnitArray,
    weights: FloatArray,
    amounts: FloatArray,
    pattern: IntArray,
    ends: IntArray,
    group_ties: IntArray,
) -> FloatArray:
    """Return W, T = sum w y, S = sum w y R and the tie groups drawn: (b, g, k, 4) of replicates, groups, outcomes.

    multipliers (blocks, u, LANES). R is in units of weight, so the generalized index is 2 S / W^2 - T / W.
    """
    n_blocks = multipliers.shape[0]
    out = np.empty((n_blocks * LANES, group_ties.shape[0] - 1, amounts.shape[0], 4))
    for block in prange(n_blocks):
        low = block * LANES
        _block_moments(multipliers[block], unit, weights, amounts, pattern, ends, group_ties, out[low : low + LANES])
    return out


@kernel
def _block_shaped(
    multiplier: FloatArray,
    unit: UnitArray,
    weights: FloatArray,
    amounts: FloatArray,
    pattern: IntArray,
    ends: IntArray,
    group_ties: IntArray,
    moments: FloatArray,
    family: int,
    parameter: float,
    out: FloatArray,
) -> None:
    """Accumulate the extended or symmetric numerator; the total weights come from `moments`."""
    n_outcomes = amounts.shape[0]
    for group in range(group_ties.shape[0] - 1):
        first, last = group_ties[group], group_ties[group + 1]
        for k in range(n_outcomes):
            p = pattern[k]
            before, previous = np.zeros(LANES), np.empty(LANES)
            previous[:] = shape(family, 0.0, parameter)
            inside, amount, N = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES)
            row = ends[first - 1] if first > 0 else 0
            for t in range(first, last):
                inside[:] = 0.0
                amount[:] = 0.0
                for i in range(row, ends[t]):
                    u, w, y = unit[i], weights[p, i], amounts[k, i]
                    for lane in range(LANES):
                        inside[lane] += w * multiplier[u, lane]
                        amount[lane] += y * multiplier[u, lane]
                row = ends[t]
                for lane in range(LANES):
                    if inside[lane] > 0.0:
                        W = moments[lane, group, k, 0]
                        before[lane] += inside[lane]
                        current = shape(family, before[lane] / W, parameter)
                        bracket = current - previous[lane]
                        if family == EXTENDED_FAMILY:
                            bracket += inside[lane] / W
                        N[lane] += amount[lane] / inside[lane] * bracket
                        previous[lane] = current
            for lane in range(LANES):
                out[lane, group, k] = N[lane] if moments[lane, group, k, 0] > 0.0 else np.nan


@parallel_kernel
def replicate_shaped(
    multipliers: FloatArray,
    unit: UnitArray,
    weights: FloatArray,
    amounts: FloatArray,
    pattern: IntArray,
    ends: IntArray,
    group_ties: IntArray,
    moments: FloatArray,
    family: int,
    parameter: float,
) -> FloatArray:
    """Return the extended or symmetric numerator of each replicate, group and outcome: (b, g, k).

    `moments` is what `replicate_moments` gave for the same multipliers. A second sweep over the rows.
    """
    n_blocks = multipliers.shape[0]
    out = np.empty((n_blocks * LANES, group_ties.shape[0] - 1, amounts.shape[0]))
    for block in prange(n_blocks):
        low, high = block * LANES, (block + 1) * LANES
        _block_shaped(
            multipliers[block], unit, weights, amounts, pattern, ends, group_ties,
            moments[low:high], family, parameter, out[low:high],
        )  # fmt: skip
    return out


@kernel
def _unit_variance(totals: FloatArray, counts: FloatArray, stratum_end: IntArray) -> float:
    """Return sum_h n_h / (n_h - 1) sum (u - ubar_h)^2, n_h counting a unit as often as it was drawn."""
    variance, low = 0.0, 0
    for h in range(stratum_end.shape[0]):
        size, first, second = 0.0, 0.0, 0.0
        for u in range(low, stratum_end[h]):
            if counts[u] > 0.0:
                size += counts[u]
                first += totals[u]
                second += totals[u] ** 2 / counts[u]
        low = stratum_end[h]
        if size > 1.0:
            variance += size / (size - 1.0) * (second - first**2 / size)
    return variance


@parallel_kernel
def replicate_std_errors(
    multipliers: FloatArray,
    unit: UnitArray,
    weight: FloatArray,
    outcome: FloatArray,
    ends: IntArray,
    stratum_end: IntArray,
    code: int,
    bounds: tuple[float, float],
    parameter: float,
    family: int,
) -> FloatArray:
    """Return the linearised standard error of an index inside each replicate (b,), for studentized intervals.

    One complete sample: weight, outcome (n,), ends (t,). A unit's multiplier is how often it was drawn.
    This costs about four sweeps over the rows for each replicate.
    """
    n_blocks, n_units = multipliers.shape[0], multipliers.shape[1]
    out = np.empty(n_blocks * LANES)
    n = weight.shape[0]
    for replicate in prange(n_blocks * LANES):
        multiplier = multipliers[replicate // LANES]
        lane = replicate % LANES
        w = np.empty(n)
        for i in range(n):
            w[i] = weight[i] * multiplier[unit[i], lane]
        W, mu, N = numerator(family, parameter, w, outcome, ends)
        z = numerator_influence(family, parameter, w, outcome, ends, W, mu, N)
        by_N, by_mu = index_gradient(code, N, mu, bounds[0], bounds[1], parameter)
        totals, counts = np.zeros(n_units), np.empty(n_units)
        for u in range(n_units):
            counts[u] = multiplier[u, lane]
        for i in range(n):
            totals[unit[i]] += w[i] / W * (by_N * z[i] + by_mu * (outcome[i] - mu))
        out[replicate] = np.sqrt(_unit_variance(totals, counts, stratum_end))
    return out
