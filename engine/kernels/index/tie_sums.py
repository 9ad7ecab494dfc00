"""Sums inside the current tie group of a sweep by rank, which a cell enters when its rows are complete."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.index.ranked_rows import RankedRows
from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]


class TieSums(NamedTuple):
    """Sums in the current cell and in the current tie group, by lane; m is the multiplier.

    cell_weight, cell_square (lanes,)
        Sums of w m and w^2 m in the cell.
    weight (p, lanes)
        Sum of w m in the tie group, where the outcomes of a pattern are present.
    amount (k, lanes)
        Sum of w m y in the tie group.
    squares (3, k, lanes)
        Sums of w^2 m, w^2 m y and w^2 m y^2 in the tie group.
    """

    cell_weight: FloatArray
    cell_square: FloatArray
    weight: FloatArray
    amount: FloatArray
    squares: FloatArray


@kernel
def new_tie_sums(rows: RankedRows, lanes: int) -> TieSums:
    """Return sums of zero."""
    P, K = rows.present.shape[0], rows.outcome.shape[0]
    return TieSums(
        np.zeros(lanes), np.zeros(lanes), np.zeros((P, lanes)), np.zeros((K, lanes)), np.zeros((3, K, lanes))
    )


@kernel
def close_cell(rows: RankedRows, tie: TieSums, c: int, errors: bool) -> None:
    """Add a cell to its tie group, once for each pattern and outcome; squares only with `errors`."""
    lanes = tie.cell_weight.shape[0]
    for p in range(rows.present.shape[0]):
        if rows.present[p, c]:
            for lane in range(lanes):
                tie.weight[p, lane] += tie.cell_weight[lane]
    for k in range(rows.outcome.shape[0]):
        if rows.present[rows.pattern[k], c]:
            y = rows.outcome[k, c]
            for lane in range(lanes):
                tie.amount[k, lane] += y * tie.cell_weight[lane]
            if errors:
                for lane in range(lanes):
                    square = tie.cell_square[lane]
                    tie.squares[0, k, lane] += square
                    tie.squares[1, k, lane] += y * square
                    tie.squares[2, k, lane] += y * y * square
    for lane in range(lanes):
        tie.cell_weight[lane] = 0.0
        tie.cell_square[lane] = 0.0
