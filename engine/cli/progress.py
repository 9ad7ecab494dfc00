"""A progress display on stderr: rows read, replicates done, time left. Silent when stderr is no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.batch.reporter import Reporter
from engine.errors import Interrupted


class _Display(Reporter):
    """Two bars: reading, then analyses by replicates."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[unit]}"),
            TimeRemainingColumn(), console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._task = self.progress.add_task("Reading", total=None, unit="rows")

    def start_reading(self, files: int) -> None:
        self.progress.update(self._task, description=f"Reading {files} file{'s' if files > 1 else ''}")

    def read(self, rows: int) -> None:
        self.progress.advance(self._task, rows)

    def start_analyses(self, analyses: int, replicates: int) -> None:
        self.progress.stop_task(self._task)
        self._task = self.progress.add_task(f"{analyses} analyses", total=replicates or None, unit="replicates")

    def start_analysis(self, name: str) -> None:
        self.progress.update(self._task, description=name)

    def replicated(self, replicates: int) -> None:
        self.progress.advance(self._task, replicates)


@contextmanager
def progress_reporter() -> Iterator[Reporter]:
    """Yield a display on a terminal, a silent reporter elsewhere.

    Raises
    ------
    Interrupted
        If the user stops the work inside the block.
    """
    import sys

    try:
        if sys.stderr.isatty():
            display = _Display()
            with display.progress:
                yield display
        else:
            yield Reporter()
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was written.") from None
