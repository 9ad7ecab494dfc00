"""Stata and SPSS files, read by pyreadstat in chunks into Parquet, with labels, missing codes and encoding kept.

Text is read byte by byte (ISO-8859-1) and decoded here, once its encoding is known: pyreadstat would stop at the first
bad cell, and take a file's word for its encoding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.encoding import TRANSPARENT, Encoding, find_encoding, undecodable

if TYPE_CHECKING:
    import polars as pl

    from engine.data.sources import RawFrame, SourceFile

CHUNK_ROWS = 50_000
CODE_SUFFIX = "__code"  # text column beside a number, holding .a to .z
_UTF8_FROM = 118  # Stata's file format


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a .dta or .sav file says of itself, its texts byte by byte."""

    meta: Any
    reader: Callable[..., Any]
    declared: str | None

    def texts(self) -> Iterator[bytes]:
        """Yield names and labels."""
        meta = self.meta
        labels = (text for own in meta.variable_value_labels.values() for text in own.values())
        for text in (*meta.column_names, *meta.column_labels, meta.file_label, *labels):
            if isinstance(text, str):
                yield _bytes(text)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", errors="replace")


def read_header(file: SourceFile) -> Header:
    """Read the header of a .dta or .sav file."""
    import pyreadstat

    reader = pyreadstat.read_dta if file.suffix == ".dta" else pyreadstat.read_sav
    _, meta = reader(file.path, metadataonly=True, encoding=TRANSPARENT)
    return Header(meta=meta, reader=reader, declared=_declared(file))


def _declared(file: SourceFile) -> str | None:
    """Return the encoding a file claims: Stata's from format 118 on is UTF-8, SPSS names it."""
    if file.suffix == ".sav":
        import pyreadstat

        try:
            found = pyreadstat.read_sav(file.path, metadataonly=True)[1].file_encoding
        except (pyreadstat.ReadstatError, UnicodeError):  # it claims one that it does not have
            return "UTF-8"
        return str(found) if found else None
    with file.path.open("rb") as stream:
        start = stream.read(64)
    release = start.partition(b"<release>")[2].partition(b"<")[0]
    return "UTF-8" if release.isdigit() and int(release) >= _UTF8_FROM else None


def open_labelled(file: SourceFile, wanted: tuple[str, ...], encoding: str | None, scratch: Path) -> RawFrame:
    """Convert the wanted columns of a .dta or .sav file and open the result.

    Stata's extended missing values become the texts ``.a`` to ``.z``; SPSS user-missing codes stay codes and
    their ranges are returned, so that a study can tell them apart.

    Raises
    ------
    DataError
        If the text is in none of the encodings that are looked for, and none is given.
    """
    import polars as pl

    from engine.data.sources import RawFrame

    header = read_header(file)
    known = find_text_encoding_of(file, header, [], encoding)
    names = {column: decoded(column, known.name) for column in header.meta.column_names}
    patterns = [name.strip().casefold() for name in wanted]
    used = [
        column
        for column, name in names.items()
        if any(fnmatchcase(name.strip().casefold(), pattern) for pattern in patterns)
    ]
    target = scratch / f"{file.path.stem}.{file.wave or 'all'}{file.suffix}.parquet"
    foreign: set[str] = set()
    last, n_rows = _convert(file, header, used, target, foreign) if used else (header.meta, 0)
    known = find_text_encoding_of(file, header, [_bytes(text) for text in foreign], encoding)
    texts = {text: decoded(text, known.name) for text in foreign}
    kinds = header.meta.readstat_variable_types
    frame = pl.scan_parquet(target, glob=False) if used else pl.LazyFrame()
    columns = [
        (pl.col(column).replace(texts) if texts and kinds[column] == "string" else pl.col(column)).alias(
            names[column]
        )
        for column in used
    ]
    codes = [
        pl.col(column + CODE_SUFFIX).alias(names[column] + CODE_SUFFIX)
        for column in used
        if file.suffix == ".dta" and kinds[column] != "string"
    ]
    return RawFrame(
        name=file.path.name,
        frame=frame.select(columns + codes) if used else frame,
        columns=tuple(names.values()),
        column_labels=_column_labels(header, names, known),
        labels={
            names[column]: {
                code if isinstance(code, str) else float(code): decoded(str(text), known.name)
                for code, text in labels.items()
            }
            for column, labels in header.meta.variable_value_labels.items()
        },
        missing_ranges={
            names[column]: tuple(
                (float(item["lo"]), float(item["hi"])) for item in ranges if not isinstance(item["lo"], str)
            )
            for column, ranges in last.missing_ranges.items()
        },
        n_rows=n_rows,
        encoding=known,
        file_label=decoded(header.meta.file_label or "", known.name),
        n_undecodable=sum("\ufffd" in text for text in texts.values()),
    )


