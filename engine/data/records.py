"""Files of records, and answers to queries about each of them that are kept beside it.

A night over ten old waves and a new one asks only the new one; sites share answers instead of records.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data import queries
from engine.durable import private_file

if TYPE_CHECKING:
    import duckdb
    import polars as pl

ANSWERS = "answers"
FEWEST_ROWS = 1_000_000  # of a sample or panel: of a smaller one rows are read, which is then faster
_DAY = 24 * 3600  # seconds
FORGOTTEN_AFTER = 90 * _DAY  # seconds without use
_FORMAT = 1
_WRITING = ".writing-"


def read_freely(_file: str) -> None:
    """Let a file be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Parquet files of records.

    Attributes
    ----------
    files
        Their paths.
    keeps_answers
        Whether answers about a file are kept in a folder beside it: for large files that stay.
    before_reading
        Called with a file before its records are read; it may refuse.
    """

    files: tuple[str, ...]
    keeps_answers: bool = False
    before_reading: Callable[[str], None] = read_freely

    def opened(self) -> list[str]:
        """Return the files, for someone who reads the records."""
        for file in self.files:
            self.before_reading(file)
        return [*self.files]

    def divided(self, chosen: Sequence[bool]) -> tuple[Records, Records]:
        """Return the files that are chosen, and the others."""
        both = zip(self.files, chosen, strict=True)
        first = tuple(file for file, is_chosen in both if is_chosen)
        others = tuple(file for file in self.files if file not in first)
        return replace(self, files=first), replace(self, files=others)

    def ask(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        condition: str,
        *,
        keys: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> list[Path]:
        """Return the answers to a query about each file, as Parquet files.

        Parameters
        ----------
        connection
            Runs the query where no answer is kept.
        name, condition, keys
            As in `queries.query_text`.
        params
            The values of the query, without ``$panel``.
        """
        given = dict(params or {})
        question = _question(name, condition, keys, given)

        def answer(file: str) -> pl.DataFrame:
            return queries.frame(connection, name, {"panel": [file], **given}, condition, keys)

        return [self.kept(file, question, partial(answer, file)) for file in self.files]

    def ask_together(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        condition: str,
        keys: str,
        params: Mapping[str, Any],
    ) -> Path:
        """Return the answer to a query about all files together, kept beside the first of them.

        The answers of a day before about other files are forgotten: each night may have a new one.
        """
        question, first = _question(name, condition, keys, dict(params)), self.files[0]
        parts = " ".join(Path(file).parent.name for file in self.files)

        def answer() -> pl.DataFrame:
            for path in (Path(first).parent / ANSWERS).glob(f"{_short(question)}*"):
                _forget(path, after=_DAY)
            return queries.frame(connection, name, {"panel": self.opened(), **params}, condition, keys)

        return self._kept(first, _short(question) + _short(f"{_FORMAT} {version('polars')} {parts}"), answer)

    def kept(self, file: str, question: str, make: Callable[[], pl.DataFrame]) -> Path:
        """Return the answer to a question about a file, made only if it is not kept yet.

        An answer carries the hash of its content in its name, so that a damaged one is made again.
        """
        asked = f"{_FORMAT} {version('polars')} {Path(file).name} {question}"
        return self._kept(file, hashlib.sha256(asked.encode()).hexdigest()[:32], make)

    def _kept(self, file: str, name: str, make: Callable[[], pl.DataFrame]) -> Path:
        folder = Path(file).parent / ANSWERS
        for found in folder.glob(f"{name}-*.parquet"):
            with suppress(FileNotFoundError):  # another run has swept it
                if found.name == answer_name(found, found.read_bytes()):
                    os.utime(found)
                    return found
                found.unlink()
        self.before_reading(file)
        return _written(make(), folder, name)


def _question(name: str, condition: str, keys: str | None, params: dict[str, Any]) -> str:
    return json.dumps([queries.query_text(name, condition, keys), params, version("duckdb")])


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _written(answer: pl.DataFrame, folder: Path, name: str) -> Path:
    """Write an answer into a folder, whole or not at all, and forget those that nobody asks for any more."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _sweep(folder)
    writing = folder / f"{_WRITING}{name}-{secrets.token_hex(8)}"  # containers have the same process ids
    private_file(writing)
    answer.write_parquet(writing, compression="zstd")
    return writing.rename(folder / answer_name(Path(name), writing.read_bytes()))


def answer_name(path: Path, content: bytes) -> str:
    """Return the name of an answer's file: the question in the name of `path`, and a hash of the content."""
    return f"{path.stem.partition('-')[0]}-{hashlib.sha256(content).hexdigest()[:16]}.parquet"


def _sweep(folder: Path) -> None:
    for path in folder.iterdir():
        _forget(path, after=_DAY if path.name.startswith(_WRITING) else FORGOTTEN_AFTER)


def _forget(path: Path, *, after: float) -> None:
    """Remove a file that nobody has used for some seconds."""
    with suppress(FileNotFoundError):  # another run has swept it
        if time.time() - path.stat().st_mtime > after:
            path.unlink()
