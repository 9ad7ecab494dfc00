"""A copy of the reading process for one file: it may read this file, and write its answer, and nothing else.

The process itself never opens a foreign file. So whatever a file makes its reader do ends with the copy, and
cannot reach other files, other answers or the request that comes next.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, TypeGuard

from engine.data.confinement import confine
from engine.data.damage import checksum_file

PR_SET_PDEATHSIG = 1  # of Linux
MOST_BYTES = 1 << 30  # of an answer
Answer = Callable[[Mapping[str, Any]], dict[str, Any]]


def die_with_parent() -> None:
    """Let the system end this process when the one that started it is killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def answer_apart(request: Mapping[str, Any], answer: Answer, others: int) -> dict[str, Any]:
    """Return what a copy of this process answers; ``death`` with its exit code if it has died instead.

    Parameters
    ----------
    request
        The request.
    answer
        Answers it.
    others
        The pipe on which this process gives answers, which the copy must not have.
    """
    with _own_folders(request) as (own, writes):
        found, code = _forked(own, answer, others, writes)
        if code or not _is_answer(found, request):
            return {"death": code}
        if "part" in found and own["home"] != request["home"]:
            from engine.data.part import adopt_part

            adopt_part(Path(own["home"]) / request["key"], Path(request["home"]))
        return found


def _is_answer(found: object, request: Mapping[str, Any]) -> TypeGuard[dict[str, Any]]:
    """Whether a copy that a file may have taken over has answered this request, and not another one."""
    if not isinstance(found, dict):
        return False
    if "kind" in found or "disk" in found:
        return "part" not in found
    if "call" in request:
        return "value" in found and "part" not in found
    facts = {"source", "contents", "sample"} if request["salt"] is not None else set()
    return found.get("part") == request["key"] and facts <= found.keys()


@contextmanager
def _own_folders(request: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], list[Path]]]:
    """Yield the request with folders of its own in place of common ones, and the folders to write in."""
    with TemporaryDirectory(prefix="reader-", dir=request["work"], ignore_cleanup_errors=True) as work:
        own = {**request, "work": work}
        if "call" in request:
            yield own, [Path(work)]
            return
        from engine.data.part import BUILDING, read_part  # half a second, and to count rows needs no part

        if read_part(Path(request["home"]) / request["key"]) is not None:
            yield own, [Path(work)]
            return
        building = Path(mkdtemp(prefix=BUILDING, dir=request["home"]))
        try:
            yield {**own, "home": str(building)}, [Path(work), building]
        finally:
            shutil.rmtree(building, ignore_errors=True)


def _forked(request: Mapping[str, Any], answer: Answer, others: int, writes: list[Path]) -> tuple[Any, int]:
    """Return the answer of a copy of this process, and its exit code."""
    mine, theirs = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if not child:
        code = 1
        try:
            die_with_parent()
            if os.getppid() == parent:
                _only(theirs, mine, others)
                confine(reads=_files(request), writes=writes)
                _write(theirs, json.dumps(answer(request)).encode())
                code = 0
        finally:
            os._exit(code)
    os.close(theirs)
    with os.fdopen(mine, "rb") as stream:
        text = stream.read(MOST_BYTES)
    _, status = os.waitpid(child, 0)
    try:
        return json.loads(text), os.waitstatus_to_exitcode(status)
    except ValueError:
        return None, os.waitstatus_to_exitcode(status)


def _only(theirs: int, *others: int) -> None:
    """Leave the copy one pipe: no requests to read, no answers in the name of the process to give."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for handle in {nothing, *others} - {0, theirs}:
        os.close(handle)


def _files(request: Mapping[str, Any]) -> list[Path]:
    """Return the file, its checksum, the files merged with it, and the part if it is there already."""
    path = Path(request["path"])
    part = Path(request["home"]) / request["key"] if "key" in request else None
    parts = [] if part is None or not part.is_dir() else [*part.iterdir()]
    return [path, checksum_file(path), *(Path(place) for place in request["places"]), *parts]


def _write(handle: int, content: bytes) -> None:
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
