"""Multipliers of a tile of rows in the replicates of a block; those of all rows are never held at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.exact_totals import AddedRows
from engine.kernels.draws.poisson import TILE, PoissonThresholds, WordArray, fill_counts
from engine.kernels.jit import in_threads, kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]

# Where multipliers come from: drawn by row in the sweep; looked up by unit in a table; given as weights.
ROWS, TABLE, GIVEN = 0, 1, 2


class BatchDraws(NamedTuple):
    """The draws of the blocks of a batch, as kernels take them.

    source
        ROWS, TABLE or GIVEN.
    unit (n,) int32
        The unit whose multiplier a row takes; empty means that units are rows.
    quads (b, lanes / 4), starts (b, lanes), thresholds
        Streams and thresholds of ROWS, see `poisson`.
    added
        Rows of ROWS that complete a total.
    table (b, u, lanes) uint8 or float64
        Multipliers of units; its dtype is that of the multipliers whatever the source.
    given (r, n), first_replicate (b,)
        Replicate weights, and the first replicate of each block.
    totals (b, lanes)
        Of ROWS before they are completed; (b, 0) where they are not.
    """

    source: int
    unit: UnitArray
    quads: WordArray
    starts: WordArray
    thresholds: PoissonThresholds
    added: AddedRows
    table: NDArray[Any]
    given: FloatArray
    first_replicate: IntArray
    totals: IntArray


@kernel
def new_tile(draws: BatchDraws) -> tuple[NDArray[Any], WordArray]:
    """Return memory for the multipliers of a tile (TILE, lanes), and for the words they are drawn from."""
    lanes = draws.starts.shape[1]
    return np.empty((TILE, lanes), draws.table.dtype), np.empty(TILE * lanes // 4, np.uint64)


@kernel
def fill_tile(draws: BatchDraws, b: int, first: int, words: WordArray, tile: NDArray[Any]) -> None:
    """Fill tile (rows, lanes) with block b's multipliers of the rows from `first`, a multiple of TILE."""
    lanes = tile.shape[1]
    if draws.source == ROWS:
        quads, starts = draws.quads[b], draws.starts[b]
        fill_counts(first, draws.unit, quads, starts, draws.thresholds, words, tile)
        if draws.added.end.shape[1] > 0:
            number = first // TILE
            for a in range(draws.added.end[b, number], draws.added.end[b, number + 1]):
                tile[draws.added.row[a] - first, draws.added.lane[a]] += 1
    elif draws.source == GIVEN:
        for lane in range(lanes):
            r = draws.first_replicate[b] + lane
            for i in range(tile.shape[0]):
                row = draws.unit[first + i] if draws.unit.shape[0] else first + i
                tile[i, lane] = draws.given[r, row] if r < draws.given.shape[0] else 0
    else:
        for i in range(tile.shape[0]):
            u = draws.unit[first + i]
            for lane in range(lanes):
                tile[i, lane] = draws.table[b, u, lane]


@kernel
def _fill_multipliers(draws: BatchDraws, b: int, multipliers: NDArray[Any]) -> None:
    """Fill multipliers (n, lanes) of block b."""
    n, lanes = multipliers.shape
    words = np.empty(TILE * lanes // 4, np.uint64)
    for first in range(0, n, TILE):
        fill_tile(draws, b, first, words, multipliers[first : min(first + TILE, n)])


def all_multipliers(draws: BatchDraws, n: int) -> NDArray[Any]:
    """Return the multipliers of all n rows (b, n, lanes)."""
    n_blocks, lanes = draws.starts.shape
    multipliers = np.empty((n_blocks, n, lanes), draws.table.dtype)
    in_threads(lambda b: _fill_multipliers(draws, b, multipliers[b]), n_blocks)
    return multipliers
