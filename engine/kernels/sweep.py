"""The skeleton of every sweep over sorted rows: tile by tile, and inside a tile from cell to cell.

A sweep holds the multipliers of one tile. Rows of a cell are added up as they come, and what cells mean
enters where a cell ends::

    tile, words = new_tile(draws)
    cell, low = 0, 0
    while low < cell_end[-1]:
        high = run_end(cell_end, cell, low)
        at = low % TILE
        if at == 0:
            fill_tile(draws, b, low, words, tile[: min(TILE, n - low)])
        add_rows(weight[low:high], tile[at : at + high - low], sums)
        if high == cell_end[cell]:
            ...  # the sums of the cell are complete
        cell += high == cell_end[cell]
        low = high

A generator would be shorter, but numba cannot load one from its cache into a kernel that it still compiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.tiles import BatchDraws
from engine.kernels.jit import in_threads, kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel
def run_end(cell_end: IntArray, cell: int, low: int) -> int:
    """Return where the rows from `low` on leave their cell or tile; cell_end (c,), cells are not empty."""
    return int(min(cell_end[cell], low - low % TILE + TILE))


@kernel
def add_rows(weight: FloatArray, multipliers: NDArray[Any], sums: FloatArray) -> None:
    """Add w times the multiplier of some rows (rows, lanes) to sums (lanes,)."""
    for i in range(multipliers.shape[0]):
        w = weight[i]
        for lane in range(sums.shape[0]):
            sums[lane] += w * multipliers[i, lane]


@kernel
def add_rows_and_squares(
    weight: FloatArray, multipliers: NDArray[Any], sums: FloatArray, squares: FloatArray
) -> None:
    """As `add_rows`, and add w^2 times the multiplier to squares (lanes,)."""
    for i in range(multipliers.shape[0]):
        w = weight[i]
        for lane in range(sums.shape[0]):
            weighted = w * multipliers[i, lane]
            sums[lane] += weighted
            squares[lane] += weighted * w


def sweep_blocks(draws: BatchDraws, sweep: Callable[..., None], *outputs: FloatArray) -> None:
    """Run sweep(b, *outputs of block b) for each block of a batch in threads.

    Each of `outputs` has a row for each replicate (r, ...); a sweep gets the rows (lanes, ...) of its block.
    """
    n_blocks, lanes = draws.starts.shape

    def work(b: int) -> None:
        replicates = slice(b * lanes, (b + 1) * lanes)
        sweep(b, *(output[replicates] for output in outputs))

    in_threads(work, n_blocks)
