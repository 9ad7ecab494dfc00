"""Converts Stata and SPSS files to Parquet, a chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.labelled_header import Header, LabelledFormat
from engine.durable import private_file

if TYPE_CHECKING:
    import polars as pl

CHUNK_ROWS = 50_000
MICROSECONDS_OF_A_DAY = 86_400_000_000
CODE_SUFFIX = "__code"  # text column beside a number, holding .a to .z


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A converted file.

    Attributes
    ----------
    n_rows
        Its rows.
    foreign
        The distinct texts beyond ASCII, byte by byte.
    meta
        pyreadstat's metadata of the columns that were read.
    """

    n_rows: int
    foreign: frozenset[str]
    meta: Any


def code_columns(header: Header, used: Sequence[str], file_format: LabelledFormat) -> list[str]:
    """Return the columns that have a text column beside them: numbers of a format with missing letters."""
    return [column for column in used if file_format.has_letters and not header.is_text(column)]


def convert(
    path: Path, file_format: LabelledFormat, header: Header, used: list[str], target: Path
) -> Converted:
    """Write the used columns of a file to the Parquet file `target`."""
    import polars as pl
    import pyarrow.parquet as pq

    schema = _schema(header, used, file_format)
    texts = [column for column in used if header.is_text(column)]
    foreign: set[str] = set()
    writer, n_rows, last = None, 0, header.meta
    for raw_chunk, meta in _chunks(path, file_format, used):
        last = meta
        chunk = _in_schema(raw_chunk, schema)
        for column in texts:
            foreign.update(text for text in chunk[column].unique().to_list() if text and not text.isascii())
        table = chunk.to_arrow()
        if writer is None:
            private_file(target)
            writer = pq.ParquetWriter(target, table.schema)
        writer.write_table(table)
        n_rows += raw_chunk.height
    if writer is None:
        pl.DataFrame(schema=schema).write_parquet(target)
    else:
        writer.close()
    return Converted(n_rows=n_rows, foreign=frozenset(foreign), meta=last)


def _schema(header: Header, used: Sequence[str], file_format: LabelledFormat) -> dict[str, Any]:
    import polars as pl

    lettered = set(code_columns(header, used, file_format))
    schema: dict[str, Any] = {}
    for column in used:
        schema[column] = pl.String if header.is_text(column) else pl.Float64
        if column in lettered:
            schema[column + CODE_SUFFIX] = pl.String
    return schema


def _chunks(path: Path, file_format: LabelledFormat, used: list[str]) -> Iterator[tuple[pl.DataFrame, Any]]:
    """Yield a file's rows chunk by chunk.

    `pyreadstat.read_file_in_chunks` does not do: it reads the header again with the encoding that the file
    claims, and stops there if the claim is wrong.
    """
    offset = 0
    while True:
        chunk, meta = file_format.read(
            path,
            row_offset=offset,
            row_limit=CHUNK_ROWS,
            usecols=used,
            user_missing=True,
            output_format="polars",
        )
        if chunk.height == 0:
            return
        yield chunk, meta
        offset += chunk.height
        if chunk.height < CHUNK_ROWS:
            return


def _in_schema(chunk: pl.DataFrame, schema: dict[str, Any]) -> pl.DataFrame:
    """Give every chunk the same types: an empty column comes without a type, whole numbers as integers.

    A column with Stata's extended missing values comes as objects, letters among numbers; the letters move
    into a text column beside it.
    """
    import polars as pl

    columns = []
    for name, kind in schema.items():
        if name not in chunk.columns:
            columns.append(_letters(chunk[name.removesuffix(CODE_SUFFIX)]).alias(name))
        elif chunk[name].dtype == pl.Object:
            numbers = [None if isinstance(value, str) else value for value in chunk[name].to_list()]
            columns.append(pl.Series(name, numbers, dtype=pl.Float64, strict=False))
        elif chunk[name].dtype == pl.Datetime:  # days since 1970, as of a date
            columns.append(chunk[name].dt.epoch("us").cast(kind) / MICROSECONDS_OF_A_DAY)
        else:
            columns.append(chunk[name].cast(kind))
    return pl.DataFrame(columns)


def _letters(values: pl.Series) -> pl.Series:
    """Return ``.a`` to ``.z`` where a number is one of these missing values, None elsewhere."""
    import polars as pl

    if values.dtype != pl.Object:
        return pl.repeat(None, len(values), dtype=pl.String, eager=True)
    letters = [f".{value}" if isinstance(value, str) else None for value in values.to_list()]
    return pl.Series(letters, dtype=pl.String)
