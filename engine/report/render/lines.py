"""A table as renderers walk over it: headings above headings, lines, numbers with their point in line."""

from __future__ import annotations

from dataclasses import dataclass

from engine.report.model import Cell, Table, missing_decimals, text_columns

FIGURE_SPACE, POINT_SPACE = "\u2007", "\u2008"  # as wide as a digit, as wide as a point
MINUS = "\u2212"
TEXT_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """A heading above some columns, or the gap between two of them."""

    label: str
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a table; a group line has a name and no cells; `starts` says that a group begins or ends."""

    name: str
    cells: tuple[str, ...]
    is_group: bool = False
    inside: bool = False
    starts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A table, ready for a renderer.

    Attributes
    ----------
    title, columns, notes
        As in the table.
    above
        Headings above the columns after the first; empty without any.
    lines
        Its lines.
    is_text
        Whether its cells are sentences rather than numbers.
    left
        Which of the columns hold words, which stand on the left.
    """

    title: str
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    above: tuple[Above, ...]
    lines: tuple[Line, ...]
    is_text: bool
    left: tuple[bool, ...]


def lines_of(table: Table, *, aligned: bool = True) -> Lines:
    """Return the lines of a table, with true minus signs; `aligned` pads numbers to line up at the point."""
    whole = [row for row in table.rows if len(row) > 1]
    lacking = [missing_decimals(column) for column in zip(*whole, strict=True)] if aligned else []
    lines = []
    place = 0
    for row in table.rows:
        if len(row) == 1:
            lines.append(Line(name=row[0], cells=(), is_group=True, starts=True))
            continue
        padding = [column[place] for column in lacking[1:]] or [0] * (len(row) - 1)
        cells = tuple(_typeset(cell, pad) for cell, pad in zip(row[1:], padding, strict=True))
        inside = row[0].startswith("  ")
        starts = not inside and bool(lines) and lines[-1].inside
        lines.append(Line(name=row[0].strip(), cells=cells, inside=inside, starts=starts))
        place += 1
    is_text = _is_text(table)
    return Lines(
        title=table.title,
        columns=table.columns,
        notes=table.notes,
        above=tuple(_above(table)),
        lines=tuple(lines),
        is_text=is_text,
        left=(True,) * len(table.columns) if is_text else text_columns(table),
    )


def _typeset(cell: str, padding: int) -> str:
    text = cell.replace("-", MINUS) if isinstance(cell, Cell) else str(cell)
    return text + (POINT_SPACE * (padding > 0 and "." not in text)) + FIGURE_SPACE * _digits(text, padding)


def _digits(text: str, padding: int) -> int:
    """Return how many of the missing characters are digits: all but the point, where it is missing too."""
    return padding if "." in text or padding == 0 else padding - 1


def _above(table: Table) -> list[Above]:
    found: list[Above] = []
    place = 1
    for spanner in table.spanners:
        if spanner.start > place:
            found.append(Above(label="", width=spanner.start - place))
        found.append(Above(label=spanner.label, width=spanner.end - spanner.start))
        place = spanner.end
    if found and place < len(table.columns):
        found.append(Above(label="", width=len(table.columns) - place))
    return found


def _is_text(table: Table) -> bool:
    """Whether a table holds sentences: cells that are long and no numbers."""
    cells = [cell for row in table.rows for cell in row[1:]]
    texts = [cell for cell in cells if cell and not isinstance(cell, Cell)]
    longest = max((len(cell) for cell in texts), default=0)
    return longest > TEXT_LENGTH and not any(isinstance(cell, Cell) for cell in cells)
