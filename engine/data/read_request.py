"""What is asked of a process that reads foreign files, as a line of JSON."""

from __future__ import annotations

import base64
import io
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from engine.data.encoding import is_gzip
from engine.data.source_file import SourceFile

UNPACKED = 10  # times the size of a compressed file
HARMLESS = frozenset({("pathlib", type(Path()).__name__), ("builtins", "set"), ("builtins", "frozenset")})


class Request(Protocol):
    """A request about one file."""

    @property
    def source(self) -> SourceFile:
        """The file."""

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

    def line(self) -> bytes:
        """Return the request as a line of JSON."""
        places = tuple(path.absolute() for path in self.source.places)
        source = replace(self.source, path=self.source.path.absolute(), places=places)
        call = packed((self.function, source, *self.arguments))
        asked = {"path": source.path, "places": places, "work": self.work.absolute(), "call": call}
        return json.dumps(asked, default=str).encode() + b"\n"


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


class _OfAnswer(pickle.Unpickler):
    """Makes values of an answer: of this program's frozen values and of paths, and nothing else.

    A hostile file may have taken over the process that answers.
    """

    def find_class(self, module: str, name: str) -> type:
        """Return a class of values.

        Raises
        ------
        pickle.UnpicklingError
            If it is anything else.
        """
        if (module, name) in HARMLESS or (module.startswith("engine.") and "." not in name):
            found = super().find_class(module, name)
            if isinstance(found, type) and (is_dataclass(found) or (module, name) in HARMLESS):
                return found
        text = f"{module}.{name} is no value of an answer"
        raise pickle.UnpicklingError(text)


def answered(text: str) -> Any:  # noqa: ANN401 - whatever a function of a file returns
    """Return the value of an answer.

    Raises
    ------
    pickle.UnpicklingError
        If it is none.

    Examples
    --------
    >>> answered(packed(("a", {1.5: Path("x")}))) == ("a", {1.5: Path("x")})
    True
    >>> answered(packed(print))
    Traceback (most recent call last):
    _pickle.UnpicklingError: builtins.print is no value of an answer
    """
    return _OfAnswer(io.BytesIO(base64.b64decode(text))).load()


def unpacked(text: str) -> Any:  # noqa: ANN401 - whatever was packed
    """Return what `packed` wrote, of a request: in a pipe from the one who asks, never in a file."""
    return pickle.loads(base64.b64decode(text))  # noqa: S301
