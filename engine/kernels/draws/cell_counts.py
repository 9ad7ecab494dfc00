"""Bootstrap counts of cells: rows alike in group, rank, outcomes and weight are drawn together, exactly.

A bootstrap of n rows draws a cell of n_c rows Binomial(n, n_c / n) times. Draw Poisson(rate n_c) for every
cell from a table of its distribution, with a rate a little below 1; draw again if the sum exceeds n; and add
what is missing to n row by row. Given their sum, Poisson counts are independent draws of rows, so that the
result is the multinomial of the ordinary bootstrap.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import WordArray
from engine.kernels.draws.streams import draw, uniform
from engine.kernels.jit import inlined, kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class CountTables(NamedTuple):
    """Alias tables of Poisson distributions (Walker 1977), one after another.

    offset (tables + 1,), smallest (tables,)
        Where the columns of each table begin and end, and the count of its first column.
    keep, other (columns,)
        A column gives its count with probability `keep`, else the count of column `other` of the table.
    """

    offset: IntArray
    smallest: IntArray
    keep: FloatArray
    other: IntArray


class DrawnCells(NamedTuple):
    """The cells to draw from.

    table_of_cell (c,), tables
        Which table has the distribution of a cell's count.
    cell_end (c,)
        Where the rows of each cell end: counts add up to the last entry; empty leaves them Poisson.
    guide (entries,)
        `row_guide` of cell_end; empty with it.
    """

    table_of_cell: IntArray
    tables: CountTables
    cell_end: IntArray
    guide: IntArray


@kernel
def _support(mean: float) -> tuple[int, FloatArray]:
    """Return (smallest count, probabilities) of a Poisson, with the same bits on any machine."""
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
def _fill_alias_table(p: FloatArray, keep: FloatArray, other: IntArray) -> None:
    """Fill the alias table of probabilities p, in the way of Vose (1991)."""
    n = p.shape[0]
    scaled = p * n
    small, large = np.empty(n, np.int64), np.empty(n, np.int64)
    n_small, n_large = 0, 0
    for column in range(n):
        keep[column], other[column] = 1.0, column
        if scaled[column] < 1.0:
            small[n_small] = column
            n_small += 1
        else:
            large[n_large] = column
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
def count_tables(sizes: IntArray, rate: float) -> CountTables:
    """Return the tables of Poisson(rate * size) for each of sizes (tables,)."""
    offset, smallest = np.zeros(sizes.shape[0] + 1, np.int64), np.empty(sizes.shape[0], np.int64)
    for table in range(sizes.shape[0]):
        smallest[table], p = _support(rate * sizes[table])
        offset[table + 1] = offset[table] + p.shape[0]
    keep, other = np.empty(offset[-1]), np.empty(offset[-1], np.int64)
    for table in range(sizes.shape[0]):
        _, p = _support(rate * sizes[table])
        columns = slice(offset[table], offset[table + 1])
        _fill_alias_table(p, keep[columns], other[columns])
    return CountTables(offset, smallest, keep, other)


@kernel
def row_guide(cell_end: IntArray, entries: int) -> IntArray:
    """Return the cell of the first row in each of `entries` equal stretches; a search starts there."""
    guide = np.zeros(entries, np.int64)
    c = 0
    for entry in range(entries):
        row = entry * cell_end[-1] // entries
        while row >= cell_end[c]:
            c += 1
        guide[entry] = c
    return guide


@inlined
def _draw_count(start: np.uint64, position: int, table: int, tables: CountTables) -> int:
    """Draw a count from a table: one draw gives the column, and what is left of it decides for or against."""
    scaled = uniform(draw(start, position)) * (tables.offset[table + 1] - tables.offset[table])
    column = int(scaled)
    place = tables.offset[table] + column
    kept = scaled - column < tables.keep[place]
    return int(tables.smallest[table] + (column if kept else tables.other[place]))


@kernel
def draw_cells(starts: WordArray, cells: DrawnCells, counts: NDArray[Any]) -> None:
    """Draw the counts (c, lanes) of each cell in the replicates of a block; starts (lanes,)."""
    totals = np.zeros(counts.shape[1], np.int64)
    for c in range(
        counts.shape[0]
    ):  # lanes inside: a table is read for all replicates while it is in the cache
        for lane in range(counts.shape[1]):
            count = _draw_count(starts[lane], c, cells.table_of_cell[c], cells.tables)
            counts[c, lane] = count
            totals[lane] += count
    if cells.cell_end.shape[0] > 0:
        for lane in range(counts.shape[1]):
            _complete(starts[lane], cells, totals[lane], counts[:, lane])


@kernel
def _complete(start: np.uint64, cells: DrawnCells, total: int, counts: NDArray[Any]) -> None:
    """Bring the total of one replicate's counts (c,) to n: draw again while it exceeds n, then add rows."""
    n_cells, n = counts.shape[0], cells.cell_end[-1]
    position = n_cells
    while total > n:
        total = 0
        for c in range(n_cells):
            count = _draw_count(start, position + c, cells.table_of_cell[c], cells.tables)
            counts[c] = count
            total += count
        position += n_cells
    for _ in range(n - total):
        u = uniform(draw(start, position))
        row, c = int(u * n), cells.guide[int(u * cells.guide.shape[0])]
        while row >= cells.cell_end[c]:
            c += 1
        counts[c] += 1
        position += 1
