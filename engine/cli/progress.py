"""A progress display on stderr: rows read, replicates done, time left. Silent when stderr is no terminal."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from engine.batch.reporter import Reporter
from engine.errors import Enough, Interrupted


class _Interruptible(Reporter):
    """Stops the work at its next sign of life after Ctrl-C.

    Python drops a KeyboardInterrupt that arrives inside an import, a destructor or a callback of the
    compiler, with a remark on stderr that is kept back here; the mark stays.
    """

    def __init__(self, *, keeps: bool) -> None:
        self.keeps = keeps
        self.interrupted = False
        self._replicating = False

    def interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """Take Ctrl-C: at once where possible, otherwise at the next check; a second one always at once."""
        waits = self.keeps and self._replicating and not self.interrupted
        self.interrupted = True
        if not waits:
            raise KeyboardInterrupt

    def _check(self) -> None:
        if self.interrupted:
            raise KeyboardInterrupt

    def read(self, _rows: int) -> None:
        self._check()

    def start_analysis(self, _name: str) -> None:
        self._replicating = False
        self._check()

    def replicated(self, _replicates: int) -> None:
        self._replicating = True
        if self.keeps and self.interrupted:
            raise Enough
        self._check()


class _Display(_Interruptible):
    """Two bars: reading, then analyses by replicates."""

    def __init__(self, *, keeps: bool) -> None:
        super().__init__(keeps=keeps)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self.progress.add_task("Reading", total=None, unit="rows")

    def start_reading(self, files: int) -> None:
        self.progress.update(self._task, description=f"Reading {files} file{'s' if files > 1 else ''}")

    def read(self, rows: int) -> None:
        super().read(rows)
        self.progress.advance(self._task, rows)

    def start_analyses(self, analyses: int, replicates: int) -> None:
        self.progress.stop_task(self._task)
        self._task = self.progress.add_task(
            f"{analyses} analyses", total=replicates or None, unit="replicates"
        )

    def start_analysis(self, name: str) -> None:
        super().start_analysis(name)
        self.progress.update(self._task, description=name)

    def replicated(self, replicates: int) -> None:
        super().replicated(replicates)
        self.progress.advance(self._task, replicates)


@contextmanager
def progress_reporter(*, keeps: bool = False) -> Iterator[Reporter]:
    """Yield a display on a terminal, else a silent reporter; with `keeps` an interrupt keeps what is done.

    Raises
    ------
    Interrupted
        If the user stops the work inside the block.
    """
    reporter = _Display(keeps=keeps) if sys.stderr.isatty() else _Interruptible(keeps=keeps)
    in_main = threading.current_thread() is threading.main_thread()
    # A scheduler stops a job with SIGTERM: it must leave as little behind as Ctrl-C.
    before = {
        one: signal.signal(one, reporter.interrupt) for one in (signal.SIGINT, signal.SIGTERM) if in_main
    }
    unraisable = sys.unraisablehook
    sys.unraisablehook = lambda lost: None if lost.exc_type is KeyboardInterrupt else unraisable(lost)
    try:
        if isinstance(reporter, _Display):
            with reporter.progress:
                yield reporter
        else:
            yield reporter
    except (KeyboardInterrupt, SystemError) as stop:
        # Compiled code that is interrupted while it takes its arguments ends in a SystemError.
        if isinstance(stop, SystemError) and not reporter.interrupted:
            raise
        raise Interrupted("interrupted; nothing was written.") from None
    finally:
        sys.unraisablehook = unraisable
        for one, handler in before.items():
            signal.signal(one, handler)
