"""A pool of processes that read foreign files; one that a damaged file kills is replaced.

A process takes a second to start and reads many files. Who asks gets each answer as it comes.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import IO, Any, Self, cast

from engine.data.answers import refused
from engine.data.read_request import Request, answered, bytes_of
from engine.errors import DataError, EngineError, Fault, StoreError

FILES_OF_ONE = 8  # files that are worth one more process
MOST_BYTES = 100 << 20  # of files that are read side by side; a larger one is read alone


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAnswer:
    """What came of a request.

    Attributes
    ----------
    found
        ``part``, and for a store ``source``, ``contents`` and ``sample``; of a call its ``value``; nothing
        of a bad file.
    error
        Why the file was refused.
    died
        Whether the process died or took too long, so that another try may end otherwise.
    """

    found: Mapping[str, Any] = field(default_factory=dict)
    error: EngineError | None = None
    died: bool = False


class Reader:
    """One process."""

    def __init__(self) -> None:
        # -P: of this installation, not of a checkout that happens to be the working folder. What a dying
        # reader writes on stderr can quote a record; nobody sees it.
        command = [sys.executable, "-P", "-m", "engine.data.reading_process"]
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet)  # noqa: S603
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)

    def fileno(self) -> int:
        """Return what a selector waits for: the pipe of the answers."""
        return self._answers.fileno()

    def ask(self, request: Request) -> None:
        """Send a request; that a process has died is noticed when its answer is awaited."""
        with suppress(BrokenPipeError):
            self._requests.write(request.line())
            self._requests.flush()

    def answer(self) -> dict[str, Any] | None:
        """Return the answer that has come, None if the process has died instead."""
        try:
            found: dict[str, Any] = json.loads(self._answers.readline())
        except ValueError:
            return None
        return found

    def end(self) -> int:
        """End the process, which holds nothing that is not on disk, and return its exit code."""
        self._process.kill()
        self._answers.close()
        with suppress(BrokenPipeError):
            self._requests.close()
        return self._process.wait()


def start_reader() -> Reader:
    """Start a process."""
    return Reader()


def release_reader(reader: Reader) -> None:
    """End a process that has nothing more to do."""
    reader.end()


_kept: ContextVar[list[Reader] | None] = ContextVar("_kept", default=None)


@contextmanager
def kept_readers(*, ahead: bool = False) -> Iterator[None]:
    """Let the pools inside take over the processes of earlier ones; all end with the outermost block.

    With `ahead` a process starts at once, and imports its libraries while the block imports its own.
    """
    if _kept.get() is not None:
        yield
        return
    kept = [start_reader()] if ahead else []
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        for reader in kept:
            release_reader(reader)


@dataclass(slots=True)
class _Task:
    """A request that is being read: when it must be done, whether it is late, whether it killed a process."""

    number: int
    request: Request
    deadline: float = float("inf")
    is_late: bool = False
    has_killed: bool = False


class Readers:
    """The pool; a context manager that ends its processes.

    Parameters
    ----------
    timeout
        Seconds that one file may take; None for no limit.
    """

    def __init__(self, timeout: float | None = None) -> None:
        self._timeout = timeout
        self._idle: list[Reader] = []
        self._working: dict[Reader, _Task] = {}

    def __enter__(self) -> Self:
        kept = _kept.get()
        if kept:
            self._idle, kept[:] = [*kept], []
        return self

    def __exit__(self, *_error: object) -> None:
        for reader in self._working:
            reader.end()
        kept = _kept.get()
        for reader in self._idle:
            release_reader(reader) if kept is None else kept.append(reader)
        self._working, self._idle = {}, []

    def read(
        self, requests: Sequence[Request], started: Callable[[int], None] | None = None
    ) -> Iterator[tuple[int, ReadAnswer]]:
        """Yield the number of each request with its answer, as they come.

        `started` hears the number of a request when its reading begins.

        Raises
        ------
        StoreError
            If the disk does not take what is read.
        """
        waiting = deque(_Task(number, request) for number, request in enumerate(requests))
        most = _most_readers(len(requests))
        while waiting or self._working:
            while waiting and len(self._working) < most and self._has_room(waiting[0].request):
                task = waiting.popleft()
                if started is not None and not task.has_killed:
                    started(task.number)
                self._begin(task)
            for reader in self._heard():
                task = self._working.pop(reader)
                answer = self._finished(reader, task)
                if answer is None:
                    waiting.appendleft(task)
                else:
                    yield task.number, answer

    def _has_room(self, request: Request) -> bool:
        """Whether a file may be read beside those that are being read: memory grows with their sizes."""
        beside = sum(bytes_of(task.request) for task in self._working.values())
        return not self._working or beside + bytes_of(request) <= MOST_BYTES

    def _begin(self, task: _Task) -> None:
        """Give a request to a process; one that has killed a process gets a new one, to be judged alone."""
        reader = start_reader() if task.has_killed or not self._idle else self._idle.pop()
        if self._timeout is not None:
            task.deadline = time.monotonic() + self._timeout
        self._working[reader] = task
        reader.ask(task.request)

    def _heard(self) -> list[Reader]:
        """Wait, and return the processes that have answered or died; those that take too long are marked."""
        with selectors.DefaultSelector() as selector:
            for reader in self._working:
                selector.register(reader, selectors.EVENT_READ, reader)
            first = min(task.deadline for task in self._working.values())
            wait = None if first == float("inf") else max(first - time.monotonic(), 0.0)
            heard = [key.data for key, _ in selector.select(wait)]
        if heard:
            return heard
        late = [reader for reader, task in self._working.items() if task.deadline <= time.monotonic()]
        for reader in late:
            self._working[reader].is_late = True
        return late

    def _finished(self, reader: Reader, task: _Task) -> ReadAnswer | None:
        """Return the answer to a request, None if it is to be tried once more in a new process."""
        name = task.request.source.path.name
        if task.is_late:
            reader.end()
            return _died(name, f"reading took longer than {self._timeout:,.0f} seconds and was stopped")
        answer = reader.answer()
        if answer is None:
            code = reader.end()
            if not task.has_killed:
                task.has_killed = True  # an earlier file may have left the process damaged
                return None
            return _died(name, _death(code))
        self._idle.append(reader)
        if "death" in answer:
            return _died(name, _death(answer["death"]))
        if "disk" in answer:
            raise StoreError(answer["disk"])
        try:
            return _taken(answer)
        except Exception:  # noqa: BLE001 - a hostile file may have made it
            return _died(name, "the reading process gave an answer that cannot be read")


def _taken(answer: Mapping[str, Any]) -> ReadAnswer:
    if "kind" in answer:
        return ReadAnswer(error=refused(answer))
    if "value" in answer:
        return ReadAnswer(found={"value": answered(answer["value"])})
    return ReadAnswer(found=answer)


def _most_readers(files: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 1 + files // FILES_OF_ONE)


def _death(code: int) -> str:
    if code < 0:
        return f"the reading process died of signal {-code}"
    return f"the reading process ended with exit code {code} and no answer"


def _died(name: str, found: str) -> ReadAnswer:
    fault = Fault(name, found, "a file that can be read", "Look at the file: is it damaged?")
    return ReadAnswer(error=DataError(fault), died=True)
