"""Bootstrap counts of cells: rows alike in group, rank, outcomes and weight are drawn together, exactly.

A bootstrap of n rows draws a cell of n_c rows Binomial(n, n_c / n) times. Draw Poisson(rate n_c) for every cell
from a table of its distribution, with a rate a little under 1; again if they exceed n in sum; and add what is
missing to n row by row. Given their sum, Poisson counts are independent draws of rows, so the result is the
multinomial of the ordinary bootstrap.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import WordArray
from engine.kernels.draws.streams import draw, uniform
from engine.kernels.jit import inlined, kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel
def _support(mean: float) -> tuple[int, FloatArray]:
    """Return (smallest count, probabilities) of a Poisson; by products and quotients only, alike on any machine."""
    mode = int(mean)
    spread = int(10.0 * math.sqrt(mean)) + 24
    low, high = max(mode - spread, 0), mode + spread
    p = np.zeros(high - low + 1)
    p[mode - low], total = 1.0, 0.0
    for k in range(mode + 1, high + 1):
        p[k - low] = p[k - 1 - low] * mean / k
    for k in range(mode - 1, low - 1, -1):
        p[k - low] = p[k + 1 - low] * (k + 1) / mean
    for k in range(p.shape[0]):
        total += p[k]
    return low, p / total


@kernel
def _alias(p: FloatArray, keep: FloatArray, other: IntArray) -> None:
    """Build Walker's alias table in Vose's way: column k gives k with probability keep[k], else other[k]."""
    n = p.shape[0]
    scaled = p * n
    small, large = np.empty(n, np.int64), np.empty(n, np.int64)
    n_small, n_large = 0, 0
    for k in range(n):
        keep[k], other[k] = 1.0, k
        if scaled[k] < 1.0:
            small[n_small] = k
            n_small += 1
        else:
            large[n_large] = k
            n_large += 1
    while n_small > 0 and n_large > 0:
        n_small -= 1
        few, many = small[n_small], large[n_large - 1]
        keep[few], other[few] = scaled[few], many
        scaled[many] -= 1.0 - scaled[few]
        if scaled[many] < 1.0:
            n_large -= 1
            small[n_small] = many
            n_small += 1


@kernel
def count_tables(sizes: IntArray, rate: float) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
    """Return alias tables of Poisson(rate * size) for each of sizes (s,).

    (offset (s + 1,), smallest count (s,), keep, other): table t stands in offset[t] .. offset[t + 1].
    """
    offset, low = np.zeros(sizes.shape[0] + 1, np.int64), np.empty(sizes.shape[0], np.int64)
    for t in range(sizes.shape[0]):
        low[t], p = _support(rate * sizes[t])
        offset[t + 1] = offset[t] + p.shape[0]
    keep, other = np.empty(offset[-1]), np.empty(offset[-1], np.int64)
    for t in range(sizes.shape[0]):
        _, p = _support(rate * sizes[t])
        _alias(p, keep[offset[t] : offset[t + 1]], other[offset[t] : offset[t + 1]])
    return offset, low, keep, other


@inlined
def _look_up(u: float, t: int, offset: IntArray, low: IntArray, keep: FloatArray, other: IntArray) -> int:
    """Look a count up in table t: the column, and what is left of the draw against its probability."""
    scaled = u * (offset[t + 1] - offset[t])
    column = int(scaled)
    place = offset[t] + column
    return int(low[t] + (column if scaled - column < keep[place] else other[place]))


@kernel
def row_guide(cell_end: IntArray, entries: int) -> IntArray:
    """Return, for the first row of each of `entries` equal stretches of rows, its cell: where to start looking."""
    guide = np.zeros(entries, np.int64)
    c = 0
    for g in range(entries):
        row = g * cell_end[-1] // entries
        while row >= cell_end[c]:
            c += 1
        guide[g] = c
    return guide


@kernel
def draw_cells(
    starts: WordArray,
    table_of_cell: IntArray,
    offset: IntArray,
    low: IntArray,
    keep: FloatArray,
    other: IntArray,
    cell_end: IntArray,
    guide: IntArray,
    counts: NDArray[Any],
) -> None:
    """Draw the counts (cells, lanes) of each replicate.

    cell_end (c,) makes them add up to n, its last entry; empty leaves them Poisson. guide is `row_guide` of it.
    """
    n_cells, n = counts.shape[0], cell_end[-1] if cell_end.shape[0] > 0 else 0
    totals = np.zeros(counts.shape[1], np.int64)
    for c in range(n_cells):  # cells outside: a table is read for all replicates while it is in the cache
        for lane in range(counts.shape[1]):
            u = uniform(draw(starts[lane], c))
            count = _look_up(u, table_of_cell[c], offset, low, keep, other)
            counts[c, lane] = count
            totals[lane] += count
    if n > 0:
        for lane in range(counts.shape[1]):
            position = n_cells
            while totals[lane] > n:
                totals[lane] = 0
                for c in range(n_cells):
                    u = uniform(draw(starts[lane], position + c))
                    count = _look_up(u, table_of_cell[c], offset, low, keep, other)
                    counts[c, lane] = count
                    totals[lane] += count
                position += n_cells
            for _ in range(n - totals[lane]):
                u = uniform(draw(starts[lane], position))
                row, c = int(u * n), guide[int(u * guide.shape[0])]
                while row >= cell_end[c]:
                    c += 1
                counts[c, lane] += 1
                position += 1
