"""Tables as a workbook: a sheet each with numbers as numbers, and the rows of results.parquet as they are."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.report.model import SMALL_MARK, Cell, Table, text_columns
from engine.report.render.table_set import TableSet

if TYPE_CHECKING:
    import polars as pl

LONGEST_NAME = 31  # of a sheet
RAW = "results"


class _Exact(float):
    """A number that is written with all its digits; xlsxwriter writes 16, and a double may need 17."""

    def __format__(self, spec: str) -> str:
        return repr(float(self))


def excel(tables: TableSet, names: Sequence[str], results: pl.DataFrame) -> bytes:
    """Return a workbook: a sheet for each table under its name, and one with all results."""
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        created = tables.created.replace(tzinfo=None)
        book.set_properties({"title": tables.title, "author": "equirank", "created": created})
        taken = {RAW}
        for name, table in zip(names, tables.tables, strict=True):
            _sheet(book, sheet_name(name, taken), table, tables.mark)
        _raw_sheet(book, results)
    return out.getvalue()


def sheet_name(name: str, taken: set[str]) -> str:
    """Return a name that a workbook allows and does not have yet, and take it.

    Examples
    --------
    >>> taken = set()
    >>> sheet_name("rates: a/b", taken), sheet_name("rates: a/b", taken)
    ('rates- a-b', 'rates- a-b 2')
    """
    bare = re.sub(r"[\[\]:*?/\\]", "-", name).strip("'") or "table"
    found, number = bare[:LONGEST_NAME], 1
    while found.lower() in {one.lower() for one in taken}:
        number += 1
        found = f"{bare[: LONGEST_NAME - len(str(number)) - 1]} {number}"
    taken.add(found)
    return found


def _sheet(book: Any, name: str, table: Table, mark: str) -> None:  # noqa: ANN401 - xlsxwriter's own classes
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    sheet.write_string(0, 0, table.title, bold)
    if mark:
        sheet.write_string(1, 0, mark, bold)
    above, words = 3 if table.spanners else 2, text_columns(table)
    for spanner in table.spanners:
        centred = book.add_format({"bold": True, "align": "center", "bottom": 1, "top": 2})
        _across(sheet, above - 1, spanner.start, spanner.end - 1, spanner.label, centred)
    for place, column in enumerate(table.columns):
        side = "left" if words[place] else "right"
        rule = {"bold": True, "bottom": 1, "align": side, "text_wrap": True}
        heading = book.add_format(rule if table.spanners else {**rule, "top": 2})
        sheet.write_string(above, place, column, heading)
    formats: dict[tuple[Any, ...], Any] = {}
    for number, row in enumerate(table.rows, start=above + 1):
        last = number == above + len(table.rows)
        for place in range(len(table.columns)):
            cell = row[place] if place < len(row) else ""
            look = _look(cell, place, is_group=len(row) == 1, is_last=last)
            if place and words[place]:
                look["align"] = "left"
            key = tuple(look.items())
            if key not in formats:
                formats[key] = book.add_format(look)
            _write(sheet, number, place, cell, formats[key])
    for number, note in enumerate(table.notes, start=above + len(table.rows) + 1):
        sheet.write_string(number, 0, note)
    sheet.freeze_panes(above + 1, 1)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, len(table.columns) - 1, 17)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(above - bool(table.spanners), above)


def _across(sheet: Any, row: int, first: int, last: int, text: str, look: Any) -> None:  # noqa: ANN401
    if last > first:
        sheet.merge_range(row, first, row, last, text, look)
    else:
        sheet.write_string(row, first, text, look)


def _look(cell: str, place: int, *, is_group: bool, is_last: bool) -> dict[str, Any]:
    look: dict[str, Any] = {"align": "right"} if place else {"indent": int(cell.startswith("  "))}
    if is_group:
        look["bold"] = True
    if is_last:
        look["bottom"] = 2
    if isinstance(cell, Cell) and cell.is_number:
        decimals = len(cell.rpartition(".")[2]) if "." in cell else 0
        mark = f'"{SMALL_MARK}"' if cell.is_marked else ""
        look["num_format"] = "#,##0" + ("." + "0" * decimals if decimals else "") + mark
    return look


def _write(sheet: Any, row: int, place: int, cell: str, look: Any) -> None:  # noqa: ANN401
    if isinstance(cell, Cell) and cell.is_number:
        sheet.write_number(row, place, _Exact(cell.values[0]), look)
    else:
        sheet.write_string(row, place, str(cell).strip() if place == 0 else str(cell), look)


def _raw_sheet(book: Any, results: pl.DataFrame) -> None:  # noqa: ANN401
    """Write all results: numbers with all digits, nothing where nothing is."""
    sheet = book.add_worksheet(RAW)
    bold = book.add_format({"bold": True, "bottom": 1})
    for place, column in enumerate(results.columns):
        sheet.write_string(0, place, column, bold)
    for number, row in enumerate(results.iter_rows(), start=1):
        for place, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, place, value)
            elif value is not None:
                sheet.write_number(number, place, _Exact(value))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, results.height, results.width - 1)
