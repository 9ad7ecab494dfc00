"""Sums over domains (levels x waves) in one pass, for tables of counts, means and rates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels._jit import kernel

FloatArray = NDArray[np.float64]
UnitArray = NDArray[np.int32]


@kernel
def domain_sums(domain: UnitArray, n_domains: int, weight: FloatArray, value: FloatArray) -> FloatArray:
    """Return rows, sum w, sum w v and sum w (v - mean)^2 of each domain: (domains, 4).

    domain (n,) holds a number from 0, or -1 for rows in none; value (n,) has no NaN there.
    """
    out = np.zeros((n_domains, 4))
    for i in range(domain.shape[0]):
        d = domain[i]
        if d >= 0:
            out[d, 0] += 1.0
            out[d, 1] += weight[i]
            out[d, 2] += weight[i] * value[i]
    for i in range(domain.shape[0]):
        d = domain[i]
        if d >= 0 and out[d, 1] > 0.0:
            out[d, 3] += weight[i] * (value[i] - out[d, 2] / out[d, 1]) ** 2
    return out


@kernel
def domain_mean_totals(
    domain: UnitArray,
    sums: FloatArray,
    weight: FloatArray,
    value: FloatArray,
    unit: UnitArray,
    n_units: int,
) -> FloatArray:
    """Return w (v - mean of its domain) / W of its domain, summed by unit: (domains, u).

    These are the linearised totals of the domain means (ratio estimators).
    """
    totals = np.zeros((sums.shape[0], n_units))
    for i in range(domain.shape[0]):
        d = domain[i]
        if d >= 0:
            W = sums[d, 1]
            totals[d, unit[i]] += weight[i] * (value[i] - sums[d, 2] / W) / W
    return totals


@kernel
def domain_mean_squares(
    domain: UnitArray, sums: FloatArray, weight: FloatArray, value: FloatArray
) -> FloatArray:
    """Return sum [w (v - mean) / W]^2 of each domain (domains,), when every row is its own unit."""
    out = np.zeros(sums.shape[0])
    for i in range(domain.shape[0]):
        d = domain[i]
        if d >= 0:
            W = sums[d, 1]
            out[d] += (weight[i] * (value[i] - sums[d, 2] / W) / W) ** 2
    return out
