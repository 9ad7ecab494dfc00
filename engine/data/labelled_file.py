"""Reads Stata and SPSS files with their labels, missing codes and encoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.labelled_chunks import CODE_SUFFIX, Converted, code_columns, convert
from engine.data.labelled_header import (
    SPSS,
    STATA,
    Header,
    LabelledFormat,
    count_labelled_rows,
    decoded,
    find_labelled_encoding,
    read_header,
)
from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile

if TYPE_CHECKING:
    import polars as pl


def open_stata(file: SourceFile, wanted: tuple[str, ...], encoding: str | None, scratch: Path) -> RawFrame:
    """Convert the wanted columns of a .dta file and open the result.

    The extended missing values become the texts ``.a`` to ``.z`` in a column beside the number.
    """
    return _open(STATA, file, wanted, encoding, scratch)


def open_spss(file: SourceFile, wanted: tuple[str, ...], encoding: str | None, scratch: Path) -> RawFrame:
    """Convert the wanted columns of a .sav file and open the result.

    User-missing codes stay codes and their ranges are returned, so that a study can distinguish them.
    """
    return _open(SPSS, file, wanted, encoding, scratch)


def count_stata_rows(path: Path) -> int:
    """Return the rows of a .dta file from its header."""
    return count_labelled_rows(path, STATA)


def count_spss_rows(path: Path) -> int:
    """Return the rows of a .sav file from its header."""
    return count_labelled_rows(path, SPSS)


def _open(
    file_format: LabelledFormat, file: SourceFile, wanted: tuple[str, ...], given: str | None, scratch: Path
) -> RawFrame:
    """Convert the wanted columns of a file and open the result.

    Raises
    ------
    DataError
        If no known encoding fits, and none is given.
    """
    import polars as pl

    name = file.path.name
    header = read_header(file.path, file_format)
    encoding = find_labelled_encoding(name, header, (), given)
    names = {column: decoded(column, encoding.name) for column in header.meta.column_names}
    used = _wanted_columns(names, wanted)
    target = scratch / f"{file.path.stem}.{file.wave or 'all'}{file.path.suffix.lower()}.parquet"
    converted = Converted(n_rows=0, foreign=frozenset(), meta=header.meta)
    if used:
        converted = convert(file.path, file_format, header, used, target)
        # The texts in the cells can rule out what fits the header.
        encoding = find_labelled_encoding(name, header, converted.foreign, given)
    texts = {text: decoded(text, encoding.name) for text in converted.foreign}
    columns = _text_and_numbers(header, used, names, texts)
    columns += _codes(code_columns(header, used, file_format), names)
    return RawFrame(
        name=name,
        frame=pl.scan_parquet(target, glob=False).select(columns) if used else pl.LazyFrame(),
        columns=tuple(names.values()),
        column_labels=_column_labels(header, names, encoding.name),
        labels=_value_labels(header, names, encoding.name),
        missing_ranges=_missing_ranges(converted.meta, names),
        n_rows=converted.n_rows,
        encoding=encoding,
        file_label=decoded(header.meta.file_label or "", encoding.name),
        n_undecodable=sum("\ufffd" in text for text in texts.values()),
    )


def _wanted_columns(names: Mapping[str, str], wanted: Sequence[str]) -> list[str]:
    """Return the columns whose decoded name matches a wanted name or pattern, in any case."""
    patterns = [pattern.strip().casefold() for pattern in wanted]
    return [
        column
        for column, name in names.items()
        if any(fnmatchcase(name.strip().casefold(), pattern) for pattern in patterns)
    ]


def _text_and_numbers(
    header: Header, used: Sequence[str], names: Mapping[str, str], texts: Mapping[str, str]
) -> list[pl.Expr]:
    """Return the columns under their decoded names, texts beyond ASCII decoded."""
    import polars as pl

    return [
        (pl.col(column).replace(texts) if texts and header.is_text(column) else pl.col(column)).alias(
            names[column]
        )
        for column in used
    ]


def _codes(columns: Sequence[str], names: Mapping[str, str]) -> list[pl.Expr]:
    """Return the columns with the missing values ``.a`` to ``.z``."""
    import polars as pl

    return [pl.col(column + CODE_SUFFIX).alias(names[column] + CODE_SUFFIX) for column in columns]


def _column_labels(header: Header, names: Mapping[str, str], encoding: str) -> dict[str, str]:
    labels = header.meta.column_names_to_labels
    return {names[column]: decoded(label, encoding) for column, label in labels.items() if label}


def _value_labels(
    header: Header, names: Mapping[str, str], encoding: str
) -> dict[str, dict[float | str, str]]:
    """Return column -> code -> label; codes are numbers, or letters of missing values."""
    return {
        names[column]: {
            code if isinstance(code, str) else float(code): decoded(str(label), encoding)
            for code, label in labels.items()
        }
        for column, labels in header.meta.variable_value_labels.items()
    }


def _missing_ranges(
    meta: Any,  # noqa: ANN401 - metadata of pyreadstat
    names: Mapping[str, str],
) -> dict[str, tuple[tuple[float, float], ...]]:
    """Return column -> (low, high) codes that the file declares missing; declared texts are left out."""
    return {
        names[column]: tuple(
            (float(item["lo"]), float(item["hi"])) for item in ranges if not isinstance(item["lo"], str)
        )
        for column, ranges in meta.missing_ranges.items()
    }
