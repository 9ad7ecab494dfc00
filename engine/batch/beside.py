"""Computes analyses in a process beside the run, so that two are computed at once.

The process takes the analyses with the most work first, the run takes them in the order of the study.
An analysis belongs to whoever makes its claim, an empty file. Which of the two it is changes no bit.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.batch.compiling import usable_cores
from engine.batch.request import planned_replicates
from engine.errors import DataError, EstimationError

if TYPE_CHECKING:
    from engine.batch.context import Context
    from engine.batch.request import RunRequest
    from engine.batch.tasks import Task, TaskResult
    from engine.data.panel import Panel
    from engine.data.sample import Sample
    from engine.study import StudySpec

LEAST_REPLICATES = 1_000  # of a study; with fewer, a run is over before the process is ready
LEAST_BYTES = 1_000_000  # of its files; in less there are too few rows
LEAST_WORK = 20_000_000  # rows times replicates
LONGEST_WAIT = 600.0  # seconds for what the process has left when the run has done its own share ...
WAIT_FOR_WORK = 10.0  # ... and for each second of this share: its analyses may be the longest
MOST_ROWS = 5_000_000  # each of the two processes has columns of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the process needs to compute analyses: the study, its data, and all tasks.

    `threads` are those of the run, which the process shares; None for all cores.
    """

    spec: StudySpec
    panel: Panel
    sample: Sample
    threads: int | None
    tasks: tuple[Task, ...]

    @property
    def threads_beside(self) -> int | None:
        """Threads of the process: half of those that the run may have, so that both have no more."""
        return None if self.threads is None else self.threads // 2


class ProcessBeside:
    """The process; `folder` holds claims and results."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._began = folder, time.monotonic()
        # -P: of this installation, not of a checkout that happens to be the working folder.
        command = [sys.executable, "-P", "-m", __name__, str(folder)]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet
        )

    def begin(self, job: Job) -> None:
        """Let it compute."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._began = time.monotonic()
        with suppress(BrokenPipeError):
            pickle.dump(job, self._process.stdin)
            self._process.stdin.close()

    def claim(self, number: int) -> bool:
        """Whether the run itself computes a task."""
        return _claim(self._folder, number)

    def results(self) -> Mapping[int, TaskResult]:
        """Wait until the process is done, and return what came of its tasks; less if it has died.

        One that stands still is ended, and what it has not finished is computed here.
        """
        limit = LONGEST_WAIT + WAIT_FOR_WORK * (time.monotonic() - self._began)
        try:
            self._process.wait(limit)
        except subprocess.TimeoutExpired:
            self.end()
        found = {}
        for path in self._folder.glob("*.result"):
            with path.open("rb") as stream:
                found[int(path.stem)] = pickle.load(stream)  # noqa: S301 - in a private folder, our own
        return found

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        with suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait()


@contextmanager
def process_beside(request: RunRequest, threads: int | None) -> Iterator[ProcessBeside | None]:
    """Start the process if a run may have work for it, to get ready while the files are read."""
    analyses = request.spec.analysis
    replicates = sum(planned_replicates(analysis) for analysis in analyses)
    is_small = len(analyses) == 1 or replicates < LEAST_REPLICATES or request.n_bytes() < LEAST_BYTES
    if threads == 1 or usable_cores() == 1 or request.cells or is_small:
        yield None
        return
    with TemporaryDirectory(prefix="equirank-") as folder:
        process = ProcessBeside(Path(folder))
        try:
            yield process
        finally:
            process.end()


def _work(task: Task) -> int:
    """Return what the replicates of a task cost, roughly; those of a decomposition fit its model again."""
    return planned_replicates(task.analysis) * (1 + len(getattr(task.analysis, "terms", ())))


def has_work(job: Job) -> bool:
    """Whether two processes are faster than one, and have room side by side."""
    replicates = sum(planned_replicates(task.analysis) for task in job.tasks)
    return len(job.tasks) > 1 and job.sample.n <= MOST_ROWS and job.sample.n * replicates >= LEAST_WORK


def run_tasks_beside(
    job: Job, context: Context, wait: Callable[[str], None], process: ProcessBeside
) -> Iterator[TaskResult]:
    """Yield what comes of each task, in their order, computed here and by the process.

    Tasks that it has claimed and not finished when it died are computed here.
    """
    from engine.batch.tasks import run_tasks

    process.begin(job)
    if job.threads is not None and job.threads_beside is not None:
        context = replace(context, threads=job.threads - job.threads_beside)
    own = [-1]  # the last is that in work

    def claimed() -> Iterator[Task]:
        for number, task in enumerate(job.tasks):
            if process.claim(number):
                own.append(number)
                yield task

    found: dict[int, TaskResult] = {}
    for result in run_tasks(claimed(), context, wait):
        found[own[-1]] = result
    context.reporter.start_step("computing the last analyses")
    found = {**process.results(), **found}
    for number, task in enumerate(job.tasks):
        if number in found:
            if number not in own:
                context.reporter.replicated(planned_replicates(task.analysis))
            yield found[number]
        else:
            yield from run_tasks([task], context, wait)


def _claim(folder: Path, number: int) -> bool:
    try:
        (folder / f"{number}.claim").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _compute(job: Job, folder: Path) -> None:
    """Compute the tasks that nobody has claimed, until the one who asked is gone."""
    from engine.batch.context import make_context
    from engine.batch.reporter import Reporter
    from engine.batch.tasks import run_tasks

    asked_by = os.getppid()
    sample = _in_folder(job.sample, folder)
    context = make_context(job.spec, job.panel, sample, job.threads_beside, Reporter())
    for number, task in sorted(enumerate(job.tasks), key=lambda one: _work(one[1]), reverse=True):
        if os.getppid() != asked_by:
            return
        if _claim(folder, number):
            (result,) = run_tasks([task], context)
            _write(replace(result, failure=_plain(result.failure)), folder / f"{number}.result")


def _in_folder(sample: Sample, folder: Path) -> Sample:
    """Return a sample that writes its rows into a folder of this process."""
    completed = []
    for number, one in enumerate(sample.completed):
        own = folder / f"rows-{number}"
        own.mkdir()
        completed.append(replace(one, folder=own))
    return replace(sample, folder=folder, completed=tuple(completed))


def _plain(failure: DataError | EstimationError | None) -> DataError | EstimationError | None:
    """Return a failure with the same message that can be pickled: some kinds take other arguments."""
    if failure is None:
        return None
    kind = DataError if isinstance(failure, DataError) else EstimationError
    return kind(str(failure))


def _write(result: TaskResult, path: Path) -> None:
    """Write a result, whole or not at all."""
    writing = path.with_suffix(".writing")
    with writing.open("wb") as stream:
        pickle.dump(result, stream)
    writing.rename(path)


def _main(folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    os.umask(0o077)
    # Imported while the one who asks imports too, and reads the files.
    import engine.batch.context
    import engine.batch.tasks
    import engine.data.sample_reader  # noqa: F401

    with suppress(EOFError):  # the run has no work, or is gone
        job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
        _compute(job, folder)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
