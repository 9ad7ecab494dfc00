"""Reads published tables: those shipped with the program, and CSV files of printed numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

from engine.audit.published import PrintedCell, Tables
from engine.errors import DataError, UsageError, nearest

HEADER = ("table", "variable", "level", "column", "measure", "printed")
MEASURES = (
    "n",
    "percent",
    "missing",
    "events",
    "rate",
    "odds_ratio",
    "conf_low",
    "conf_high",
    "p_value",
    "youngest",
    "oldest",
    "mean",
    "sd",
    "std_error",
    "p_below",
    "variance",
    "icc",
    "aic",
    "bic",
    "index",
    "horizontal_inequity",
    "need_share",
    "is_need",
    "effect",
    "share",
)


def shipped_publications() -> Mapping[str, Path]:
    """Return the publications shipped with the program: name -> file."""
    folder = Path(str(resources.files("engine"))) / "published"
    return {path.stem: path for path in sorted(folder.glob("*.csv"))}


def read_publication(name: str | Path) -> Tables:
    """Read a shipped publication, or a CSV file with the columns of `HEADER`.

    Raises
    ------
    UsageError
        If there is no such publication or file.
    DataError
        If the file or one of its lines does not follow the format; the message names the line.
    """
    shipped = shipped_publications()
    path = shipped.get(str(name), Path(name))
    if not path.is_file():
        raise UsageError(
            f"audit '{name}': no such publication or file; expected a shipped name or a CSV file with the "
            f"columns {', '.join(HEADER)}. {nearest(str(name), [*shipped])}"
        )
    try:
        return Tables(_read_cells(_read_text(path), path.name))
    except csv.Error as error:
        raise DataError(
            f"{path.name}: not a CSV file ({error}); expected one number a line in short fields. "
            "Save it as CSV."
        ) from None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name}: cannot be read ({type(error).__name__}); expected UTF-8 text. Save it as UTF-8."
        ) from None


def _read_cells(text: str, source: str) -> Iterator[PrintedCell]:
    lines = csv.reader(text.splitlines())
    _check_header(next(lines, []), source)
    first_lines: dict[tuple[str, ...], int] = {}
    for number, fields in enumerate(lines, start=2):
        if not fields:
            continue
        cell = _read_cell(fields, f"{source}, line {number}")
        first = first_lines.setdefault(tuple(fields[:-1]), number)
        if first != number:
            raise DataError(
                f"{source}, line {number}: the same cell as line {first}; expected each cell once. Drop one."
            )
        yield cell


def _check_header(header: list[str], source: str) -> None:
    if tuple(name.strip() for name in header) != HEADER:
        raise DataError(
            f"{source}, line 1: the columns are {', '.join(header)[:80] or 'missing'}; "
            f"expected {', '.join(HEADER)}. Write one printed number a line."
        )


def _read_cell(fields: list[str], place: str) -> PrintedCell:
    if len(fields) != len(HEADER):
        raise DataError(f"{place}: {len(fields)} fields; expected {len(HEADER)}. Quote fields with commas.")
    cell = PrintedCell(**dict(zip(HEADER, (field.strip() for field in fields), strict=True)))
    if cell.measure not in MEASURES:
        raise DataError(
            f"{place}: unknown measure '{cell.measure}'; expected one of {', '.join(MEASURES)}. "
            f"{nearest(cell.measure, [*MEASURES])}"
        )
    try:
        _ = cell.value
    except ValueError:
        raise DataError(f"{place}: 'printed' is not a number; expected one. Leave out blanks.") from None
    return cell
