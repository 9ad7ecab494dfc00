"""Damage that a reader does not see: a file beside its checksum, and the pages of a Parquet file beside theirs."""

from __future__ import annotations

import re

from engine.data.harmonise import wanted_columns
from engine.data.sources import SourceFile, file_hash
from engine.errors import DataError
from engine.study import StudySpec

CHECKSUM = ".sha256"  # beside a file, as `sha256sum` writes it


def checksum_text(source: SourceFile) -> str | None:
    """Return what stands in the checksum file beside a file, None if there is none."""
    try:
        with source.path.with_name(source.path.name + CHECKSUM).open(errors="replace") as stream:
            return stream.read(200)
    except OSError:
        return None


def refuse_other_checksum(source: SourceFile) -> None:
    """Compare a file with the checksum beside it, if there is one.

    Raises
    ------
    DataError
        If it is not what it was when that was made.
    """
    text = checksum_text(source)
    found = re.match(r"\s*([0-9a-fA-F]{64})\b", text) if text is not None else None
    if text is not None and (found is None or found[1].lower() != file_hash(source.path)):
        raise DataError(
            f"{source.path.name}: its content is not the one that {source.path.name}{CHECKSUM} tells; expected the "
            "same SHA-256. Copy both again."
        )


def refuse_damaged_pages(spec: StudySpec, source: SourceFile) -> None:
    """Compare the pages of a Parquet file with their checksums, if it has any.

    Raises
    ------
    DataError
        If one is not what was written.
    """
    if source.suffix != ".parquet":
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = {name.casefold() for name in wanted_columns(spec, source.wave)}
    try:
        with pq.ParquetFile(source.path, page_checksum_verification=True) as file:
            columns = [name for name in file.schema_arrow.names if name.casefold() in wanted]
            for _ in file.iter_batches(columns=columns):
                pass
    except (OSError, pa.ArrowException) as error:
        if "CRC" in str(error) or "checksum" in str(error):
            raise DataError(
                f"{source.path.name}: a page is not what was written (checksum); expected an undamaged file. Copy it "
                "again."
            ) from None
        # Whatever else is wrong, the reader says it better.
