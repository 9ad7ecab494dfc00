"""A data file of a study: its path and wave, the hash of its content, and failures of reading it."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.data.dialect import PLAIN, Dialect
from engine.durable import FULL, is_disk_error
from engine.errors import DataError, EngineError, Fault, NoMemoryError, StoreError

CHECK = "Check the path, the format and, for text, source.encoding."
NO_MEMORY = frozenset({errno.ENOMEM})
DAMAGED = "is damaged: what is compressed in it cannot be unpacked"
REASONS = {
    "FileNotFoundError": "does not exist",
    "PermissionError": "may not be read",
    "BadGzipFile": DAMAGED,
    "error": DAMAGED,  # of zlib
    "EOFError": "ends too early",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One data file.

    Attributes
    ----------
    path
        Where it is.
    wave
        The wave it holds, if the study says so.
    places
        The files of communities or cities merged with it.
    dialect
        How a text file separates columns and writes numbers.
    is_own
        Whether this program wrote it. All other files are read in a process of their own.
    imputation
        The number of the completed data set whose rows it holds, or whose rows are read; None without any.
    """

    path: Path
    wave: str | None = None
    places: tuple[Path, ...] = ()
    dialect: Dialect = PLAIN
    is_own: bool = False
    imputation: int | None = None

    def digest(self) -> str:
        """Return the SHA-256 of the content, that of merged files included.

        Raises
        ------
        DataError
            If a file cannot be read.
        """
        hashes = []
        for path in (self.path, *self.places):
            with reading(path):
                hashes.append(file_hash(path))
        return _combined(hashes)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_hash(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of a file, or of the hashes of several."""
    return _combined([file_hash(path) for path in paths])


def _combined(hashes: Sequence[str]) -> str:
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def full_disk(path: Path) -> Fault:
    """Return the fault of a disk that takes no more while a file is read."""
    remedy = "Make room, or move the cache (EQUIRANK_CACHE)."
    return Fault(
        path.name, "what was read of it could not be written to the disk", "a disk with room", remedy
    )


@contextmanager
def reading(path: Path, remedy: str = CHECK) -> Iterator[None]:
    """Turn any failure of a reader into an error that names the file and never a value.

    A damaged file makes the readers fail in ways that no list holds: in the decompressor, in labels that are
    not there, in dates that cannot be.

    Raises
    ------
    DataError
        In place of the errors of the system, Polars, pyreadstat and of what they call.
    StoreError
        If the disk takes no more of what is read.
    """
    import polars as pl

    try:
        yield
    except EngineError:
        raise
    # Any: see above. A Polars panic is not an Exception.
    except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001
        if is_disk_error(error, FULL):
            raise StoreError(full_disk(path)) from None
        if isinstance(error, MemoryError) or is_disk_error(error, NO_MEMORY):
            found, expected = "there is too little memory to read it", "more"
            raise DataError(Fault(path.name, found, expected, NoMemoryError.REMEDY)) from None
        kind = type(error).__name__
        reason = REASONS.get(kind, f"cannot be read ({kind})")
        expected = f"a readable {path.suffix.lstrip('.') or 'data'} file"
        raise DataError(Fault(path.name, f"the file {reason}", expected, remedy)) from None
