"""Reads the first sheet of Excel files, with the reader that Polars uses."""

from __future__ import annotations

from pathlib import Path

from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault


def open_excel(file: SourceFile, _wanted: tuple[str, ...], _encoding: str | None, _scratch: Path) -> RawFrame:
    """Open the first sheet; its first row names the columns.

    Raises
    ------
    DataError
        If it is no workbook, or its first sheet is no table.
    """
    import fastexcel
    import polars as pl

    try:
        frame = pl.read_excel(file.path, engine="calamine", infer_schema_length=None)
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError) as error:
        found = f"its first sheet cannot be read ({type(error).__name__})"
        raise DataError(
            Fault(file.path.name, found, "a table with names in its first row", "Save it as .csv.")
        ) from None
    return RawFrame(
        name=file.path.name, frame=frame.lazy(), columns=tuple(frame.columns), n_rows=frame.height
    )