def find_text_encoding_of(
    file: SourceFile, header: Header, texts: list[bytes], given: str | None
) -> Encoding:
    """Return the encoding of a file's names, labels and texts, or refuse to guess."""
    if given is not None:
        return Encoding(name=given, how="given", declared=header.declared)
    found = find_encoding([*header.texts(), *texts], header.declared)
    if found is None:
        raise undecodable(file.path.name)
    return found


def decoded(text: str, encoding: str) -> str:
    """Decode a text that was read byte by byte; what cannot be decoded becomes U+FFFD, a cut-off end is dropped.

    Examples
    --------
    >>> decoded("性别".encode("gb18030").decode("latin-1"), "gb18030")
    '性别'
    """
    import codecs

    if text.isascii():
        return text
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(_bytes(text), final=False)


def _column_labels(header: Header, names: Mapping[str, str], known: Encoding) -> dict[str, str]:
    labels = header.meta.column_names_to_labels
    return {names[column]: decoded(label, known.name) for column, label in labels.items() if label}


def _convert(
    file: SourceFile, header: Header, used: list[str], target: Path, foreign: set[str]
) -> tuple[Any, int]:
    """Write the used columns to Parquet in chunks and collect the texts that are not ASCII."""
    import polars as pl
    import pyarrow.parquet as pq

    schema: dict[str, Any] = {}
    for column in used:
        is_text = header.meta.readstat_variable_types[column] == "string"
        schema[column] = pl.String if is_text else pl.Float64
        if not is_text and file.suffix == ".dta":
            schema[column + CODE_SUFFIX] = pl.String
    writer, n_rows, last = None, 0, header.meta
    for chunk, meta in _chunks(file, header, used):
        last = meta
        own = _one_schema(chunk, schema)
        for column in used:
            if schema[column] == pl.String:
                foreign.update(text for text in own[column].unique().to_list() if text and not text.isascii())
        table = own.to_arrow()
        writer = writer or pq.ParquetWriter(target, table.schema)
        writer.write_table(table)
        n_rows += chunk.height
    if writer is None:
        pl.DataFrame(schema=schema).write_parquet(target)
    else:
        writer.close()
    return last, n_rows


def _chunks(file: SourceFile, header: Header, used: list[str]) -> Iterator[tuple[pl.DataFrame, Any]]:
    """Yield a file's rows piece by piece.

    `pyreadstat.read_file_in_chunks` is no choice: it reads the header once more with the file's own encoding, and
    stops there if that is wrong.
    """
    offset = 0
    while True:
        chunk, meta = header.reader(
            file.path,
            row_offset=offset,
            row_limit=CHUNK_ROWS,
            usecols=used,
            user_missing=True,
            encoding=TRANSPARENT,
            output_format="polars",
        )
        if chunk.height == 0:
            return
        yield chunk, meta
        offset += chunk.height
        if chunk.height < CHUNK_ROWS:
            return


def _one_schema(chunk: pl.DataFrame, schema: dict[str, Any]) -> pl.DataFrame:
    """Give every chunk the same types: an all-missing chunk comes typeless, whole numbers come as integers.

    A column with Stata's extended missing values comes as objects, letters among numbers; the letters move
    into a text column beside it.
    """
    import polars as pl

    columns = []
    for name, kind in schema.items():
        if name in chunk.columns and chunk[name].dtype == pl.Object:
            numbers = [None if isinstance(value, str) else value for value in chunk[name].to_list()]
            columns.append(pl.Series(name, numbers, dtype=pl.Float64, strict=False))
        elif name in chunk.columns:
            columns.append(chunk[name].cast(kind))
        else:
            values = chunk[name.removesuffix(CODE_SUFFIX)]
            letters = (
                [f".{value}" if isinstance(value, str) else None for value in values.to_list()]
                if values.dtype == pl.Object
                else [None] * chunk.height
            )
            columns.append(pl.Series(name, letters, dtype=pl.String))
    return pl.DataFrame(columns)
