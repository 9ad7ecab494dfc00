"""Calls functions of data files where a damaged file does no harm: in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar, TypeVarTuple

from engine.data.read_request import CallRequest
from engine.data.readers import Readers
from engine.data.source_file import SourceFile

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


def call_with_files(
    function: Callable[[SourceFile, *Arguments], T],
    files: Sequence[SourceFile],
    *arguments: *Arguments,
) -> list[T]:
    """Return what a function says of each file.

    Another process opens files that other programs wrote: no reader tells every damage as an error.

    Parameters
    ----------
    function
        A function of a module, that takes a file first.
    files
        The files.
    arguments
        What else the function takes.

    Raises
    ------
    DataError
        If the function refuses a file, or a process has died of it.
    """
    apart = [number for number, file in enumerate(files) if not file.is_own]
    found: dict[int, T] = {}
    with TemporaryDirectory(prefix="equirank-") as work, Readers() as readers:
        requests = [
            CallRequest(function=function, source=files[number], arguments=arguments, work=Path(work))
            for number in apart
        ]
        for place, answer in readers.read(requests):
            if answer.error is not None:
                raise answer.error
            found[apart[place]] = answer.found["value"]
    return [
        found[number] if number in found else function(file, *arguments) for number, file in enumerate(files)
    ]
