"""The linearised standard error of an extended or symmetric index inside a replicate, one replicate at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.index.indices import index_gradient
from engine.kernels.index.numerators import numerator, numerator_influence
from engine.kernels.jit import kernel, parallel_kernel, prange

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


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
    n_blocks, n_units, lanes = multipliers.shape
    out = np.empty(n_blocks * lanes)
    n = weight.shape[0]
    for replicate in prange(n_blocks * lanes):
        multiplier = multipliers[replicate // lanes]
        lane = replicate % lanes
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
