"""An opened data file: a lazy frame of raw columns, with what the file says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.data.encoding import Encoding
from engine.errors import DataError, Fault, nearest

REPEATED = "_duplicated_0"  # what Polars adds to the second of two columns with one name
ROWS_COMPARED = 1000
NO_HEADER = "The first row looks like a record: has the file a header?"

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFrame:
    """A file as a lazy frame.

    Attributes
    ----------
    name
        File name for messages.
    frame
        Raw columns; text as text.
    columns
        Their names.
    labels
        Column -> code -> label, for formats that carry them.
    column_labels
        Column -> its label.
    missing_ranges
        Column -> (low, high) codes that the file itself declares missing.
    n_rows
        Rows of the file.
    encoding
        Of its text; None for formats whose encoding is fixed.
    n_undecodable
        Distinct texts with bytes that are invalid in this encoding.
    file_label
        The file's title.
    delimiter
        Of a text file, where it was found and not given.
    unmatched
        Merged file -> rows without a record there.
    plain_text
        Columns of text files, in which every cell is text.
    missing_texts
        What stands for an empty cell in them.
    """

    name: str
    frame: pl.LazyFrame
    columns: tuple[str, ...]
    labels: Mapping[str, Mapping[float | str, str]] = field(default_factory=dict)
    column_labels: Mapping[str, str] = field(default_factory=dict)
    missing_ranges: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    n_rows: int
    encoding: Encoding | None = None
    n_undecodable: int = 0
    file_label: str = ""
    delimiter: str | None = None
    unmatched: Mapping[str, int] = field(default_factory=dict)
    plain_text: frozenset[str] = frozenset()
    missing_texts: frozenset[str] = frozenset()

    def frame_columns(self) -> tuple[str, ...]:
        """Return every column of the lazy frame, auxiliary ones such as those of Stata's letters included."""
        return tuple(self.frame.collect_schema().names())

    def has(self, name: str) -> bool:
        """Whether there is a column of this name, in any case."""
        return any(_folded(column) == _folded(name) for column in self.columns)

    def matching(self, pattern: str) -> list[tuple[str, str]]:
        """Return the columns (name, label) whose name or label matches a regular expression."""
        labelled = [(column, self.column_labels.get(column, "")) for column in self.columns]
        return [
            (column, label)
            for column, label in labelled
            if re.search(pattern, column, re.IGNORECASE) or re.search(pattern, label)
        ]

    def column(self, name: str, place: str) -> str:
        """Return the file's spelling of a column, matched without regard to case.

        Raises
        ------
        DataError
            If there is no such column, or there are two that differ only in case.
        """
        if name in self.columns:
            return name
        same = [column for column in self.columns if _folded(column) == _folded(name)]
        if len(same) == 1:
            return same[0]
        if same:
            found = f"columns {', '.join(same)} differ only in case"
            raise DataError(Fault(self.name, found, f"one for {place}", "Write it exactly as in the file."))
        remedy = nearest(name, list(self.columns))
        if self.plain_text and first_row_is_record(self.frame, [*self.plain_text]):
            remedy = NO_HEADER  # a person's values may stand among the names
        found, expected = f"no column '{name}', wanted by {place}", f"one of its {len(self.columns)} columns"
        raise DataError(Fault(self.name, found, expected, remedy))


def refuse_no_header(raw: RawFrame) -> None:
    """Refuse a text file whose names are mostly numbers, where all of its names would be shown.

    Raises
    ------
    DataError
        Without any of the names: they can be a person's values.
    """
    numbers = [name for name in raw.plain_text if _is_number(name.removesuffix(REPEATED))]
    if 2 * len(numbers) >= max(len(raw.plain_text), 1):
        found = f"{len(numbers)} of {len(raw.plain_text)} names of columns are numbers or empty"
        raise DataError(Fault(raw.name, found, "names", NO_HEADER))


def first_row_is_record(frame: pl.LazyFrame, columns: Sequence[str]) -> bool:
    """Whether the names of a text file's columns look like a person's values.

    A name is a number or nothing, or is found again among the first values of its column.
    """
    import polars as pl

    names = {column: column.removesuffix(REPEATED) for column in columns}
    if any(map(_is_number, names.values())):
        return True
    values = frame.select(columns).head(ROWS_COMPARED)
    again = values.select(pl.any_horizontal((pl.col(own) == name).any() for own, name in names.items()))
    return bool(again.collect(engine="in-memory").item())


def _is_number(name: str) -> bool:
    try:
        float(name or "0")
    except ValueError:
        return False
    return True


def _folded(name: str) -> str:
    return name.strip().casefold()
