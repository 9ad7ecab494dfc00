"""The sweep of an exact bootstrap where cells are few: their sums are kept, and completed rows are added to them.

Only at its end does a sweep know how many draws a replicate lacks. With the sums of all cells at hand they can
still be added, so that rows are drawn once and not twice (see `completion`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.exact_totals import add_counts, move_on
from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.streams import draw, uniform
from engine.kernels.draws.tiles import Batch, fill_tile
from engine.kernels.index.midrank_sweep import (
    Rows,
    add_rows,
    add_rows_and_squares,
    close_up,
    first_group,
    new_sums,
)
from engine.kernels.jit import in_threads, kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel
def _cell_sums(
    batch: Batch, b: int, rows: Rows, errors: bool, first: FloatArray, second: FloatArray, totals: IntArray
) -> None:
    """Fill first and second (c, lanes), sums of w m and w^2 m, and the totals (lanes,) of m."""
    lanes, n = totals.shape[0], rows.weight.shape[0]
    tile, words = np.empty((TILE, lanes), batch.table.dtype), np.empty(TILE * lanes // 4, np.uint64)
    short = np.empty(lanes, np.uint16)
    first[:, :] = 0.0
    second[:, :] = 0.0
    totals[:] = 0
    cell = 0
    for number in range(-(-n // TILE)):
        low = number * TILE
        high = min(low + TILE, n)
        fill_tile(batch, b, number, low, words, tile[: high - low])
        add_counts(tile[: high - low], short, totals)
        i = low
        while i < high:
            j = min(rows.cell_end[cell], high)
            if errors:
                add_rows_and_squares(rows.weight[i:j], tile[i - low : j - low], first[cell], second[cell])
            else:
                add_rows(rows.weight[i:j], tile[i - low : j - low], first[cell])
            i = j
            cell += j == rows.cell_end[cell]


@kernel
def _complete(
    starts: NDArray[np.uint64],
    rows: Rows,
    cell_of_row: NDArray[np.int32],
    totals: IntArray,
    errors: bool,
    first: FloatArray,
    second: FloatArray,
) -> None:
    n = rows.weight.shape[0]
    for lane in range(totals.shape[0]):
        for j in range(n - totals[lane]):
            i = int(uniform(draw(starts[lane], n + j)) * n)
            w, c = rows.weight[i], cell_of_row[i]
            first[c, lane] += w
            if errors:
                second[c, lane] += w * w


@kernel
def sweep_few(
    batch: Batch,
    b: int,
    rows: Rows,
    cell_of_row: NDArray[np.int32],
    errors: bool,
    moments: FloatArray,
    spread: FloatArray,
) -> None:
    """Write the sums of block b to moments (lanes, g, k, 4) and spread (lanes, g, k, 3 or 0)."""
    lanes, cells = moments.shape[0], rows.cell_end.shape[0]
    first, second = np.empty((cells, lanes)), np.empty((cells if errors else 0, lanes))
    totals = np.empty(lanes, np.int64)
    again = True
    while again:
        _cell_sums(batch, b, rows, errors, first, second, totals)
        again = move_on(rows.weight.shape[0], batch.quads[b], totals)
    _complete(batch.starts[b], rows, cell_of_row, totals, errors, first, second)
    sums = new_sums(lanes, rows.present.shape[0], rows.outcome.shape[0])
    tie, group = 0, first_group(rows)
    for c in range(cells):
        for lane in range(lanes):
            sums.first[lane] = first[c, lane]
            if errors:
                sums.second[lane] = second[c, lane]
        tie, group = close_up(rows, sums, errors, c, tie, group, moments, spread)


def exact_moments(
    batch: Batch, rows: Rows, cell_of_row: NDArray[np.int32], errors: bool
) -> tuple[FloatArray, FloatArray]:
    """Return what `replicate_moments` does, of a batch of ROWS that is not completed (its quads move on in place)."""
    n_blocks, lanes = batch.starts.shape
    G, K = rows.group_end.shape[0], rows.outcome.shape[0]
    moments = np.zeros((n_blocks * lanes, G, K, 4))
    spread = np.zeros((n_blocks * lanes, G, K, 3 if errors else 0))

    def work(b: int) -> None:
        low, high = b * lanes, (b + 1) * lanes
        sweep_few(batch, b, rows, cell_of_row, errors, moments[low:high], spread[low:high])

    in_threads(work, n_blocks)
    return moments, spread
