"""Progress on stderr: bars with time left on a terminal, else a plain line for each step that takes long."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from engine.batch.reporter import Reporter
from engine.errors import Enough, Interrupted

MOMENT = 0.8  # seconds until a step is told
COMPILING = "compiling kernels, once for this version"


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


class _Lines(_Interruptible):
    """Off a terminal: one line for each step that takes longer than a moment."""

    def __init__(self, *, keeps: bool, say: Callable[[str], None]) -> None:
        super().__init__(keeps=keeps)
        self._say = say
        self._is_compiling = False
        self._timer: threading.Timer | None = None
        self.start_step("loading libraries")

    def start_step(self, what: str) -> None:
        self.end_step()
        self._is_compiling = False
        self._timer = threading.Timer(MOMENT, self._say, (what,))
        self._timer.daemon = True
        self._timer.start()

    def end_step(self) -> None:
        """Say nothing of a step that is over."""
        if self._timer is not None:
            self._timer.cancel()

    def compiling(self) -> None:
        if not self._is_compiling:
            self.start_step(COMPILING)
            self._is_compiling = True

    def start_reading(self, files: int) -> None:
        self.start_step(f"reading {files} file{'s' if files > 1 else ''}")

    def start_analysis(self, name: str) -> None:
        super().start_analysis(name)
        self.start_step(f"computing {name}")


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
        self._task = self.progress.add_task("Loading libraries", total=None, unit="")
        self._name = ""
        self._is_compiling = False

    def start_step(self, what: str) -> None:
        self.progress.update(self._task, description=what.capitalize())

    def compiling(self) -> None:
        if not self._is_compiling:
            self._is_compiling = True
            self.progress.update(self._task, description=f"{self._name}: {COMPILING}".removeprefix(": "))

    def start_reading(self, files: int) -> None:
        what = f"Reading {files} file{'s' if files > 1 else ''}"
        self.progress.update(self._task, description=what, unit="rows")

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
        self._name, self._is_compiling = name, False
        self.progress.update(self._task, description=name)

    def replicated(self, replicates: int) -> None:
        super().replicated(replicates)
        if self._is_compiling:
            self._is_compiling = False
            self.progress.update(self._task, description=self._name)
        self.progress.advance(self._task, replicates)


def say_on_stderr(what: str) -> None:
    """Write a line about a step."""
    sys.stderr.write(f"equirank: {what} ...\n")
    sys.stderr.flush()


@contextmanager
def progress_reporter(
    *, keeps: bool = False, say: Callable[[str], None] = say_on_stderr
) -> Iterator[Reporter]:
    """Yield a display on a terminal, else a reporter of plain lines.

    With `keeps` an interrupt keeps what is done. `say` writes a line about a step that takes long.

    Raises
    ------
    Interrupted
        If the user stops the work inside the block.
    """
    is_terminal = sys.stderr.isatty()
    reporter = _Display(keeps=keeps) if is_terminal else _Lines(keeps=keeps, say=say)
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
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was written.") from None
    except Exception:
        # An interrupt that is lost inside a library leaves its work half done: whatever the library raises
        # next is the interrupt's doing (SystemError of compiled code, RuntimeError of the compiler, ...).
        if not reporter.interrupted:
            raise
        raise Interrupted("interrupted; nothing was written.") from None
    finally:
        if isinstance(reporter, _Lines):
            reporter.end_step()
        sys.unraisablehook = unraisable
        for one, handler in before.items():
            signal.signal(one, handler)
