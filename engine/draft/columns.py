"""One column of one survey file, as far as a draft needs it: levels, missing codes, and what to ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from engine.data.codebook import code_counts, code_text
from engine.data.dialect import Dialect
from engine.data.disclosure import SMALLEST_SHOWN
from engine.data.file_calls import call_with_files
from engine.data.formats import format_of, open_frame, unknown_format
from engine.data.raw_column import RawColumn, raw_column
from engine.data.raw_frame import RawFrame, refuse_no_header
from engine.data.source_file import SourceFile, reading
from engine.draft.meanings import is_no_value, reason_of
from engine.errors import Fault, MissingFileError, UsageError
from engine.study.source import MISSING_TEXTS

MOST_LEVELS = 30  # of a text without labels: with more it is a name or an id
FEW_VALUES = 8  # of a number without labels: it may be a factor
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}.*")
Kind = Literal["factor", "number", "other"]
Code = int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftColumn:
    """A column of a file.

    Attributes
    ----------
    name, label
        As in the file.
    kind
        ``factor`` and ``number`` become variables; ``other`` is mentioned only.
    levels
        Level -> codes.
    missing
        Reason -> codes that are no value.
    labels
        Code -> the file's label of it.
    has_labels
        Whether a number has labels of some of its values.
    n_distinct
        Distinct codes.
    is_unique
        Whether every row has a code of its own.
    questions
        What the analyst must decide, one sentence each.
    """

    name: str
    label: str
    kind: Kind
    levels: Mapping[str, tuple[Code, ...]] = field(default_factory=dict)
    missing: Mapping[str, tuple[Code, ...]] = field(default_factory=dict)
    labels: Mapping[Code, str] = field(default_factory=dict)
    has_labels: bool = False
    n_distinct: int = 0
    is_unique: bool = False
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFile:
    """A survey file and its columns."""

    path: Path
    title: str
    n_rows: int
    encoding: str | None
    delimiter: str | None = None
    columns: tuple[DraftColumn, ...]


def read_files(paths: Sequence[Path], encoding: str | None) -> list[DraftFile]:
    """Read what a draft needs of files.

    Raises
    ------
    UsageError
        If the format is unknown.
    DataError
        If a file does not exist or cannot be read.
    """
    for path in paths:
        if not path.is_file():
            raise MissingFileError(Fault(f"{path}", "no such file", "a survey file", "Check the path."))
        if format_of(path) is None:
            raise UsageError(unknown_format(path))
    files = [SourceFile(path=path, dialect=Dialect(is_found=True)) for path in paths]
    found = call_with_files(_read_file, files, encoding)
    return [replace(one, path=path) for one, path in zip(found, paths, strict=True)]


def _read_file(file: SourceFile, encoding: str | None) -> DraftFile:
    with TemporaryDirectory(prefix="equirank-") as scratch, reading(file.path):
        raw = open_frame(file, ("*",), encoding, Path(scratch))
        refuse_no_header(raw)
        return DraftFile(
            path=file.path,
            title=raw.file_label,
            n_rows=raw.n_rows,
            delimiter=raw.delimiter,
            encoding=None if raw.encoding is None else raw.encoding.name,
            columns=tuple(_column(raw, name) for name in raw.columns),
        )


def _column(raw: RawFrame, name: str) -> DraftColumn:
    label = " ".join(raw.column_labels.get(name, "").split())
    stored: Any = raw.frame.collect_schema()[name]
    if stored.is_nested() or stored.is_temporal() or not (stored.is_numeric() or _holds_text(stored)):
        what = "a date: with date = true it is days" if stored.is_temporal() else "no number and no text"
        return DraftColumn(name=name, label=label, kind="other", questions=(f"It holds {what}.",))
    column = raw_column(raw, name)
    counts = {code: n for code, n in code_counts(raw, column).items() if code is not None}
    if name in raw.plain_text:  # a study takes them for empty cells by itself
        counts = {code: n for code, n in counts.items() if code not in MISSING_TEXTS}
    if not counts:
        return DraftColumn(name=name, label=label, kind="other", questions=("Every cell is empty.",))
    labels = {code_text(code): " ".join(text.split()) for code, text in column.labels.items()}
    shape = _labelled(column, counts, labels) if labels else _unlabelled(column, counts)
    facts = {"n_distinct": len(counts), "is_unique": _is_id(counts, raw.n_rows)}
    return DraftColumn(name=name, label=label, **{**facts, **shape})


def _is_id(counts: Mapping[str, int], n_rows: int) -> bool:
    """Whether a column may be an id: every row has a value of its own, and none has decimals."""
    if len(counts) < n_rows or n_rows <= MOST_LEVELS:
        return False
    return all(not is_number(code) or float(code).is_integer() for code in counts)


def _holds_text(stored: Any) -> bool:  # noqa: ANN401 - a type of Polars
    import polars as pl

    return stored in (pl.String, pl.Boolean, pl.Categorical, pl.Enum)


def _labelled(column: RawColumn, counts: Mapping[str, int], labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the draft of a column with labels: a factor, unless most people hold a code without one."""
    missing = _missing_codes(column, [*labels, *counts], labels)
    gone = {code_text(code) for codes in missing.values() for code in codes}
    gone |= {code for code in {*labels, *counts} if _is_declared_missing(column, code)}
    named = [code for code in labels if code not in gone]
    unnamed = {code: n for code, n in counts.items() if code not in labels and code not in gone}
    people = sum(n for code, n in counts.items() if code not in gone)
    facts = {"missing": missing, "labels": {as_code(code): label for code, label in labels.items()}}
    if not named or 2 * sum(unnamed.values()) > people or len(unnamed) > MOST_LEVELS:
        said = ", ".join(f"{code} = {labels[code]}" for code in named[:4])
        questions = (
            (f"Some values have labels ({said}): is it a number, or are they levels?",) if named else ()
        )
        return {"kind": "number", "has_labels": bool(named), "questions": questions, **facts}
    levels: dict[str, tuple[Code, ...]] = {}
    for code in sorted(named, key=_by_number):
        level = labels[code] or code
        levels[level] = (*levels.get(level, ()), as_code(code))
    known = [code for code in sorted(unnamed, key=_by_number) if unnamed[code] >= SMALLEST_SHOWN]
    levels |= {code: (as_code(code),) for code in known}
    return {"kind": "factor", "levels": levels, "questions": tuple(_of_unnamed(known, unnamed)), **facts}


