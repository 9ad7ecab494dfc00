"""Sums whose bits do not depend on the order of their terms.

A term is split into three slices on grids that its sum cannot leave (Demmel and Nguyen 2013): the slices of a
grid add up without rounding, whatever their order. Only the last steps round, and these have a fixed order.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined, kernel

FloatArray = NDArray[np.float64]

SLICES = 3
_MOST_EXPONENT = 1000  # above it the grids would overflow: plain sums


@kernel
def grids(largest: FloatArray, n_terms: int) -> FloatArray:
    """Return the grids (m, 3) of m sums of at most n_terms terms, given the largest size of a term (m,).

    The numbers near a grid g = 1.5 2^k are 2^(k - 52) apart, so that (x + g) - g is x on that raster.
    """
    spare = 1
    while (1 << spare) <= 2 * n_terms:
        spare += 1
    out = np.zeros((largest.shape[0], SLICES))
    for d in range(largest.shape[0]):
        if largest[d] > 0.0 and largest[d] < math.inf:
            exponent = math.frexp(largest[d])[1] + spare
            for s in range(SLICES):
                if exponent < _MOST_EXPONENT:
                    out[d, s] = math.ldexp(1.5, exponent)
                exponent += spare - 52
    return out


@inlined
def add_term(sums: FloatArray, grid: FloatArray, x: float) -> None:
    """Add x to the slices (3,) of a sum with this grid (3,)."""
    first = (x + grid[0]) - grid[0]
    rest = x - first
    second = (rest + grid[1]) - grid[1]
    rest -= second
    sums[0] += first
    sums[1] += second
    sums[2] += (rest + grid[2]) - grid[2]
