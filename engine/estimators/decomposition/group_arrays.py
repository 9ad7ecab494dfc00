"""The arrays of one group for the decomposition kernel: its rows by rank and by covariate pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray, SampleArrays, UnitArray
from engine.estimators.decomposition.covariates import CodedVariable, Covariates
from engine.estimators.decomposition.rank_tables import Table, rank_tables
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.kernels.decomposition.rows import (
    DecompositionRows,
    NeedSets,
    RankTables,
    RowsByPattern,
    RowsByRank,
)
from engine.kernels.index.ranks import tie_ends


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupArrays:
    """A group's rows for the kernel.

    Attributes
    ----------
    sample
        Rows by rank and by pattern.
    unit, unit_by_pattern
        (n,) int32: the drawn unit of each row, in both orders.
    centre
        The mean at which the outcome is centred for the rank sums.
    size
        The power of 2 by which the outcome of `sample` is divided.
    """

    sample: DecompositionRows
    unit: UnitArray
    unit_by_pattern: UnitArray
    centre: float
    size: float


_LARGE = 1024.0  # smaller outcomes are taken as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class _PatternCells:
    """Rows sorted by pattern and outcome, in cells equal in both.

    order, weight
        (n,) the place of each row in the order by rank, and its weight.
    cell_end, pattern, outcome
        (c,) where each cell ends, and what its rows share.
    """

    order: IntArray
    weight: FloatArray
    cell_end: IntArray
    pattern: IntArray
    outcome: FloatArray


def group_arrays(
    arrays: SampleArrays,
    covariates: Covariates,
    group: int,
    plan: ResamplingPlan | None,
    *,
    predicts_need: bool,
) -> GroupArrays:
    """Sort a group's rows by rank and by pattern; without a plan every row is unit 0.

    `covariates` are those of the group's rows by rank. With `predicts_need` the need covariates have a table,
    which the kernel's predictions from need take.
    """
    rows = arrays.rows_of(group)
    weight, y = arrays.weight[rows], arrays.outcomes[0, rows]
    size = _size(y)
    y = y / size
    centre = float(np.average(y, weights=weight))
    unit = np.zeros(len(weight), np.int32)
    if plan is not None:
        unit = plan.unit[rows].astype(np.int32)
        weight = plan.weight(weight, unit)
    tables = _tables(covariates, _centred_outcome(y, centre, covariates), predicts_need=predicts_need)
    cells = _pattern_cells(covariates.pattern, y, weight)
    tie_end = tie_ends(arrays.rank[rows])
    sample = DecompositionRows(
        by_rank=RowsByRank(
            weight=np.ascontiguousarray(weight),
            tie_end=tie_end,
            widest=int(np.diff(tie_end, prepend=0).max()),
            tables=tables,
        ),
        by_pattern=RowsByPattern(
            weight=cells.weight,
            cell_end=cells.cell_end,
            pattern=cells.pattern,
            outcome=cells.outcome,
        ),
        patterns=covariates.patterns,
        need=NeedSets(
            of_pattern=covariates.need_of_pattern if predicts_need else np.empty(0, np.int32),
            example=covariates.example if predicts_need else np.empty(0, np.int64),
            is_need=covariates.is_need,
        ),
        factor=covariates.factor,
    )
    return GroupArrays(
        sample=sample, unit=unit, unit_by_pattern=unit[cells.order], centre=centre * size, size=size
    )


def _size(y: FloatArray) -> float:
    """Return a power of 2 by which outcomes (n,) are divided before a fit; 1 of those that need none.

    Fits end when their steps are small next to 1: those of incomes in the millions never would be. A power of
    2 changes no digit.
    """
    largest = float(abs(y).max())
    return 1.0 if largest <= _LARGE else float(np.ldexp(1.0, int(np.frexp(largest)[1])))


def _centred_outcome(y: FloatArray, centre: float, covariates: Covariates) -> CodedVariable:
    """Return the outcome (n,) as one more column, after those of the covariates."""
    values, code = np.unique(y, return_inverse=True)
    column = np.full(len(values), len(covariates.factor))
    return CodedVariable(name="", code=code.astype(np.int32), column=column, value=values - centre)


def _tables(covariates: Covariates, outcome: CodedVariable, *, predicts_need: bool) -> RankTables:
    """Return the rank tables of a group's rows."""
    variables = [*covariates.variables]
    need_table = None
    if predicts_need:
        is_need = [bool(covariates.is_need[max(variable.column)]) for variable in variables]
        need = [k for k, stands_for_need in enumerate(is_need) if stands_for_need]
        need_table = _need_table(covariates, need)
        variables = [variable for k, variable in enumerate(variables) if k not in need]
    return rank_tables([*variables, outcome], need_table)


def _need_table(covariates: Covariates, need: Sequence[int]) -> Table:
    """Return the table of the distinct need covariates; `need` holds the numbers of the variables."""
    rows = covariates.row_of_pattern[covariates.example]
    return Table(
        code=covariates.need_of_pattern[covariates.pattern],
        variables=[covariates.variables[k].at(rows) for k in need],
    )


def _pattern_cells(pattern: UnitArray, y: FloatArray, weight: FloatArray) -> _PatternCells:
    order = np.lexsort((y, pattern))
    pattern, y = pattern[order], y[order]
    starts = np.ones(len(y), bool)
    starts[1:] = (pattern[1:] != pattern[:-1]) | (y[1:] != y[:-1])
    cell_end = np.append(np.flatnonzero(starts)[1:], len(y))
    return _PatternCells(
        order=order,
        weight=weight[order],
        cell_end=cell_end,
        pattern=pattern[cell_end - 1].astype(np.int64),
        outcome=y[cell_end - 1],
    )
