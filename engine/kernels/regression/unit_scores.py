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
    """Return the sum of w (y - mu) x over the rows of each unit: (q, u).

    X (p, q) and mu (p,) are covariates and mean of a pattern; pattern, weight, y and unit (n,) are those of a
    row.
    """
    q = X.shape[1]
    totals = np.zeros((n_units, q))
    for i in range(pattern.shape[0]):
        p = pattern[i]
        residual = weight[i] * (y[i] - mu[p])
        for column in range(q):
            totals[unit[i], column] += residual * X[p, column]
    return np.ascontiguousarray(totals.T)
