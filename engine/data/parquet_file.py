"""Reads Parquet files, and compares their pages with the checksums that some writers add."""

from __future__ import annotations

from pathlib import Path

from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault


def open_parquet(
    file: SourceFile, _wanted: tuple[str, ...], _encoding: str | None, _scratch: Path
) -> RawFrame:
    """Open a Parquet file; nothing is read until a column is."""
    import polars as pl

    frame = pl.scan_parquet(file.path, glob=False)
    columns = tuple(frame.collect_schema())
    n_rows = int(frame.select(pl.len()).collect(engine="streaming").item())
    return RawFrame(name=file.path.name, frame=frame, columns=columns, n_rows=n_rows)


def refuse_damaged_pages(path: Path, wanted: tuple[str, ...]) -> None:
    """Compare the pages of the wanted columns with their checksums, if the file has any.

    Raises
    ------
    DataError
        If a page has changed since it was written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folded = {name.casefold() for name in wanted}
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            columns = [name for name in file.schema_arrow.names if name.casefold() in folded]
            for _ in file.iter_batches(columns=columns):
                pass
    except (OSError, pa.ArrowException) as error:
        if "CRC" in str(error) or "checksum" in str(error):
            raise DataError(
                Fault(
                    path.name,
                    "a page does not agree with its checksum",
                    "an undamaged file",
                    "Copy it again.",
                )
            ) from None
        # The reader reports every other failure, and better.
