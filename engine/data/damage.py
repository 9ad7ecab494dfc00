"""Damage that a reader does not notice: a file beside its checksum, and checksums inside the file."""

from __future__ import annotations

import re
from pathlib import Path

from engine.data.formats import format_of
from engine.data.harmonise import wanted_columns
from engine.data.source_file import SourceFile, file_hash
from engine.errors import DataError, Fault
from engine.study import StudySpec

CHECKSUM_SUFFIX = ".sha256"  # of a file beside the data file, as `sha256sum` writes it
MOST_READ = 200  # characters of it
_SHA256 = re.compile(r"\s*([0-9a-fA-F]{64})\b")


def checksum_file(path: Path) -> Path:
    """Return the path of the checksum file beside a file, which need not be there."""
    return path.with_name(path.name + CHECKSUM_SUFFIX)


def checksum_text(source: SourceFile) -> str | None:
    """Return the content of the checksum file beside a file, None if there is none."""
    try:
        with checksum_file(source.path).open(errors="replace") as stream:
            return stream.read(MOST_READ)
    except OSError:
        return None


def refuse_other_checksum(source: SourceFile) -> None:
    """Compare a file with the checksum beside it, if there is one.

    Raises
    ------
    DataError
        If the file has changed since the checksum was made.
    """
    text = checksum_text(source)
    if text is None:
        return
    match = _SHA256.match(text)
    if match is None or match[1].lower() != file_hash(source.path):
        name = source.path.name
        found = f"its content does not match {name}{CHECKSUM_SUFFIX}"
        raise DataError(Fault(name, found, "the same SHA-256", "Copy both again."))


def refuse_damage(spec: StudySpec, source: SourceFile) -> None:
    """Compare the columns the study reads with checksums inside the file, if its format has any.

    Raises
    ------
    DataError
        If they have changed since they were written.
    """
    file_format = format_of(source.path)
    if file_format is not None and file_format.refuse_damage is not None:
        file_format.refuse_damage(source.path, wanted_columns(spec, source.wave))
