"""Exact totals: Poisson counts of a rate below 1, completed to n draws of n rows one by one.

Given their sum, Poisson counts are independent draws of rows, so the result is the ordinary bootstrap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import TILE, CountArray, WordArray, fill_counts
from engine.kernels.draws.streams import GAMMA, draw, mix64, uniform
from engine.kernels.jit import kernel, parallel_kernel, prange

IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


@kernel
def add_counts(tile: CountArray, short: NDArray[np.uint16], totals: IntArray) -> None:
    """Add a tile's counts (m, lanes) to the totals (lanes,); short (lanes,) is scratch, for sums side by side."""
    for lane in range(totals.shape[0]):
        short[lane] = np.uint16(0)
    for i in range(tile.shape[0]):
        for lane in range(totals.shape[0]):
            short[lane] += tile[i, lane]
    for lane in range(totals.shape[0]):
        totals[lane] += short[lane]


@kernel
def move_on(n: int, quads: WordArray, totals: IntArray) -> bool:
    """Give four replicates another stream where one of their totals exceeds n; says whether any did."""
    moved = False
    for q in range(quads.shape[0]):
        if max(totals[4 * q], totals[4 * q + 1], totals[4 * q + 2], totals[4 * q + 3]) > n:
            quads[q] = mix64(quads[q] + GAMMA)
            moved = True
    return moved


@kernel
def _add_totals(
    n: int,
    quads: WordArray,
    starts: WordArray,
    coarse: NDArray[np.uint16],
    residual: WordArray,
    totals: IntArray,
) -> None:
    lanes = totals.shape[0]
    nowhere = np.empty(0, np.int32)
    words = np.empty(TILE * lanes // 4, np.uint64)
    tile, short = np.empty((TILE, lanes), np.uint8), np.empty(lanes, np.uint16)
    for lane in range(lanes):
        totals[lane] = 0
    for first in range(0, n, TILE):
        rows = min(TILE, n - first)
        fill_counts(first, nowhere, quads, starts, coarse, residual, words, tile[:rows])
        add_counts(tile[:rows], short, totals)


@parallel_kernel
def exact_totals(
    n: int, quads: WordArray, starts: WordArray, coarse: NDArray[np.uint16], residual: WordArray
) -> IntArray:
    """Return each replicate's total (b, lanes), none above n: where one is, its quad's stream moves on (in place)."""
    n_blocks, lanes = starts.shape
    totals = np.empty((n_blocks, lanes), np.int64)
    for b in prange(n_blocks):
        again = True
        while again:
            _add_totals(n, quads[b], starts[b], coarse, residual, totals[b])
            again = move_on(n, quads[b], totals[b])
    return totals


@kernel
def _added(start: np.uint64, j: int, n: int, row: UnitArray) -> int:
    """Return the row of the j-th missing draw, -1 if it is none of the rows asked for."""
    unit = int(uniform(draw(start, n + j)) * n)
    return row[unit] if row.shape[0] > 0 else unit


@parallel_kernel
def complete(
    n: int, n_rows: int, starts: WordArray, totals: IntArray, row: UnitArray, begin: IntArray
) -> tuple[IntArray, CountArray, IntArray]:
    """Draw the missing rows of each replicate: row and lane (a,), sorted by block and tile, end (b, tiles + 1).

    row (n,) int32 is where a drawn unit stands among the n_rows asked for, -1 for nowhere; empty means at its
    own number. begin (b + 1,) is where each block's entries may start.
    """
    n_blocks, lanes = starts.shape
    tiles = -(-n_rows // TILE)
    rows, lane_of = np.empty(begin[-1], np.int64), np.empty(begin[-1], np.uint8)
    end = np.zeros((n_blocks, tiles + 1), np.int64)
    for b in prange(n_blocks):
        place = np.zeros(tiles + 1, np.int64)  # a counting sort: how many a tile first, then where
        for lane in range(lanes):
            for j in range(n - totals[b, lane]):
                i = _added(starts[b, lane], j, n, row)
                if i >= 0:
                    place[i // TILE + 1] += 1
        place[0] = begin[b]
        for t in range(tiles):
            place[t + 1] += place[t]
        for t in range(tiles + 1):
            end[b, t] = place[t]
        for lane in range(lanes):
            for j in range(n - totals[b, lane]):
                i = _added(starts[b, lane], j, n, row)
                if i >= 0:
                    rows[place[i // TILE]], lane_of[place[i // TILE]] = i, lane
                    place[i // TILE] += 1
    return rows, lane_of, end
