"""The codebook of a survey file, for those who settle open names without showing data."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.data.codebook import Codebook, read_codebook
from engine.data.sources import SUFFIXES
from engine.errors import MissingFileError, UsageError
from engine.study.source_checks import is_text_encoding

__all__ = ["Codebook", "file_codebook"]


def file_codebook(path: Path, encoding: str | None = None, search: str | None = None) -> Codebook:
    """Read a file's codebook; `search` is a regular expression for names and labels.

    Raises
    ------
    UsageError, DataError
        For a pattern that cannot be read, or a file that is not there or of no known format.
    """
    try:
        re.compile(search or "")
    except re.error as error:
        raise UsageError(
            f"--search: found a pattern that cannot be read ({error}); expected one. Correct it."
        ) from None
    if encoding is not None and not is_text_encoding(encoding):
        raise UsageError(
            f"--encoding: found '{encoding}', no encoding of text; expected one such as GB18030."
        )
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file; expected a survey file. Check the path.")
    if not path.name.lower().endswith(SUFFIXES):
        raise UsageError(
            f"{path.name}: unknown format; expected one of {', '.join(SUFFIXES)}. Convert the file."
        )
    with TemporaryDirectory(prefix="equirank-") as scratch:
        return read_codebook(path, encoding, search, Path(scratch))
