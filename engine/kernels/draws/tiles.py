"""Multipliers of a tile of rows in all replicates of a block: nobody holds rows x replicates."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import TILE, CountArray, WordArray, fill_counts
from engine.kernels.jit import kernel, parallel_kernel, prange

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]

ROWS, TABLE, GIVEN = 0, 1, 2  # drawn while they are asked for; looked up by unit; user-supplied weights


class Batch(NamedTuple):
    """The draws of some blocks, as kernels take them.

    source
        ROWS, TABLE or GIVEN.
    unit (n,) int32
        The unit whose multiplier a row takes; empty means the row's own number.
    quads (b, lanes / 4), starts (b, lanes), coarse (8,), residual (12,)
        Streams and thresholds of ROWS, see `poisson`.
    added_row, added_lane (a,), added_end (b, tiles + 1)
        Rows that complete a total, sorted by block and tile.
    table (b, u, lanes) uint8 or float64
        Multipliers of units; its dtype is that of the multipliers in any case.
    given (r, n), first (b,)
        Replicate weights, and the first replicate of each block.
    totals (b, lanes)
        Of ROWS before they are completed; (b, 0) where they are not.
    """

    source: int
    unit: UnitArray
    quads: WordArray
    starts: WordArray
    coarse: NDArray[np.uint16]
    residual: WordArray
    added_row: IntArray
    added_lane: CountArray
    added_end: IntArray
    table: NDArray[Any]
    given: FloatArray
    first: IntArray
    totals: IntArray


@kernel
def fill_tile(batch: Batch, b: int, number: int, first: int, words: WordArray, tile: NDArray[Any]) -> None:
    """Write block b's multipliers of rows first .. first + m - 1 into tile (m, lanes), the `number`-th of the rows."""
    lanes = tile.shape[1]
    if batch.source == ROWS:
        quads, starts = batch.quads[b], batch.starts[b]
        fill_counts(first, batch.unit, quads, starts, batch.coarse, batch.residual, words, tile)
        if batch.added_end.shape[1] > 0:
            for a in range(batch.added_end[b, number], batch.added_end[b, number + 1]):
                tile[batch.added_row[a] - first, batch.added_lane[a]] += 1
    elif batch.source == GIVEN:
        for lane in range(lanes):
            replicate = batch.first[b] + lane
            for i in range(tile.shape[0]):
                row = batch.unit[first + i] if batch.unit.shape[0] else first + i
                tile[i, lane] = batch.given[replicate, row] if replicate < batch.given.shape[0] else 0
    else:
        for i in range(tile.shape[0]):
            u = batch.unit[first + i]
            for lane in range(lanes):
                tile[i, lane] = batch.table[b, u, lane]


@parallel_kernel
def all_multipliers(batch: Batch, n: int) -> NDArray[Any]:
    """Return the multipliers of all n rows (b, n, lanes)."""
    n_blocks, lanes = batch.starts.shape
    out = np.empty((n_blocks, n, lanes), batch.table.dtype)
    for i in prange(n_blocks):
        b = int(i)
        words = np.empty(TILE * lanes // 4, np.uint64)
        for number in range(-(-n // TILE)):
            first = number * TILE
            fill_tile(batch, b, number, first, words, out[b, first : min(first + TILE, n)])
    return out
