"""Design variance of weighted totals: sums of influence values by sampling unit, compared within strata."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


@kernel
def add_unit_totals(totals: FloatArray, unit: UnitArray, weight: FloatArray, z: FloatArray, W: float) -> None:
    """Add w z / W of each row (n,) to its unit's total (u,)."""
    for i in range(weight.shape[0]):
        totals[unit[i]] += weight[i] * z[i] / W


@kernel
def _means(totals: FloatArray, low: int, high: int, size: int, mean: FloatArray) -> None:
    """Put the sums of totals (q, m) from low to high over the size of their stratum into mean (q,).

    The mean of a stratum of one unit is 0.
    """
    for a in range(totals.shape[0]):
        mean[a] = 0.0
        if size > 1:
            for i in range(low, high):
                mean[a] += totals[a, i]
            mean[a] /= size


@kernel
def design_covariance(
    totals: FloatArray, stratum_end: IntArray, population: FloatArray, *, centre_single: bool
) -> FloatArray:
    """Return the covariance (q, q) of weighted totals (q, u) of q estimates, units sorted by stratum.

    Sum over strata of (1 - n_h/N_h) n_h/(n_h - 1) sum (u - ubar)(u - ubar)'. population (h,) holds N_h, the
    PSUs in the population; infinite means no finite population correction. A stratum of one PSU adds nothing
    (certainty), or, with centre_single, its squared distance from the mean over all strata, which is 0 for
    influence values.
    """
    n_estimates = totals.shape[0]
    covariance = np.zeros((n_estimates, n_estimates))
    mean = np.empty(n_estimates)
    low = 0
    for h in range(stratum_end.shape[0]):
        high = stratum_end[h]
        size = high - low
        factor = 1.0 - size / population[h]
        if size > 1:
            factor *= size / (size - 1.0)
        elif not centre_single:
            low = high
            continue
        _means(totals, low, high, size, mean)
        for a in range(n_estimates):
            for b in range(a + 1):
                product = 0.0
                for u in range(low, high):
                    product += (totals[a, u] - mean[a]) * (totals[b, u] - mean[b])
                covariance[a, b] += factor * product
        low = high
    for a in range(n_estimates):
        for b in range(a):
            covariance[b, a] = covariance[a, b]
    return covariance


@kernel
def sparse_covariance(
    units: IntArray,
    totals: FloatArray,
    stratum_of_unit: IntArray,
    stratum_end: IntArray,
    population: FloatArray,
    *,
    centre_single: bool,
) -> FloatArray:
    """Return what `design_covariance` does, from few units: only these (m,) have totals (q, m) other than 0.

    The units are in their order.
    """
    n_estimates = totals.shape[0]
    covariance = np.zeros((n_estimates, n_estimates))
    mean = np.empty(n_estimates)
    low = 0
    while low < units.shape[0]:
        h, high = stratum_of_unit[units[low]], low
        while high < units.shape[0] and stratum_of_unit[units[high]] == h:
            high += 1
        size = stratum_end[h] - (stratum_end[h - 1] if h > 0 else 0)
        factor = 1.0 - size / population[h]
        if size > 1:
            factor *= size / (size - 1.0)
        elif not centre_single:
            factor = 0.0
        _means(totals, low, high, size, mean)
        for a in range(n_estimates):
            for b in range(a + 1):
                product = (size - (high - low)) * mean[a] * mean[b]
                for i in range(low, high):
                    product += (totals[a, i] - mean[a]) * (totals[b, i] - mean[b])
                covariance[a, b] += factor * product
        low = high
    for a in range(n_estimates):
        for b in range(a):
            covariance[b, a] = covariance[a, b]
    return covariance


@kernel
def cubed_and_squared(totals: FloatArray, stratum_end: IntArray) -> tuple[float, float]:
    """Return (sum d^3, sum d^2), d the distance of unit totals (u,) from their stratum's mean, for BCa."""
    third, second, low = 0.0, 0.0, 0
    for h in range(stratum_end.shape[0]):
        high = stratum_end[h]
        mean = 0.0
        for u in range(low, high):
            mean += totals[u]
        mean /= max(high - low, 1)
        for u in range(low, high):
            d = totals[u] - mean
            third += d * d * d
            second += d * d
        low = high
    return third, second
