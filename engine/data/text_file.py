"""Reads text with delimiters, plain or gzip, in any encoding."""

from __future__ import annotations

import codecs
import gzip
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.dialect import likely_delimiter, with_plain_numbers
from engine.data.encoding import Encoding, find_file_encoding, is_gzip, undecodable
from engine.data.raw_frame import NO_HEADER, REPEATED, RawFrame, first_row_is_record
from engine.data.short_rows import refuse_short_rows
from engine.data.source_file import SourceFile
from engine.durable import private_file
from engine.errors import DataError, Fault

if TYPE_CHECKING:
    import polars as pl


def open_text(file: SourceFile, _wanted: tuple[str, ...], encoding: str | None, scratch: Path) -> RawFrame:
    """Open a text file with all columns as text; one that is not UTF-8 is first rewritten into `scratch`.

    Raises
    ------
    DataError
        If no known encoding fits, two columns have the same name, or a row has too few cells.
    """
    import polars as pl

    text = _encoding_of(file.path, encoding)
    is_utf8 = codecs.lookup(text.name).name in ("utf-8", "ascii")
    path = file.path if is_utf8 else _as_utf8(file.path, text.name, scratch)
    delimiter = file.dialect.delimiter or ("\t" if ".tsv" in file.path.name.lower() else ",")
    frame = pl.scan_csv(path, infer_schema=False, glob=False, separator=delimiter)
    columns = tuple(frame.collect_schema())
    likely = likely_delimiter(columns)
    if likely is not None and file.dialect.is_found:
        frame = pl.scan_csv(path, infer_schema=False, glob=False, separator=likely)
        columns = tuple(frame.collect_schema())
    elif likely is not None:
        raise DataError(_other_delimiter(file.path, delimiter, likely))
    frame = with_plain_numbers(frame, file.dialect)
    n_rows = int(frame.select(pl.len()).collect(engine="streaming").item())
    _refuse_repeated(file.path, frame, columns)
    refuse_short_rows(path, file.path.name, likely or delimiter, len(columns), n_rows)
    quoted = {name: name.replace('""', '"') for name in columns if '""' in name}  # as Polars leaves them
    columns = tuple(quoted.get(name, name) for name in columns)
    return RawFrame(
        name=file.path.name,
        frame=frame.rename(quoted),
        columns=columns,
        n_rows=n_rows,
        encoding=text,
        plain_text=frozenset(columns),
        delimiter=likely,
    )


def _other_delimiter(path: Path, delimiter: str, likely: str) -> Fault:
    shown = {"\t": "tabs", ";": "semicolons", ",": "commas"}
    found = f"one column, whose name holds {shown.get(likely, likely)}"
    expected = f"columns with {shown.get(delimiter, delimiter)} between them"
    toml = likely.replace("\t", "\\t")
    remedy = (
        f'Write delimiter = "{toml}" under [source]. '
        'If the numbers have a decimal comma, also write decimal = ",".'
    )
    return Fault(path.name, found, expected, remedy)


def _encoding_of(path: Path, given: str | None) -> Encoding:
    encoding = Encoding(name=given, how="given") if given is not None else find_file_encoding(path)
    if encoding is None:
        raise undecodable(path.name)
    return encoding


def _as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    """Rewrite a text file as UTF-8, a piece at a time."""
    target = scratch / f"{path.stem}.utf8.csv"
    private_file(target)
    with ExitStack() as stack:
        if is_gzip(path):
            source = stack.enter_context(gzip.open(path, "rt", encoding=encoding))
        else:
            source = stack.enter_context(path.open(encoding=encoding))
        shutil.copyfileobj(source, stack.enter_context(target.open("w", encoding="utf-8")))
    return target


def _refuse_repeated(path: Path, frame: pl.LazyFrame, columns: tuple[str, ...]) -> None:
    repeated = [name.removesuffix(REPEATED) for name in columns if name.endswith(REPEATED)]
    if repeated and first_row_is_record(frame, columns):
        raise DataError(Fault(path.name, "two columns with one name", "a name for each", NO_HEADER))
    if repeated:
        raise DataError(
            Fault(path.name, f"there are two columns '{repeated[0]}'", "one", "Rename one of them.")
        )
