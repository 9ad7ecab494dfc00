"""The sweep of a decomposition by rank: rank sums of the outcome and of all columns, in lanes.

A row enters with the mid-rank of its tie group, which is known when the last row of the group is. This sweep
therefore holds the multipliers of whole tie groups, and cannot go from cell to cell as the others do (see
`sweep`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.decomposition.rows import RankTables, RowsByRank
from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.tiles import BatchDraws, fill_tile
from engine.kernels.jit import kernel
from engine.kernels.sweep import add_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class RankSums(NamedTuple):
    """Sums of the rows swept by rank, in lanes; m is the multiplier and R the mid-rank in units of weight.

    W, drawn (lanes,)
        Sum of w m, and how many tie groups have a drawn row.
    tables (offset[-1], lanes), dense (m, lanes)
        Sums of w m R by row of the rank tables, and of w m x R of the columns without a table.
    """

    W: FloatArray
    drawn: IntArray
    tables: FloatArray
    dense: FloatArray


@kernel
def new_rank_sums(tables: RankTables, lanes: int) -> RankSums:
    """Return sums of zero."""
    return RankSums(
        np.zeros(lanes),
        np.zeros(lanes, np.int64),
        np.zeros((tables.offset[-1], lanes)),
        np.zeros((tables.dense.shape[0], lanes)),
    )


@kernel
def _add_tie(
    rows: RowsByRank,
    low: int,
    high: int,
    multipliers: NDArray[Any],
    sums: RankSums,
    rank: FloatArray,
    product: FloatArray,
) -> None:
    """Add the tie group of rows low .. high - 1; rank and product (lanes,) are scratch."""
    lanes, tables = rank.shape[0], rows.tables
    rank[:] = 0.0
    add_rows(rows.weight[low:high], multipliers, rank)
    for lane in range(lanes):
        inside = rank[lane]
        sums.drawn[lane] += inside > 0.0
        rank[lane] = sums.W[lane] + 0.5 * inside
        sums.W[lane] += inside
    for i in range(high - low):
        w = rows.weight[low + i]
        for lane in range(lanes):
            product[lane] = w * multipliers[i, lane] * rank[lane]
        for table in range(tables.code.shape[0]):
            row = tables.code[table, low + i]
            for lane in range(lanes):
                sums.tables[row, lane] += product[lane]
        for dense in range(tables.dense.shape[0]):
            value = tables.dense[dense, low + i]
            for lane in range(lanes):
                sums.dense[dense, lane] += value * product[lane]


@kernel
def sweep_ranks(draws: BatchDraws, b: int, rows: RowsByRank) -> RankSums:
    """Return the sums of block b."""
    lanes, n = draws.starts.shape[1], rows.weight.shape[0]
    sums, rank, product = new_rank_sums(rows.tables, lanes), np.empty(lanes), np.empty(lanes)
    held = np.empty((rows.widest + 2 * TILE, lanes), draws.table.dtype)
    words = np.empty(TILE * lanes // 4, np.uint64)
    start, stop, low = 0, 0, 0  # whole tiles are held: rows start .. stop - 1
    for t in range(rows.tie_end.shape[0]):
        high = rows.tie_end[t]
        if stop < high:
            keep = low // TILE * TILE  # rows before it are complete
            for i in range(keep, stop):
                for lane in range(lanes):
                    held[i - keep, lane] = held[i - start, lane]
            start = keep
            stop = max(stop, keep)
            while stop < high:
                size = min(TILE, n - stop)
                fill_tile(draws, b, stop, words, held[stop - start : stop - start + size])
                stop += size
        _add_tie(rows, low, high, held[low - start : high - start], sums, rank, product)
        low = high
    return sums


@kernel
def column_rank_sums(tables: RankTables, sums: RankSums, q: int) -> FloatArray:
    """Return the rank sums (q + 1, lanes) of q columns and of the outcome: sums of w m x R."""
    lanes = sums.W.shape[0]
    ranked = np.zeros((q + 1, lanes))
    for row in range(sums.tables.shape[0]):
        for e in range(tables.indptr[row], tables.indptr[row + 1]):
            column, value = tables.column[e], tables.value[e]
            for lane in range(lanes):
                ranked[column, lane] += value * sums.tables[row, lane]
    for dense in range(sums.dense.shape[0]):
        for lane in range(lanes):
            ranked[tables.dense_column[dense], lane] += sums.dense[dense, lane]
    return ranked