def _of_unnamed(known: list[str], unnamed: Mapping[str, int]) -> Iterator[str]:
    if known:
        yield f"The file has no label for {', '.join(known)}: what do they mean?"
    if len(unnamed) > len(known):
        yield "A few people hold codes without a label, not shown here: a run will tell how many rows."


def _unlabelled(column: RawColumn, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the draft of a column without labels: a number, a text with few values, or something else."""
    texts = [code for code in counts if not is_number(code)]
    n_text = sum(counts[code] for code in texts)
    if n_text == 0 or (n_text < sum(counts.values()) and all(is_no_value(text) for text in texts)):
        missing = _missing_codes(column, texts, {text: text for text in texts})
        return {"kind": "number", "missing": missing, "questions": tuple(_of_number(counts, texts))}
    shown = [code for code in counts if counts[code] >= SMALLEST_SHOWN]
    if all(_DATE.fullmatch(text) for text in texts):
        return {
            "kind": "other",
            "questions": ("Dates as text: with date = true they are days, for years_between.",),
        }
    if len(counts) > MOST_LEVELS or not shown:
        return {"kind": "other", "questions": (f"Text with {len(counts):,} different values.",)}
    missing = _missing_codes(column, shown, {text: text for text in shown})
    gone = {code for codes in missing.values() for code in codes}
    levels = {code: (code,) for code in sorted(shown) if code not in gone}
    rare = ("A few people hold values that are not shown here: a run will tell how many rows.",)
    return {
        "kind": "factor" if levels else "other",
        "levels": levels,
        "missing": missing,
        "questions": rare if len(shown) < len(counts) else (),
    }


def _of_number(counts: Mapping[str, int], texts: Iterable[str]) -> Iterator[str]:
    """Yield what to ask of a number: whether it is a factor, and whether its last values are codes."""
    values = {code: float(code) for code in counts if code not in {*texts}}
    shown = sorted((code for code in values if counts[code] >= SMALLEST_SHOWN), key=_by_number)
    if 1 < len(values) <= FEW_VALUES and shown:
        yield f"It has few values ({', '.join(shown)}): is it a factor? Then give it levels."
        return
    suspects = [code for code in shown if _looks_like_a_code(values[code], values.values())]
    if suspects:
        yield f"Is {', '.join(suspects)} a code for missing? Then: missing = [{', '.join(suspects)}]"


def _looks_like_a_code(value: float, values: Iterable[float]) -> bool:
    """Whether a value stands apart as codes for missing do: -9 among positive values, 999 far above all."""
    others = [other for other in values if other != value and not _is_nines(other)]
    if not others:
        return False
    return (value in (-1, -2, -7, -8, -9, -99) and min(others) >= 0) or (
        _is_nines(value) and value > 2 * max(others)
    )


def _is_nines(value: float) -> bool:
    return value >= 99 and {*f"{value:.0f}"[:-1]} == {"9"} and value == int(value)


def _missing_codes(
    column: RawColumn, codes: Iterable[str], labels: Mapping[str, str]
) -> dict[str, tuple[Code, ...]]:
    """Return reason -> codes that are no value by their label; Stata's letters never are one."""
    missing: dict[str, list[Code]] = {}
    for code in dict.fromkeys(codes):
        is_letter = not column.is_text and not is_number(code)
        reason = reason_of(labels.get(code, "")) or ("missing" if is_letter else None)
        if column.is_text and code in labels and is_no_value(labels[code]):
            reason = reason or "missing"
        if reason is not None:
            missing.setdefault(reason, []).append(as_code(code))
    return {reason: tuple(found) for reason, found in missing.items()}


def _is_declared_missing(column: RawColumn, code: str) -> bool:
    return is_number(code) and any(low <= float(code) <= high for low, high in column.ranges)


def is_number(text: str) -> bool:
    """Whether a code is a finite number, as every program writes one.

    Examples
    --------
    >>> is_number("-1.5"), is_number("2009_10"), is_number("nan")
    (True, False, False)
    """
    return _NUMBER.fullmatch(text) is not None


def as_code(text: str) -> Code:
    """Return a code as a study file writes it: 1, 1.5 or "a"."""
    if not is_number(text):
        return text
    number = float(text)
    return int(number) if number.is_integer() else number


def _by_number(code: str) -> tuple[float, str]:
    return (float(code), "") if is_number(code) else (float("inf"), code)
