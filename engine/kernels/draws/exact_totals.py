"""Exact totals: Poisson counts of a rate below 1, completed to n draws of n rows one by one.

Given their sum, Poisson counts are independent draws of rows, so that the result is the ordinary bootstrap.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import TILE, CountArray, PoissonThresholds, WordArray, fill_counts
from engine.kernels.draws.streams import GAMMA, draw, mix64, uniform
from engine.kernels.jit import kernel, parallel_kernel, prange

IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


class AddedRows(NamedTuple):
    """Draws that complete the totals of a batch, sorted by block and tile.

    row, lane (draws,)
        The row drawn once more, and the replicate of its block.
    end (b, tiles + 1)
        Where the draws of each tile begin and end; (b, 0) where nothing is added.
    """

    row: IntArray
    lane: CountArray
    end: IntArray


def no_added_rows(n_blocks: int) -> AddedRows:
    """Return the added rows of a batch whose totals are left as drawn."""
    return AddedRows(np.empty(0, np.int64), np.empty(0, np.uint8), np.empty((n_blocks, 0), np.int64))


@kernel
def add_counts(tile: CountArray, short: NDArray[np.uint16], totals: IntArray) -> None:
    """Add the counts of a tile (rows, lanes) to the totals (lanes,); short (lanes,) is scratch."""
    for lane in range(totals.shape[0]):
        short[lane] = np.uint16(0)
    for i in range(tile.shape[0]):
        for lane in range(totals.shape[0]):
            short[lane] += tile[i, lane]
    for lane in range(totals.shape[0]):
        totals[lane] += short[lane]


@kernel
def move_on(n: int, quads: WordArray, totals: IntArray) -> bool:
    """Give four replicates another stream where one of their totals exceeds n; returns whether any did."""
    moved = False
    for quad in range(quads.shape[0]):
        lane = 4 * quad
        if max(totals[lane], totals[lane + 1], totals[lane + 2], totals[lane + 3]) > n:
            quads[quad] = mix64(quads[quad] + GAMMA)
            moved = True
    return moved


@kernel
def _fill_totals(
    n: int, quads: WordArray, starts: WordArray, thresholds: PoissonThresholds, totals: IntArray
) -> None:
    """Fill the total counts (lanes,) of the n rows in the replicates of a block."""
    lanes = totals.shape[0]
    no_units = np.empty(0, np.int32)
    words = np.empty(TILE * lanes // 4, np.uint64)
    tile, short = np.empty((TILE, lanes), np.uint8), np.empty(lanes, np.uint16)
    for lane in range(lanes):
        totals[lane] = 0
    for first in range(0, n, TILE):
        rows = min(TILE, n - first)
        fill_counts(first, no_units, quads, starts, thresholds, words, tile[:rows])
        add_counts(tile[:rows], short, totals)


@parallel_kernel
def exact_totals(n: int, quads: WordArray, starts: WordArray, thresholds: PoissonThresholds) -> IntArray:
    """Return the total of each replicate (b, lanes), none above n.

    Where a total exceeds n, the stream of its quad (b, lanes / 4) moves on, in place, and is drawn again.
    """
    n_blocks, lanes = starts.shape
    totals = np.empty((n_blocks, lanes), np.int64)
    for b in prange(n_blocks):
        again = True
        while again:
            _fill_totals(n, quads[b], starts[b], thresholds, totals[b])
            again = move_on(n, quads[b], totals[b])
    return totals


@kernel
def _missing_row(start: np.uint64, number: int, n: int, row: UnitArray) -> int:
    """Return the row of a replicate's missing draw by its number; -1 if it is none of the rows in hand."""
    unit = int(uniform(draw(start, n + number)) * n)
    return row[unit] if row.shape[0] > 0 else unit


@parallel_kernel
def complete(
    n: int, n_rows: int, starts: WordArray, totals: IntArray, row: UnitArray, begin: IntArray
) -> AddedRows:
    """Draw what each replicate lacks of n draws.

    Parameters
    ----------
    n, n_rows
        Rows drawn from, and rows in hand: all of them in any order, or some.
    starts, totals
        (b, lanes) streams, and counts drawn so far.
    row
        (n,) int32 where a drawn row stands among those in hand, -1 for nowhere; empty means at its number.
    begin
        (b + 1,) where the added rows of each block may start.
    """
    n_blocks, lanes = starts.shape
    tiles = -(-n_rows // TILE)
    rows, lane_of = np.empty(begin[-1], np.int64), np.empty(begin[-1], np.uint8)
    end = np.zeros((n_blocks, tiles + 1), np.int64)
    for b in prange(n_blocks):
        place = np.zeros(
            tiles + 1, np.int64
        )  # a counting sort: first the draws of each tile, then their places
        for lane in range(lanes):
            for number in range(n - totals[b, lane]):
                i = _missing_row(starts[b, lane], number, n, row)
                if i >= 0:
                    place[i // TILE + 1] += 1
        place[0] = begin[b]
        for tile in range(tiles):
            place[tile + 1] += place[tile]
        for tile in range(tiles + 1):
            end[b, tile] = place[tile]
        for lane in range(lanes):
            for number in range(n - totals[b, lane]):
                i = _missing_row(starts[b, lane], number, n, row)
                if i >= 0:
                    rows[place[i // TILE]], lane_of[place[i // TILE]] = i, lane
                    place[i // TILE] += 1
    return AddedRows(rows, lane_of, end)
