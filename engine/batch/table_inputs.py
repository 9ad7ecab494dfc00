"""What tables are made from: some variables, and weights, units and groups of their rows or cells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.estimators.sample.sorting import table_arrays

if TYPE_CHECKING:
    from engine.arrays import TableArrays, VariableArrays
    from engine.batch.context import Columns, Context
    from engine.study import DescribeSpec, RatesSpec


class TableInputs:
    """Reads the variables of one table after the other, as cells where these are far fewer than rows."""

    def __init__(
        self, analysis: DescribeSpec | RatesSpec, context: Context, *, weighted: bool = True
    ) -> None:
        self._by = analysis.by
        self._rows = context.columns
        self._weighted = weighted
        self._table_of_rows: TableArrays | None = None

    def read(self, *names: str) -> tuple[TableArrays, list[VariableArrays]]:
        """Return weights, units and groups, and the variables of these names."""
        columns = self._rows.cells([*names, *self._by], weighted=self._weighted)
        return self._table(columns), [columns.variable(name) for name in names]

    def _table(self, columns: Columns) -> TableArrays:
        if columns is not self._rows:
            return self._made(columns)
        if self._table_of_rows is None:
            self._table_of_rows = self._made(columns)
        return self._table_of_rows

    def _made(self, columns: Columns) -> TableArrays:
        group, groups = columns.groups(self._by)
        design = columns.design()
        if not self._weighted and design.count is None:
            design = replace(design, weight=None, replicate_weights=None)
        return table_arrays(design, group, groups)
