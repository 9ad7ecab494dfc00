"""The process that opens data files, started while a command still imports its libraries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reader_ahead(file: str | Path) -> Iterator[None]:
    """Start a process that opens data files, if a study or data file is there; it ends with the block."""
    from engine.data.readers import kept_readers

    with kept_readers(ahead=Path(file).is_file()):
        yield
