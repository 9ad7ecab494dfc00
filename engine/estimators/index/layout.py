"""Lays the sorted sample out for the replicate kernels: cells of rows alike in group, rank and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray, SampleArrays, UnitArray
from engine.estimators.replicates.plan import ResamplingPlan
from engine.estimators.sample.pieces import Piece
from engine.kernels.draws.draws import Draws, cell_draws
from engine.kernels.index.ranked_rows import RankedRows

Route = Literal["auto", "rows", "cells"]

MOST_CELLS = 16_384  # whose sums are kept in all replicates of a block
CELL_COST = 20  # drawing a cell, or completing sqrt(n) rows, costs as much as drawing so many rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the kernels sweep, and what its draws are.

    Attributes
    ----------
    rows
        The rows, or the cells that stand for rows alike in weight too.
    draws
        Their multipliers.
    n_cells
        How many cells are drawn instead of rows; 0 when rows are drawn.
    cell_of_row
        (n,) int32 where exact draws of rows fall into few cells; else empty.
    n_drawn
        Rows of the sample.
    means, largest
        (k, g): the mean each outcome was centred at, and its largest size, in each group.
    """

    rows: RankedRows
    draws: Draws
    n_cells: int
    cell_of_row: UnitArray
    n_drawn: int
    means: FloatArray
    largest: FloatArray

    @property
    def n_rows(self) -> int:
        """Rows that get a multiplier."""
        return len(self.rows.weight)


def lay_out(
    arrays: SampleArrays, pieces: Sequence[Sequence[Piece]], plan: ResamplingPlan, route: Route = "auto"
) -> Layout:
    """Cut the sorted rows into cells and choose the cheapest exact way to draw them.

    Rows that are drawn alike and are alike in group, rank, outcomes and weight can be drawn together. `auto`
    counts such cells and compares; the choice depends on the data only.
    """
    weight = np.ones(arrays.n) if plan.replaces_weight else arrays.weight * plan.unit_scale[plan.unit]
    group = np.repeat(np.arange(len(arrays.groups)), np.diff(arrays.group_start))
    new_tie = _changes(arrays.rank) | _changes(group)
    new_cell = new_tie.copy()
    for values in arrays.outcomes:
        new_cell |= _changes(values)
    means = np.array([[piece.mu for piece in row] for row in pieces])
    draws, n_cells = plan.draws, 0
    if plan.draws_rows and route != "rows":
        alike = _ends(new_cell | _changes(weight))
        if route == "cells" or CELL_COST * (len(alike) + np.sqrt(arrays.n)) < arrays.n:
            n_cells = len(alike)
            sizes = np.diff(alike, prepend=0)
            draws = cell_draws(plan.key, sizes, exact=plan.draws.exact)
            kept = alike - 1
            first = kept - sizes + 1
            weight, group, new_tie, new_cell = weight[kept], group[kept], new_tie[first], new_cell[first]
            outcomes = arrays.outcomes[:, kept]
    if n_cells == 0:
        outcomes = arrays.outcomes
    rows = _rows(weight, outcomes, group, new_tie, new_cell, means)
    few = draws.exact and len(rows.cell_end) <= MOST_CELLS
    return Layout(
        rows=rows,
        draws=draws,
        n_cells=n_cells,
        cell_of_row=(np.cumsum(new_cell) - 1 if few else np.empty(0)).astype(np.int32),
        n_drawn=arrays.n,
        means=means,
        largest=np.array([[abs(piece.outcome).max(initial=0.0) for piece in row] for row in pieces]),
    )


def _rows(
    weight: FloatArray,
    outcomes: FloatArray,
    group: IntArray,
    new_tie: NDArray[np.bool_],
    new_cell: NDArray[np.bool_],
    means: FloatArray,
) -> RankedRows:
    cell_end, tie_row_end = _ends(new_cell), _ends(new_tie)
    of_cell = outcomes[:, cell_end - 1]
    present = ~np.isnan(of_cell)
    pattern, first_outcome = _patterns(present)
    centre = np.nan_to_num(means)[:, group[cell_end - 1]]
    return RankedRows(
        weight=np.ascontiguousarray(weight),
        cell_end=cell_end,
        outcome=np.where(present, of_cell - centre, 0.0),
        present=np.ascontiguousarray(present[first_outcome]),
        pattern=pattern,
        first_outcome=first_outcome,
        tie_end=np.searchsorted(cell_end, tie_row_end) + 1,
        group_end=np.searchsorted(group[tie_row_end - 1], np.arange(len(means[0])), side="right").astype(
            np.int64
        ),
    )


def _changes(values: NDArray[np.float64] | IntArray) -> NDArray[np.bool_]:
    """Say where (n,) a value differs from the one before; missing values are alike."""
    changes = np.ones(len(values), np.bool_)
    changes[1:] = values[1:] != values[:-1]
    if values.dtype.kind == "f":
        missing = np.isnan(values)
        changes[1:] &= ~(missing[1:] & missing[:-1])
    return changes


def _ends(new: NDArray[np.bool_]) -> IntArray:
    return np.append(np.flatnonzero(new)[1:], len(new)).astype(np.int64)


def _patterns(present: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Number the outcomes (k, c) by the cells they are present in, and return the first outcome of each number."""
    first: list[int] = []
    pattern = np.empty(len(present), np.int64)
    for k, cells in enumerate(present):
        same = [p for p, j in enumerate(first) if np.array_equal(present[j], cells)]
        pattern[k] = same[0] if same else len(first)
        if not same:
            first.append(k)
    return pattern, np.array(first, np.int64)
