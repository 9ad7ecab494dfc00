"""Stata and SPSS files, read by pyreadstat in chunks into Parquet, with value labels and missing codes kept."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from engine.data.sources import RawFrame, SourceFile

CHUNK_ROWS = 50_000
CODE_SUFFIX = "__code"  # text column beside a number, holding .a to .z


def open_labelled(file: SourceFile, wanted: tuple[str, ...], encoding: str | None, scratch: Path) -> RawFrame:
    """Convert the wanted columns of a .dta or .sav file and open the result.

    Stata's extended missing values become the texts ``.a`` to ``.z``; SPSS user-missing codes stay codes and
    their ranges are returned, so that a study can tell them apart.
    """
    import polars as pl
    import pyarrow.parquet as pq
    import pyreadstat

    from engine.data.sources import RawFrame

    reader = pyreadstat.read_dta if file.suffix == ".dta" else pyreadstat.read_sav
    _, header = reader(file.path, metadataonly=True, encoding=encoding)
    patterns = [name.strip().casefold() for name in wanted]
    used = [
        column
        for column in header.column_names
        if any(fnmatchcase(column.strip().casefold(), pattern) for pattern in patterns)
    ]
    if not used:  # let the caller name the column that is not there
        return RawFrame(name=file.path.name, frame=pl.LazyFrame(), columns=tuple(header.column_names), n_rows=0)
    target = scratch / f"{file.path.stem}.{file.wave or 'all'}{file.suffix}.parquet"
    schema: dict[str, Any] = {}
    for column in used:
        is_text = header.readstat_variable_types[column] == "string"
        schema[column] = pl.String if is_text else pl.Float64
        if not is_text and file.suffix == ".dta":
            schema[column + CODE_SUFFIX] = pl.String
    chunks = pyreadstat.read_file_in_chunks(
        reader, file.path, chunksize=CHUNK_ROWS, usecols=used, user_missing=True, encoding=encoding,
        output_format="polars",
    )  # fmt: skip
    writer, n_rows, last = None, 0, header
    for chunk, meta in chunks:
        last = meta
        table = _one_schema(chunk, schema).to_arrow()
        writer = writer or pq.ParquetWriter(target, table.schema)
        writer.write_table(table)
        n_rows += chunk.height
    if writer is None:
        pl.DataFrame(schema=schema).write_parquet(target)
    else:
        writer.close()
    return RawFrame(
        name=file.path.name,
        frame=pl.scan_parquet(target),
        columns=tuple(header.column_names),
        labels={
            column: {code if isinstance(code, str) else float(code): str(text) for code, text in labels.items()}
            for column, labels in header.variable_value_labels.items()
        },
        missing_ranges={
            column: tuple((float(item["lo"]), float(item["hi"])) for item in ranges if not isinstance(item["lo"], str))
            for column, ranges in last.missing_ranges.items()
        },
        n_rows=n_rows,
    )


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
