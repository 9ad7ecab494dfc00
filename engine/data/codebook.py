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
    """One variable; codes as (code, label, count).

    Counts below ten are None, and so is one more where they could be told by subtraction; rare codes without a label
    are left out, and labels that few people share (names) are not listed. `n_blank` is None below ten but above 0.
    """

    name: str
    label: str
    kind: str
    n_blank: int | None
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
    return Codebook(
        file=raw.name, file_label=raw.file_label, n_rows=raw.n_rows, encoding=told, entries=entries
    )


def _entries(raw: RawFrame, search: str | None) -> Iterator[CodebookEntry]:
    import polars as pl

    for name in raw.columns:
        label = raw.column_labels.get(name, "")
        if search and not (re.search(search, name, re.IGNORECASE) or re.search(search, label)):
            continue
        kind = raw.frame.collect_schema()[name]
        if kind.is_nested() or kind in (pl.Binary, pl.Duration, pl.Object):
            yield CodebookEntry(name=name, label=label, kind=str(kind), n_blank=None, n_distinct=0, codes=())
            continue
        column = RawColumn(raw, name)
        code = pl.coalesce(column.text, column.identifier()).alias("code")
        counts = raw.frame.select(code).group_by("code").agg(n=pl.len()).collect(engine="in-memory")
        held = {row["code"]: int(row["n"]) for row in counts.iter_rows(named=True)}
        n_blank = held.pop(None, 0)
        rare_blank = 0 < n_blank < SHOWN_FROM
        yield CodebookEntry(
            name=name,
            label=label,
            kind="text" if column.is_text else "number",
            n_blank=None if rare_blank else n_blank,
            n_distinct=len(held),
            codes=tuple(_codes(column, held, n_blank if rare_blank else 0)),
        )


def _codes(column: RawColumn, held: dict[str, int], hidden: int) -> list[tuple[str, str, int | None]]:
    """Return labelled codes, and common ones where there are few: a rare code can be somebody."""
    labels = {_text(code): label for code, label in column.labels.items()}
    few = len(held) <= MOST_CODES
    rare = sum(0 < n < SHOWN_FROM for n in held.values())
    if len(labels) > MOST_CODES and rare > len(held) / 2:
        return []
    shown: list[tuple[str, str, int | None]] = []
    for code in sorted({*labels, *held} if few else labels, key=_by_number):
        n = held.get(code, 0)
        if code in labels or n >= SHOWN_FROM:
            shown.append((code, labels.get(code, ""), n if n == 0 or n >= SHOWN_FROM else None))
    told = {code: n for code, _, n in shown if n}
    hidden += sum(n for code, n in held.items() if code not in told)
    if told and 0 < hidden < SHOWN_FROM:  # the rest could be told by subtraction
        least = min(told, key=lambda code: told[code])
        shown = [(code, label, None if code == least else n) for code, label, n in shown]
    return shown


def _text(code: float | str) -> str:
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


def _by_number(code: str) -> tuple[float, str]:
    try:
        return float(code), ""
    except ValueError:
        return float("inf"), code
