"""Tie groups and weighted fractional ranks on rows sorted by rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel
def tie_ends(rank: IntArray) -> IntArray:
    """Return where each run of equal ranks ends: rank (n,) sorted -> (t,), the last entry is n."""
    n = rank.shape[0]
    count = 0
    for i in range(n):
        if i + 1 == n or rank[i + 1] != rank[i]:
            count += 1
    ends = np.empty(count, np.int64)
    t = 0
    for i in range(n):
        if i + 1 == n or rank[i + 1] != rank[i]:
            ends[t] = i + 1
            t += 1
    return ends


@kernel
def weighted_fractional_rank(weight: FloatArray, ends: IntArray) -> FloatArray:
    """Return the mid-rank R_i = (p_{t-1} + p_t) / 2 of each row (STATISTICS, section 1).

    weight (n,), ends (t,) -> (n,) in (0, 1); their weighted mean is 1/2.
    """
    n = weight.shape[0]
    total = 0.0
    for i in range(n):
        total += weight[i]
    rank = np.empty(n)
    before, low = 0.0, 0
    for t in range(ends.shape[0]):
        inside = 0.0
        for i in range(low, ends[t]):
            inside += weight[i]
        middle = (before + 0.5 * inside) / total
        for i in range(low, ends[t]):
            rank[i] = middle
        before += inside
        low = ends[t]
    return rank
