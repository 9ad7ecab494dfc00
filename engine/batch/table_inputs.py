"""What tables are made from: some variables, and weights, units and groups of their rows or cells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.data.cell_key import CellKey
from engine.estimators.sample.alike import Places, merge_alike, places_of
from engine.estimators.sample.sorting import table_arrays

if TYPE_CHECKING:
    from engine.arrays import TableArrays, VariableArrays
    from engine.batch.context import Columns, Context


class TableInputs:
    """Reads the variables of one table after the other, as cells where these are far fewer than rows.

    DuckDB makes the cells of a large sample; rows of a small one are merged in memory.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rows = context.columns
        self._table_of_rows: tuple[TableArrays, Places | None] | None = None

    def read(self, key: CellKey) -> tuple[TableArrays, list[VariableArrays]]:
        """Return weights, units and groups, and the variables of a key."""
        columns = self._context.in_cells(key).columns
        variables = [columns.variable(name) for name in key.names]
        if columns is not self._rows:
            return _table_of(columns, key), variables
        table, places = self._rows_of(key)
        return merge_alike(table, variables, places)

    def _rows_of(self, key: CellKey) -> tuple[TableArrays, Places | None]:
        """Return the table of the rows, which is the same for all keys of an analysis."""
        if self._table_of_rows is None:
            table = _table_of(self._rows, key)
            self._table_of_rows = table, places_of(table)
        return self._table_of_rows


def _table_of(columns: Columns, key: CellKey) -> TableArrays:
    group, groups = columns.groups(key.by)
    design = columns.design()
    if not key.weighted and design.count is None:
        design = replace(design, weight=None, replicate_weights=None, calibration=None)
    return table_arrays(design, group, groups)
