"""Scores of a binary model summed by sampling unit: the meat of clustered and design-based covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]
UnitArray = NDArray[np.int32]


@kernel
def unit_scores(
    X: FloatArray,
    mu: FloatArray,
    pattern: UnitArray,
    weight: FloatArray,
    y: FloatArray,
    unit: UnitArray,
    n_units: int,
) -> FloatArray:
    """Return sum over a unit's rows of w (y - mu) x, (q, n_units); X (p, q) and mu (p,) by pattern, the rest by row."""
    q = X.shape[1]
    totals = np.zeros((n_units, q))
    for i in range(pattern.shape[0]):
        p = pattern[i]
        residual = weight[i] * (y[i] - mu[p])
        for k in range(q):
            totals[unit[i], k] += residual * X[p, k]
    return np.ascontiguousarray(totals.T)
