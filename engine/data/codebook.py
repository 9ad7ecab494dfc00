"""What a survey file holds, without showing it: names, labels, types, codes with their labels, and blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.raw_column import RawColumn
from engine.data.sources import RawFrame, SourceFile, open_frame, reading

if TYPE_CHECKING:
    pass

MOST_CODES = 30  # of a variable without labels: with more it is a measure or a name
SHOWN_FROM = 10  # people who hold a code before its count is told


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookEntry:
    """One variable; codes as (code, label, count), the count None below ten, and rare codes without label left out."""

    name: str
    label: str
    kind: str
    n_blank: int
    n_distinct: int
    codes: tuple[tuple[str, str, int | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """A file's variables."""

    file: str
    file_label: str
    n_rows: int
    encoding: str
    entries: tuple[CodebookEntry, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the codebook for JSON."""
        return asdict(self)


def read_codebook(path: Path, encoding: str | None, search: str | None, scratch: Path) -> Codebook:
    """Read the codebook of a survey file; `search` keeps the variables whose name or label matches.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    file = SourceFile(path=path)
    with reading(path):
        raw = open_frame(file, ("*",), encoding, scratch)
        entries = tuple(_entries(raw, search))
    told = "as stored" if raw.encoding is None else str(raw.encoding)
    return Codebook(file=raw.name, file_label=raw.file_label, n_rows=raw.n_rows, encoding=told, entries=entries)


def _entries(raw: RawFrame, search: str | None) -> Iterator[CodebookEntry]:
    import polars as pl

    for name in raw.columns:
        label = raw.column_labels.get(name, "")
        if search and not (re.search(search, name, re.IGNORECASE) or re.search(search, label)):
            continue
        column = RawColumn(raw, name)
        code = pl.coalesce(column.text, column.identifier()).alias("code")
        counts = raw.frame.select(code).group_by("code").agg(n=pl.len()).collect(engine="in-memory")
        held = {row["code"]: int(row["n"]) for row in counts.iter_rows(named=True)}
        n_blank = held.pop(None, 0)
        yield CodebookEntry(
            name=name, label=label, kind="text" if column.is_text else "number", n_blank=n_blank,
            n_distinct=len(held), codes=tuple(_codes(column, held)),
        )  # fmt: skip


def _codes(column: RawColumn, held: dict[str, int]) -> Iterator[tuple[str, str, int | None]]:
    """Yield labelled codes, and common ones where there are few: a rare code can be somebody."""
    labels = {_text(code): label for code, label in column.labels.items()}
    few = len(held) <= MOST_CODES
    for code in sorted({*labels, *held} if few else labels, key=_by_number):
        n = held.get(code, 0)
        if code in labels or n >= SHOWN_FROM:
            yield code, labels.get(code, ""), n if n == 0 or n >= SHOWN_FROM else None


def _text(code: float | str) -> str:
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


def _by_number(code: str) -> tuple[float, str]:
    try:
        return float(code), ""
    except ValueError:
        return float("inf"), code
