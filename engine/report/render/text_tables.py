"""Tables as Markdown and CSV."""

from __future__ import annotations

import csv
import io
import re

from engine.report.model import Cell, Table
from engine.report.render.lines import Lines, lines_of
from engine.report.render.table_set import TableSet

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def markdown(tables: TableSet) -> bytes:
    """Return tables as Markdown; a heading above columns stands before theirs."""
    parts = [f"# {_escaped(tables.title)}", *([f"**{tables.mark}**"] if tables.mark else [])]
    for table in tables.tables:
        parts.append(f"## {_escaped(table.title)}")
        parts.append("\n".join(_markdown_lines(lines_of(table, aligned=False))))
        parts.extend(_escaped(note) for note in table.notes)
    return ("\n\n".join(parts) + "\n").encode()


def _markdown_lines(table: Lines) -> list[str]:
    sides = [":---" if left else "---:" for left in table.left]
    found = [_pipes(headings(table)), _pipes(sides)]
    for line in table.lines:
        name = f"**{_escaped(line.name)}**" if line.is_group else _escaped(line.name)
        indented = f"&emsp;{name}" if line.inside else name
        blank = [""] * (len(table.columns) - 1)
        found.append(_pipes([indented, *([_escaped(cell) for cell in line.cells] or blank)]))
    return found


def headings(table: Lines) -> list[str]:
    """Return the heading of each column, with what stands above it."""
    above = [cell.label for cell in table.above for _ in range(cell.width)]
    if not above:
        return [_escaped(column) for column in table.columns]
    joined = (
        f"{_escaped(label)}: {_escaped(column)}" if label else _escaped(column)
        for label, column in zip(above, table.columns[1:], strict=True)
    )
    return [_escaped(table.columns[0]), *joined]


def _pipes(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", text).replace("\n", " ")


def csv_table(table: Table, mark: str) -> bytes:
    """Return one table as CSV as it is shown, for spreadsheets: with a mark of the encoding.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_harmless(table.title), *([mark] if mark else [])])
    if table.spanners:
        above = ["" for _ in table.columns]
        for spanner in table.spanners:
            above[spanner.start] = _harmless(spanner.label)
        writer.writerow(above)
    writer.writerow([_harmless(column) for column in table.columns])
    writer.writerows([_harmless(cell) for cell in row] for row in table.rows)
    writer.writerows([_harmless(note)] for note in table.notes)
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet computes; numbers stay as they are."""
    is_text = not isinstance(cell, Cell) and len(cell) > 1
    return f"'{cell}" if is_text and cell.lstrip().startswith(FORMULA) else str(cell)
