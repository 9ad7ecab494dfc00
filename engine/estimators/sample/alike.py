"""Rows alike in all that a table looks at are merged: half a million rows become a few cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import IntArray, TableArrays, UnitArray, VariableArrays
from engine.kernels.survey.domains import merged_rows
from engine.study import MISSING_KINDS

_MOST_CELLS = 0.5  # a row: with more, merging costs more than it saves
_MOST_NUMBERS = 16  # a row: numbers of cells that are looked up, most of them of no row
_N_KINDS = 1 + len(MISSING_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Which rows stand in the same sampling unit and group, as numbers from 0.

    Attributes
    ----------
    number
        (N,) int64.
    n
        How many numbers there are.
    """

    number: IntArray
    n: int


def places_of(table: TableArrays) -> Places | None:
    """Return which rows of a table stand in the same unit and group; None if too few do.

    Where every row is a unit, rows of one stratum are alike. Rows of weight 0 have places of their own, as
    they count nowhere. With replicate weights or calibrated ones rows stay as they are.
    """
    design = table.design
    if table.replicate_weights is not None or design.calibration is not None:
        return None
    unit = table.unit if design.has_clusters else design.stratum_of_unit[table.unit]
    group = np.where(table.weight > 0, table.group + 2, 0).astype(np.int64)  # 1: no group, 0: weight 0
    n_groups = len(table.groups) + 2
    n_units = design.n_units if design.has_clusters else len(design.stratum_end)
    return _numbered(unit.astype(np.int64) * n_groups + group, n_units * n_groups)


def merge_alike(
    table: TableArrays, variables: Sequence[VariableArrays], places: Places | None
) -> tuple[TableArrays, list[VariableArrays]]:
    """Merge the rows of a table that are alike in place and in the levels of all its variables.

    A merged row stands for its people by their number, the sum of their weights and of the squares. A number
    as variable, or nearly as many cells as rows, leaves the rows as they are.

    Parameters
    ----------
    table
        The N rows.
    variables
        The variables of the table, (N,) each.
    places
        Of the same table, see `places_of`.
    """
    if places is None or any(variable.codes is None for variable in variables):
        return table, list(variables)
    number, n_numbers = places.number, places.n
    for variable in variables:
        level, n_levels = _levels_and_missing(variable)
        numbered = _numbered(number * n_levels + level, n_numbers * n_levels)
        if numbered is None:
            return table, list(variables)
        number, n_numbers = numbered.number, numbered.n
    cell = number.astype(np.int32)
    row, people, sums = merged_rows(cell, n_numbers, table.count, table.weight, table.weight_squares)
    merged = replace(
        table,
        weight=np.ascontiguousarray(sums[:, 0]),
        weight_squares=np.ascontiguousarray(sums[:, 1]),
        count=people,
        unit=table.unit[row],
        group=table.group[row],
    )
    return merged, [_of_rows(variable, row) for variable in variables]


def _levels_and_missing(variable: VariableArrays) -> tuple[UnitArray, int]:
    """Return the level of each row (N,), or why it is missing, as a number, and how many there may be."""
    assert variable.codes is not None  # noqa: S101 - a number is not merged
    n_levels = len(variable.levels)
    missing = variable.missing.astype(np.int32)
    return np.where(variable.codes >= 0, variable.codes, n_levels + missing), n_levels + _N_KINDS


def _of_rows(variable: VariableArrays, row: IntArray) -> VariableArrays:
    return replace(
        variable,
        codes=None if variable.codes is None else variable.codes[row],
        values=None if variable.values is None else variable.values[row],
        missing=variable.missing[row],
    )


def _numbered(number: IntArray, n_numbers: int) -> Places | None:
    """Number the numbers that occur, in their order; None if they are too many for the rows."""
    n = len(number)
    if n_numbers > _MOST_NUMBERS * n:
        return None
    occurs = np.zeros(n_numbers, np.bool_)
    occurs[number] = True
    n_found = int(occurs.sum())
    if n_found > _MOST_CELLS * n:
        return None
    places = np.cumsum(occurs) - 1
    return Places(number=places[number], n=n_found)
