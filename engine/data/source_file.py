"""A data file of a study: its path and wave, the hash of its content, and failures of reading it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataError, Fault

CHECK = "Check the path, the format and, for text, source.encoding."
REASONS = {"FileNotFoundError": "does not exist", "PermissionError": "may not be read"}


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
    """

    path: Path
    wave: str | None = None
    places: tuple[Path, ...] = ()

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


@contextmanager
def reading(path: Path, remedy: str = CHECK) -> Iterator[None]:
    """Turn any failure of a reader into an error that names the file and never a value.

    Raises
    ------
    DataError
        In place of the errors of the system, Polars and pyreadstat.
    """
    import polars as pl
    from pyreadstat import PyreadstatError, ReadstatError

    # A Polars panic is not an Exception; errors of the engine pass. LookupError: an unknown encoding.
    failures = (
        OSError,
        LookupError,
        EOFError,
        UnicodeError,
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        PyreadstatError,
        ReadstatError,
    )
    try:
        yield
    except failures as error:
        kind = type(error).__name__
        reason = REASONS.get(kind, f"cannot be read ({kind})")
        expected = f"a readable {path.suffix.lstrip('.') or 'data'} file"
        raise DataError(Fault(path.name, f"the file {reason}", expected, remedy)) from None
