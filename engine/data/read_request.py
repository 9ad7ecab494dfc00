"""What is asked of a process that reads foreign files, as a line of JSON."""

from __future__ import annotations

import base64
import json
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from engine.data.encoding import is_gzip
from engine.data.source_file import SourceFile
from engine.errors import UsageError
from engine.paths import PANELS, cache_folder

UNPACKED = 10  # times the size of a compressed file


class Request(Protocol):
    """A request about one file."""

    @property
    def source(self) -> SourceFile:
        """The file."""

    @property
    def writes(self) -> tuple[Path, ...]:
        """The folders in which the answer is made."""

    def line(self) -> bytes:
        """Return the request as a line of JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """A file to be read for a study.

    Attributes
    ----------
    study
        The study as JSON.
    source
        The file.
    digest
        SHA-256 of its content.
    home
        The folder of its part.
    work
        Where temporary files lie: the one who asks removes it, even if the process dies.
    salt
        Of the store that takes the file in; None if it is only harmonised.
    """

    study: str
    source: SourceFile
    digest: str
    home: Path
    work: Path
    salt: str | None = None

    @property
    def writes(self) -> tuple[Path, ...]:
        """The folders of parts and of temporary files; of these the system's, which serves all requests."""
        place = Path(tempfile.gettempdir())
        return (self.home, place if self.work.is_relative_to(place) else self.work)

    def line(self) -> bytes:
        """Return the request as a line of JSON."""
        asked = {
            "study": self.study,
            "path": self.source.path.absolute(),
            "wave": self.source.wave,
            "imputation": self.source.imputation,
            "places": [path.absolute() for path in self.source.places],
            "digest": self.digest,
            "home": self.home.absolute(),
            "work": self.work.absolute(),
            "salt": self.salt,
        }
        return json.dumps(asked, default=str).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A function of a file to be called; its answer comes back whole, so it must be small.

    Attributes
    ----------
    function
        A function of a module: it takes the file and `arguments`.
    source
        The file.
    arguments
        What else the function takes.
    work
        Where temporary files lie: the one who asks removes it, even if the process dies.
    """

    function: Callable[..., Any]
    source: SourceFile
    arguments: tuple[Any, ...]
    work: Path

    @property
    def writes(self) -> tuple[Path, ...]:
        """Those of a run, so that one process can do all that a command asks; it may lack a cache."""
        temporary = Path(tempfile.gettempdir())
        try:
            return (temporary, cache_folder(PANELS))
        except UsageError:
            return (temporary,)

    def line(self) -> bytes:
        """Return the request as a line of JSON."""
        places = tuple(path.absolute() for path in self.source.places)
        source = replace(self.source, path=self.source.path.absolute(), places=places)
        call = packed((self.function, source, *self.arguments))
        return json.dumps({"path": str(source.path), "work": str(self.work), "call": call}).encode() + b"\n"


def bytes_of(request: Request) -> int:
    """Return how many bytes are to be read, about; 0 of files that are not there."""
    paths = (request.source.path, *request.source.places)
    sizes = [(UNPACKED if is_gzip(path) else 1) * path.stat().st_size for path in paths if path.is_file()]
    return sum(sizes)


def packed(value: object) -> str:
    """Return any value of this program as text.

    Examples
    --------
    >>> unpacked(packed((Path("a.dta"), {1.5: "x"}))) == (Path("a.dta"), {1.5: "x"})
    True
    """
    return base64.b64encode(pickle.dumps(value)).decode()


def unpacked(text: str) -> Any:  # noqa: ANN401 - whatever was packed
    """Return what `packed` wrote: in a pipe between two processes of this program, never in a file."""
    return pickle.loads(base64.b64decode(text))  # noqa: S301
