"""Rows of a text file with fewer cells than the header has names: Polars would fill them up with blanks."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from engine.data.encoding import TRANSPARENT, is_gzip
from engine.errors import DataError, Fault

PIECE = 1 << 20
QUOTE = b'"'


def refuse_short_rows(path: Path, name: str, delimiter: str, n_columns: int, n_rows: int) -> None:
    """Refuse a text file in ASCII or UTF-8 with rows that end too early, or are empty.

    The file has `n_columns` and `n_rows`, without the header, and no row of more cells. So it has enough
    delimiters if no row lacks any. Only where they are too few is the file read row by row.

    Raises
    ------
    DataError
        With the number of such rows, and the place of the first.
    """
    if n_columns == 1 or _delimiters(path, delimiter.encode()) == (n_columns - 1) * (n_rows + 1):
        return
    found = _short_rows(path, delimiter, n_columns)
    if found is None:
        return
    n_short, first, line, cells = found
    where = f"row {first:,} (line {line:,}) has {cells} of {n_columns} cells"
    told = where if n_short == 1 else f"{n_short:,} rows have too few cells; the first, {where}"
    raise DataError(
        Fault(name, told, "one for each column", "Complete or remove it; is a copy or an export cut off?")
    )


def _delimiters(path: Path, delimiter: bytes) -> int:
    """Count the delimiters that are not between quotes."""
    found = 0
    inside = 0  # 1 between quotes
    with _opened(path) as stream:
        while piece := stream.read(PIECE):
            if inside or QUOTE in piece:
                parts = piece.split(QUOTE)
                found += b"".join(parts[inside::2]).count(delimiter)
                inside = (inside + len(parts) - 1) % 2
            else:
                found += piece.count(delimiter)
    return found


def _short_rows(path: Path, delimiter: str, n_columns: int) -> tuple[int, int, int, int] | None:
    """Return how many rows are too short, and row, line and cells of the first; None if there are none."""
    n_short, first = 0, (0, 0, 0)
    with _opened(path) as stream:
        reader = csv.reader(_lines(stream), delimiter=delimiter)
        line = 0
        try:
            for row, cells in enumerate(reader):
                if len(cells) < n_columns:
                    first = first if n_short else (row, line + 1, len(cells))
                    n_short += 1
                line = reader.line_num
        except csv.Error:  # a cell that only Polars can read
            return None
    return (n_short, *first) if n_short else None


def _lines(stream: IO[bytes]) -> Iterator[str]:
    for line in stream:
        yield line.decode(TRANSPARENT)


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if is_gzip(path) else path.open("rb")
