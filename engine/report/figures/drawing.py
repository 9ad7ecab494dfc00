"""Draws figures in a process of their own, which gets ready while a run computes.

To get ready takes most of a second. The process draws once: it reads all charts, answers with all drawings,
and ends.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from engine.memory_limits import refuse_to_draw
from engine.report.figures.render import (
    DRAWN_BY,
    draw,
    drawing_of,
    marked_chart,
    svg_of,
)

if TYPE_CHECKING:
    from engine.report.figures.figure import Figure
    from engine.report.figures.render import DrawnFigure

EMPTY: dict[str, Any] = {"data": {"values": []}, "mark": "point"}


class _Process:
    """The process, from its start to its answer."""

    def __init__(self) -> None:
        # -P: of this installation, not of a checkout that happens to be the working folder.
        command = [sys.executable, "-P", "-m", __name__]
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet)  # noqa: S603

    def ask(self, charts: Sequence[dict[str, Any]]) -> None:
        """Send all charts; that the process has died is noticed when its answer is awaited."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(charts).encode())
            self._process.stdin.close()

    def answer(self) -> list[str] | None:
        """Wait for the drawings; None if the process has died."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            drawn: list[str] = json.loads(self._process.stdout.read())
        except ValueError:
            return None
        return drawn

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()


_ready: ContextVar[tuple[_Process, ...]] = ContextVar("_ready", default=())


@contextmanager
def drawing_ahead() -> Iterator[None]:
    """Start the process, if figures can be drawn here; the first figures of the block are drawn by it."""
    refuse_to_draw()
    processes = (_Process(),) if find_spec(DRAWN_BY) is not None else ()
    token = _ready.set(processes)
    try:
        yield
    finally:
        _ready.reset(token)
        for process in processes:
            process.end()


def start_drawing(figures: Sequence[Figure]) -> Callable[[], tuple[DrawnFigure, ...]]:
    """Begin to draw figures, and return what waits for them.

    Without a process that is ready, or if it dies, they are drawn here.
    """
    if not _ready.get():
        return lambda: tuple(draw(figure) for figure in figures)
    (process,) = _ready.get()
    _ready.set(())
    process.ask([marked_chart(figure) for figure in figures])

    def finished() -> tuple[DrawnFigure, ...]:
        drawn = process.answer()
        if drawn is None:
            return tuple(draw(figure) for figure in figures)
        return tuple(drawing_of(figure, svg) for figure, svg in zip(figures, drawn, strict=True))

    return finished


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    svg_of(EMPTY)
    charts = json.loads(sys.stdin.buffer.read() or b"[]")  # nothing: the parent has died
    sys.stdout.buffer.write(json.dumps([svg_of(chart) for chart in charts]).encode())


if __name__ == "__main__":
    _main()
