"""Tables to which rows add their ranks: one sum for joint values of covariates, not one for each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import IntArray, UnitArray
from engine.estimators.decomposition.covariates import CodedVariable
from engine.estimators.sample.sparse import sparse
from engine.kernels.decomposition.rows import RankTables

MOST_ROWS = 1024  # of a table: with all replicates of a block it stays in the cache
MOST_VALUES = 4096  # of a variable that gets a table at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table.

    Attributes
    ----------
    code
        (n,) the row of the table to which each row of the sample adds its rank.
    variables
        What the m rows of the table set: variables with code (m,).
    """

    code: UnitArray | IntArray
    variables: Sequence[CodedVariable]

    @property
    def n_rows(self) -> int:
        """How many rows the table has."""
        return len(self.variables[0].code)


def rank_tables(variables: Sequence[CodedVariable], first: Table | None) -> RankTables:
    """Join variables, in their order, to tables of at most MOST_ROWS rows.

    `variables` have the code (n,) of the rows by rank, without -1; the outcome is one of them. `first` is a
    table that comes first, whatever its size. Variables of more than MOST_VALUES values get no table.
    """
    small = [variable for variable in variables if len(variable.column) <= MOST_VALUES]
    large = [variable for variable in variables if len(variable.column) > MOST_VALUES]
    tables = [] if first is None else [first]
    tables += [_joint_table(joined) for joined in _joined(small)]
    offset = np.concatenate([[0], np.cumsum([table.n_rows for table in tables])]).astype(np.int64)
    n = len(variables[0].code)
    code, dense = np.empty((len(tables), n), np.int32), np.empty((len(large), n))
    for row, table, start in zip(code, tables, offset, strict=False):
        np.add(table.code, start, out=row, casting="same_kind")
    for numbers, variable in zip(dense, large, strict=True):
        np.take(variable.value, variable.code, out=numbers, mode="clip")  # "raise" would copy
    stacked = [sparse([variable.entries() for variable in table.variables]) for table in tables]
    return RankTables(
        code=code,
        offset=offset,
        indptr=np.concatenate([[0], *(np.diff(rows[0]) for rows in stacked)]).cumsum().astype(np.int64),
        column=np.concatenate([np.empty(0, np.int64), *(rows[1] for rows in stacked)]),
        value=np.concatenate([np.empty(0), *(rows[2] for rows in stacked)]),
        dense=dense,
        dense_column=np.array([variable.column[0] for variable in large], np.int64),
    )


def _joint_table(variables: Sequence[CodedVariable]) -> Table:
    """Return the table of all joint values of some variables."""
    widths = [len(variable.column) for variable in variables]
    grid = np.unravel_index(np.arange(np.prod(widths)), widths)
    code = variables[0].code.astype(np.int32)
    for variable, width in zip(variables[1:], widths[1:], strict=True):
        code *= width
        code += variable.code
    return Table(
        code=code,
        variables=[
            CodedVariable(name=variable.name, code=place, column=variable.column, value=variable.value)
            for variable, place in zip(variables, grid, strict=True)
        ],
    )


def _joined(variables: Sequence[CodedVariable]) -> list[list[CodedVariable]]:
    """Group variables, in their order, so that each group has at most MOST_ROWS joint values."""
    groups: list[list[CodedVariable]] = []
    size = MOST_ROWS + 1
    for variable in variables:
        if size * len(variable.column) > MOST_ROWS:
            groups.append([])
            size = 1
        groups[-1].append(variable)
        size *= len(variable.column)
    return groups
