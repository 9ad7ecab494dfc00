"""The sweep of an exact bootstrap with few cells: it keeps the sums of all cells and completes them.

Only at its end does a sweep know how many draws a replicate lacks. With the sums of all cells at hand these
draws can still be added, so that rows are drawn once and not twice (see `exact_totals`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.exact_totals import add_counts, move_on
from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.streams import draw, uniform
from engine.kernels.draws.tiles import BatchDraws, fill_tile, new_tile
from engine.kernels.index.midrank_sums import close_up, new_midrank_sums, new_moments
from engine.kernels.index.ranked_rows import RankedRows, first_group
from engine.kernels.jit import kernel
from engine.kernels.sweep import add_rows, add_rows_and_squares, run_end, sweep_blocks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


class CellSums(NamedTuple):
    """Sums of w m and w^2 m of each cell, (c, lanes); m is the multiplier; squares (0, lanes) if unused."""

    weight: FloatArray
    square: FloatArray


@kernel
def _fill_cells(
    draws: BatchDraws, b: int, rows: RankedRows, errors: bool, cells: CellSums, totals: IntArray
) -> None:
    """Fill the sums of cells in block b, and the totals (lanes,) of the multipliers."""
    n, (tile, words) = rows.weight.shape[0], new_tile(draws)
    short = np.empty(totals.shape[0], np.uint16)
    cells.weight[:, :] = 0.0
    cells.square[:, :] = 0.0
    totals[:] = 0
    cell, low = 0, 0
    while low < rows.cell_end[-1]:
        high = run_end(rows.cell_end, cell, low)
        at = low % TILE
        if at == 0:
            drawn = tile[: min(TILE, n - low)]
            fill_tile(draws, b, low, words, drawn)
            add_counts(drawn, short, totals)
        weight, multipliers = rows.weight[low:high], tile[at : at + high - low]
        if errors:
            add_rows_and_squares(weight, multipliers, cells.weight[cell], cells.square[cell])
        else:
            add_rows(weight, multipliers, cells.weight[cell])
        cell += high == rows.cell_end[cell]
        low = high


@kernel
def _add_missing(
    starts: NDArray[np.uint64],
    rows: RankedRows,
    cell_of_row: UnitArray,
    totals: IntArray,
    errors: bool,
    cells: CellSums,
) -> None:
    """Add the draws that each replicate lacks of n to the sums of cells."""
    n = rows.weight.shape[0]
    for lane in range(totals.shape[0]):
        for number in range(n - totals[lane]):
            i = int(uniform(draw(starts[lane], n + number)) * n)
            w, c = rows.weight[i], cell_of_row[i]
            cells.weight[c, lane] += w
            if errors:
                cells.square[c, lane] += w * w


@kernel
def sweep_few_cells(
    draws: BatchDraws,
    b: int,
    rows: RankedRows,
    cell_of_row: UnitArray,
    errors: bool,
    moments: FloatArray,
    spread: FloatArray,
) -> None:
    """Write the sums of block b to moments (lanes, g, k, 4) and spread (lanes, g, k, 3 or 0)."""
    lanes, n_cells = moments.shape[0], rows.cell_end.shape[0]
    cells = CellSums(np.empty((n_cells, lanes)), np.empty((n_cells if errors else 0, lanes)))
    totals = np.empty(lanes, np.int64)
    again = True
    while again:
        _fill_cells(draws, b, rows, errors, cells, totals)
        again = move_on(rows.weight.shape[0], draws.quads[b], totals)
    _add_missing(draws.starts[b], rows, cell_of_row, totals, errors, cells)
    sums = new_midrank_sums(rows, lanes)
    tie, group = 0, first_group(rows)
    for cell in range(n_cells):
        for lane in range(lanes):
            sums.tie.cell_weight[lane] = cells.weight[cell, lane]
            if errors:
                sums.tie.cell_square[lane] = cells.square[cell, lane]
        tie, group = close_up(rows, sums, errors, cell, tie, group, moments, spread)


def exact_moments(
    draws: BatchDraws, rows: RankedRows, cell_of_row: UnitArray, errors: bool
) -> tuple[FloatArray, FloatArray]:
    """Return what `replicate_moments` returns, from draws of ROWS that are not completed.

    cell_of_row (n,) int32. The streams draws.quads move on in place where a total exceeds n.
    """
    moments, spread = new_moments(draws, rows, errors)

    def sweep(b: int, *block: FloatArray) -> None:
        sweep_few_cells(draws, b, rows, cell_of_row, errors, *block)

    sweep_blocks(draws, sweep, moments, spread)
    return moments, spread
