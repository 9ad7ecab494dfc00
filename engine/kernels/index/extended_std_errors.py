"""The linearised standard error of an extended or symmetric index inside each replicate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.index.indices import IndexFormula, index_gradient
from engine.kernels.index.numerators import RankedSample, numerator, numerator_influence
from engine.kernels.jit import kernel, parallel_kernel, prange

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


@kernel
def _unit_variance(totals: FloatArray, counts: FloatArray, stratum_end: IntArray) -> float:
    """Return sum_h n_h / (n_h - 1) sum (u - ubar_h)^2, where n_h counts a unit as often as it was drawn."""
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
    sample: RankedSample,
    stratum_end: IntArray,
    index: IndexFormula,
    origin: float,
) -> FloatArray:
    """Return the linearised standard error of an index inside each replicate (r,), for studentized intervals.

    Costs about four sweeps over the rows for each replicate.

    Parameters
    ----------
    multipliers
        (b, u, lanes) how often each unit was drawn.
    unit
        (n,) int32 the unit of each row.
    sample
        One complete sample; its outcome is measured from `origin`.
    stratum_end
        (h,) where the units of each stratum end.
    """
    n_blocks, n_units, lanes = multipliers.shape
    out = np.empty(n_blocks * lanes)
    weight, outcome, ends = sample.weight, sample.outcome, sample.tie_end
    n = weight.shape[0]
    for r in prange(n_blocks * lanes):
        multiplier = multipliers[r // lanes]
        lane = r % lanes
        w = np.empty(n)
        for i in range(n):
            w[i] = weight[i] * multiplier[unit[i], lane]
        W, mu, N = numerator(index.family, index.parameter, w, outcome, ends)
        z = numerator_influence(index.family, index.parameter, w, outcome, ends, W, mu, N)
        by_N, by_mu = index_gradient(index, N, origin + mu)
        totals, counts = np.zeros(n_units), np.empty(n_units)
        for u in range(n_units):
            counts[u] = multiplier[u, lane]
        for i in range(n):
            totals[unit[i]] += w[i] / W * (by_N * z[i] + by_mu * (outcome[i] - mu))
        out[r] = np.sqrt(_unit_variance(totals, counts, stratum_end))
    return out
