"""The rows of a sample sorted by group and rank, and where its cells, tie groups and groups end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class RankedRows(NamedTuple):
    """Rows sorted by group and rank; those alike in group, rank and outcomes stand together in cells.

    weight (n,)
        Positive.
    cell_end (c,)
        Where the rows of each cell end.
    outcome (k, c), present (p, c)
        Outcomes of a cell, centred, 0 where missing; whether they are present, by pattern of missing
        outcomes.
    pattern (k,), first_outcome (p,)
        The row of `present` that belongs to an outcome, and the first outcome of each pattern.
    tie_end (t,), group_end (g,)
        Where the cells of each tie group, and the tie groups of each group end.
    """

    weight: FloatArray
    cell_end: IntArray
    outcome: FloatArray
    present: NDArray[np.bool_]
    pattern: IntArray
    first_outcome: IntArray
    tie_end: IntArray
    group_end: IntArray


@kernel
def first_group(rows: RankedRows) -> int:
    """Return the first group that has rows."""
    group = 0
    while group < rows.group_end.shape[0] and rows.group_end[group] == 0:
        group += 1
    return group


@kernel
def next_tie_and_group(rows: RankedRows, cell: int, tie: int, group: int) -> tuple[int, int]:
    """Return the tie group and the group after a cell of tie group `tie` in `group`.

    The tie group ends with the cell if another one follows, and so do the groups from `group` up to the next.
    """
    if cell + 1 == rows.tie_end[tie]:
        tie += 1
        while group < rows.group_end.shape[0] and tie == rows.group_end[group]:
            group += 1
    return tie, group
