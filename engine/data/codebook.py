"""The codebook of a survey file: names, labels, types, codes with their labels, and blanks, but no record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.data.dialect import Dialect
from engine.data.disclosure import SMALLEST_SHOWN
from engine.data.file_calls import call_with_files
from engine.data.formats import format_of, open_frame, unknown_format
from engine.data.raw_column import RawColumn, raw_column
from engine.data.raw_frame import RawFrame, refuse_no_header
from engine.data.source_file import SourceFile, reading
from engine.errors import Fault, MissingFileError, UsageError
from engine.study.source_checks import is_text_encoding

MOST_CODES = 30  # of a variable without labels: with more it is a measure or a name


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookEntry:
    """One variable.

    Attributes
    ----------
    name, label
        As in the file.
    kind
        ``text`` or ``number``; for nested and binary columns their type.
    n_blank
        Empty cells; None if there are some, but too few to be shown.
    n_distinct
        Distinct codes.
    codes
        (code, label, count). The count is None if it is too small to be shown, or if another one could be
        derived from it by subtraction. Rare codes without a label are left out; so are labels that few people
        share (names).
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


def file_codebook(path: Path, encoding: str | None = None, search: str | None = None) -> Codebook:
    """Read a file's codebook.

    Parameters
    ----------
    path
        The file.
    encoding
        Of its text; None to find it from the bytes.
    search
        Regular expression: only variables whose name or label matches.

    Raises
    ------
    UsageError
        For an unreadable pattern, an unknown encoding or an unknown format.
    DataError
        If the file does not exist or cannot be read.
    """
    _refuse_bad_request(path, encoding, search)
    file = SourceFile(path=path, dialect=Dialect(is_found=True))
    (found,) = call_with_files(_codebook, [file], encoding, search)
    return found


def _codebook(file: SourceFile, encoding: str | None, search: str | None) -> Codebook:
    with TemporaryDirectory(prefix="equirank-") as scratch, reading(file.path):
        raw = open_frame(file, ("*",), encoding, Path(scratch))
        refuse_no_header(raw)
        return Codebook(
            file=raw.name,
            file_label=raw.file_label,
            n_rows=raw.n_rows,
            encoding="as stored" if raw.encoding is None else str(raw.encoding),
            entries=tuple(_entries(raw, search)),
        )


def _refuse_bad_request(path: Path, encoding: str | None, search: str | None) -> None:
    try:
        re.compile(search or "")
    except re.error as error:
        raise UsageError(
            Fault("--search", f"found a pattern that cannot be read ({error})", "one that can", "Correct it.")
        ) from None
    if encoding is not None and not is_text_encoding(encoding):
        found = f"found '{encoding}', which is no encoding of text"
        raise UsageError(Fault("--encoding", found, "one such as GB18030", "Correct it."))
    if not path.is_file():
        raise MissingFileError(Fault(f"{path}", "no such file", "a survey file", "Check the path."))
    if format_of(path) is None:
        raise UsageError(unknown_format(path))


def _entries(raw: RawFrame, search: str | None) -> Iterator[CodebookEntry]:
    schema = raw.frame.collect_schema()
    for name in raw.columns:
        label = raw.column_labels.get(name, "")
        if not search or re.search(search, name, re.IGNORECASE) or re.search(search, label):
            yield (
                _unlisted(name, label, str(schema[name]))
                if _has_no_codes(schema[name])
                else _entry(raw, name)
            )


def _has_no_codes(kind: Any) -> bool:  # noqa: ANN401 - a type of Polars
    import polars as pl

    return bool(kind.is_nested() or kind in (pl.Binary, pl.Duration, pl.Object))


def _unlisted(name: str, label: str, kind: str) -> CodebookEntry:
    return CodebookEntry(name=name, label=label, kind=kind, n_blank=None, n_distinct=0, codes=())


def _entry(raw: RawFrame, name: str) -> CodebookEntry:
    column = raw_column(raw, name)
    counts = code_counts(raw, column)
    n_blank = counts.pop(None, 0)
    few_blank = 0 < n_blank < SMALLEST_SHOWN
    listed = {str(code): n for code, n in counts.items()}
    return CodebookEntry(
        name=name,
        label=raw.column_labels.get(name, ""),
        kind="text" if column.is_text else "number",
        n_blank=None if few_blank else n_blank,
        n_distinct=len(listed),
        codes=tuple(_codes(column, listed, n_blank if few_blank else 0)),
    )


def code_counts(raw: RawFrame, column: RawColumn) -> dict[str | None, int]:
    """Return how many people hold each code; None stands for a blank."""
    import polars as pl

    number = column.identifier()
    code = (number if column.text is None else pl.coalesce(column.text, number)).alias("code")
    counts = raw.frame.select(code).group_by("code").agg(n=pl.len()).collect(engine="in-memory")
    return {row["code"]: int(row["n"]) for row in counts.iter_rows(named=True)}


def _codes(column: RawColumn, counts: dict[str, int], hidden: int) -> list[tuple[str, str, int | None]]:
    """Return labelled codes, and common ones where there are few: a rare code can identify somebody.

    `hidden` are the people whose number is not shown elsewhere, such as blanks.
    """
    labels = {code_text(code): label for code, label in column.labels.items()}
    rare = sum(0 < n < SMALLEST_SHOWN for n in counts.values())
    if len(labels) > MOST_CODES and rare > len(counts) / 2:
        return []
    listed = {*labels, *counts} if len(counts) <= MOST_CODES else labels
    shown: list[tuple[str, str, int | None]] = []
    for code in sorted(listed, key=_by_number):
        n = counts.get(code, 0)
        if code in labels or n >= SMALLEST_SHOWN:
            shown.append((code, labels.get(code, ""), n if n == 0 or n >= SMALLEST_SHOWN else None))
    return _without_differences(shown, counts, hidden)


def _without_differences(
    shown: list[tuple[str, str, int | None]], counts: dict[str, int], hidden: int
) -> list[tuple[str, str, int | None]]:
    """Hide the smallest count too if the hidden ones could be derived from the total by subtraction."""
    counted = {code: n for code, _, n in shown if n}
    hidden += sum(n for code, n in counts.items() if code not in counted)
    if not counted or not 0 < hidden < SMALLEST_SHOWN:
        return shown
    smallest = min(counted, key=lambda code: counted[code])
    return [(code, label, None if code == smallest else n) for code, label, n in shown]


def code_text(code: float | str) -> str:
    """Return a code as a codebook writes it: 1 for 1.0."""
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


def _by_number(code: str) -> tuple[float, str]:
    try:
        return float(code), ""
    except ValueError:
        return float("inf"), code
