"""The layout of the sorted sample for replicates: cells of rows equal in group, rank and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray, SampleArrays, UnitArray
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.group_sample import GroupSample
from engine.kernels.draws.draws import Draws, cell_draws
from engine.kernels.index.ranked_rows import RankedRows

Route = Literal["auto", "rows", "cells"]

MOST_CELLS = 16_384  # whose sums are kept in all replicates of a block
CELL_COST = 20  # drawing a cell, or completing sqrt(n) rows, costs as much as drawing so many rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The rows or cells that kernels sweep, in their order, and how they are drawn.

    Attributes
    ----------
    rows
        The rows of the sample; or its cells, each standing for rows that are equal in weight too.
    draws
        Their multipliers.
    n_cells
        How many cells are drawn instead of rows; 0 if rows are drawn.
    cell_of_row
        (n,) int32 if exact draws of rows fall into few cells; otherwise empty.
    n_drawn
        How many rows the sample has.
    means, rests, largest
        (k, g): the mean each outcome is centred at, with what rounding leaves out of it, and its largest
        absolute value, in each group.
    """

    rows: RankedRows
    draws: Draws
    n_cells: int
    cell_of_row: UnitArray
    n_drawn: int
    means: FloatArray
    rests: FloatArray
    largest: FloatArray

    @property
    def n_rows(self) -> int:
        """How many rows or cells get a multiplier."""
        return len(self.rows.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SortedRows:
    """Sorted rows (n,), outcomes (k, n), and where a tie group and a cell begin."""

    weight: FloatArray
    outcomes: FloatArray
    group: NDArray[np.int32]
    starts_tie: NDArray[np.bool_]
    starts_cell: NDArray[np.bool_]


def lay_out(
    arrays: SampleArrays,
    samples: Sequence[Sequence[GroupSample]],
    plan: ResamplingPlan,
    route: Route = "auto",
) -> Layout:
    """Put the sorted rows into cells and choose the cheapest exact way to draw them.

    If every row is drawn with the same probability, rows equal in group, rank, outcomes and weight can be
    drawn together. `auto` counts such cells and compares the costs; the choice depends on the data only.
    `samples` holds the samples of each outcome by group.
    """
    rows = _sorted_rows(arrays, plan)
    draws, n_cells = plan.draws, 0
    if plan.draws_rows and route != "rows":
        starts = rows.starts_cell | _changes(rows.weight)
        n = int(starts.sum())
        if route == "cells" or CELL_COST * (n + np.sqrt(arrays.n)) < arrays.n:
            n_cells, cell_end = n, _ends(starts)
            sizes = np.diff(cell_end, prepend=0)
            draws = cell_draws(plan.key, sizes, exact=plan.draws.exact)
            rows = _row_of_each_cell(rows, cell_end - sizes, cell_end - 1)
    means = np.array([[sample.mu for sample in by_group] for by_group in samples])
    rests = np.array([[sample.rest for sample in by_group] for by_group in samples])
    kernel_rows = _kernel_rows(rows, means, rests)
    has_few_cells = draws.exact and len(kernel_rows.cell_end) <= MOST_CELLS
    return Layout(
        rows=kernel_rows,
        draws=draws,
        n_cells=n_cells,
        cell_of_row=(np.cumsum(rows.starts_cell) - 1 if has_few_cells else np.empty(0)).astype(np.int32),
        n_drawn=arrays.n,
        means=means,
        rests=rests,
        largest=np.array([[sample.largest for sample in by_group] for by_group in samples]),
    )


def _sorted_rows(arrays: SampleArrays, plan: ResamplingPlan) -> _SortedRows:
    group = np.repeat(np.arange(len(arrays.groups), dtype=np.int32), np.diff(arrays.group_start))
    starts_tie = _changes(arrays.rank) | _changes(group)
    starts_cell = starts_tie.copy()
    for values in arrays.outcomes:
        starts_cell |= _changes(values)
    return _SortedRows(
        weight=plan.weight(arrays.weight, plan.unit),
        outcomes=arrays.outcomes,
        group=group,
        starts_tie=starts_tie,
        starts_cell=starts_cell,
    )


def _row_of_each_cell(rows: _SortedRows, first: IntArray, last: IntArray) -> _SortedRows:
    """Keep one row of each cell (c,); its first row says whether a tie group begins with it."""
    return _SortedRows(
        weight=rows.weight[last],
        outcomes=rows.outcomes[:, last],
        group=rows.group[last],
        starts_tie=rows.starts_tie[first],
        starts_cell=rows.starts_cell[first],
    )


def _kernel_rows(rows: _SortedRows, means: FloatArray, rests: FloatArray) -> RankedRows:
    """Return the rows as kernels take them, with outcomes centred at their means (k, g) and their rests."""
    cell_end, tie_end = _ends(rows.starts_cell), _ends(rows.starts_tie)
    is_last = _lasts(rows.starts_cell)
    outcomes = np.compress(is_last, rows.outcomes, axis=1)
    present = ~np.isnan(outcomes)
    pattern, first_outcome = _presence_patterns(present)
    groups = np.arange(len(means[0]))
    cells = np.append(0, np.searchsorted(rows.group[is_last], groups, side="right"))
    for k, by_group in enumerate(outcomes):  # in place: with many rows, each array of them counts
        for g in groups:
            by_group[cells[g] : cells[g + 1]] -= means[k, g]
            by_group[cells[g] : cells[g + 1]] -= rests[k, g]
    outcomes[~present] = 0.0
    group_end = np.searchsorted(rows.group[_lasts(rows.starts_tie)], groups, side="right")
    in_cells = np.searchsorted(cell_end, tie_end)
    in_cells += 1
    return RankedRows(
        weight=np.ascontiguousarray(rows.weight),
        cell_end=cell_end,
        outcome=outcomes,
        present=np.ascontiguousarray(present[first_outcome]),
        pattern=pattern,
        first_outcome=first_outcome,
        tie_end=in_cells,
        group_end=group_end.astype(np.int64),
    )


def _changes(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Say where (n,) a value differs from the one before; missing values are equal."""
    changes = np.ones(len(values), np.bool_)
    changes[1:] = values[1:] != values[:-1]
    if values.dtype.kind == "f":
        missing = np.isnan(values)
        changes[1:] &= ~(missing[1:] & missing[:-1])
    return changes


def _lasts(starts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say where (n,) the last rows of runs are, given where they start."""
    return np.append(starts[1:], True)


def _ends(starts: NDArray[np.bool_]) -> IntArray:
    """Return where runs end, given where (n,) they start."""
    ends = np.flatnonzero(_lasts(starts))
    ends += 1
    return ends


def _presence_patterns(present: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Number the outcomes (k, c) by the cells they are present in.

    Returns the number of each outcome (k,) and the first outcome of each number (p,).
    """
    first: list[int] = []
    pattern = np.empty(len(present), np.int64)
    for k, cells in enumerate(present):
        same = [p for p, j in enumerate(first) if np.array_equal(present[j], cells)]
        pattern[k] = same[0] if same else len(first)
        if not same:
            first.append(k)
    return pattern, np.array(first, np.int64)
