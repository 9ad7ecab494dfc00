"""Runs a study: files -> panel -> sample -> analyses -> a run directory."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.batch.beside import Job, has_work, process_beside, run_tasks_beside
from engine.batch.compiling import compiling_ahead
from engine.batch.failures import Failure, failure_warnings, task_states
from engine.batch.reporter import Reporter
from engine.batch.request import RunRequest, make_request, planned_replicates
from engine.batch.run_result import RunResult
from engine.data.readers import kept_readers
from engine.report.figures.drawing import drawing_ahead
from engine.results import TidyRow, to_frame
from engine.study import StudySpec

if TYPE_CHECKING:
    import polars as pl

    from engine.batch.context import Context
    from engine.batch.tasks import Task, TaskResult
    from engine.data.panel import Panel
    from engine.data.sample import Sample


def run(
    study: str | Path | StudySpec,
    data: str | Path | None = None,
    out: str | Path | None = None,
    *,
    replicates: int | None = None,
    threads: int | None = None,
    seed: int | None = None,
    only: str | None = None,
    cells: Sequence[Path] = (),
    reporter: Reporter | None = None,
    report: bool = True,
) -> RunResult:
    """Run a study and write its run directory.

    An analysis that fails on the data does not stop the others; `RunResult.failures` says why.

    Parameters
    ----------
    study
        A shipped name, the path of a study file, or a loaded study.
    data
        File, folder or glob to read instead of the study's own paths.
    out
        The run directory; by default a new one under ``equirank-runs``. An earlier run of the same study
        there is replaced, anything else is refused.
    replicates, seed
        Instead of those of the study.
    threads
        How many; the results do not depend on it.
    only
        Name of the one analysis to run.
    cells
        Files that `equirank cells` wrote, of one or more sites, in place of data.
    reporter
        Hears of progress.
    report
        Whether to write report.html, tables/ and figures/.

    Returns
    -------
    RunResult
        Path, tidy rows and manifest.

    Raises
    ------
    StudyError, DataError, EstimationError, UsageError
        Each with place, finding, expectation and remedy; nothing is written then. Only if every
        analysis fails is that an error of the run.
    """
    started = time.perf_counter()
    data = None if data is None else Path(data)
    reporter = reporter or Reporter()
    with ExitStack() as processes, ExitStack() as reading:
        reading.enter_context(kept_readers())  # one process looks at the files and reads them
        if report:
            processes.enter_context(drawing_ahead())
        request = make_request(study, data, replicates=replicates, seed=seed, only=only, cells=cells)
        spec = request.spec
        beside = None if reporter.keeps else processes.enter_context(process_beside(request, threads))

        # Imported while the processes get ready.
        from engine.batch.context import make_context
        from engine.batch.manifest import make_manifest
        from engine.batch.released import released
        from engine.batch.reporting import write_report_of_new_run
        from engine.batch.tasks import run_tasks, tasks_of
        from engine.store.run_directory import new_run, write_run

        target = Path(out) if out is not None else default_target(spec.study.name)
        with new_run(target, spec.study.name) as folder, compiling_ahead(spec, reporter) as compiling:
            if spec.source.builtin is not None and data is None:
                reporter.start_step("making the built-in panel")
            with TemporaryDirectory(prefix="equirank-") as scratch:
                panel, sample = _panel_and_sample(request, Path(scratch), threads, reporter)
                reading.close()
                seconds = {"read": time.perf_counter() - started}
                context = make_context(spec, panel, sample, threads, reporter)
                tasks = tasks_of(spec, context.columns.waves)
                job = Job(spec=spec, panel=panel, sample=sample, threads=threads, tasks=tasks)
                if beside is not None and has_work(job):
                    results = run_tasks_beside(job, context, compiling.wait, beside)
                else:
                    results = run_tasks(tasks, context, compiling.wait)
                done = _collected(tasks, results, context)
            states = task_states(done.tasks, done.failures)
            simulated = is_simulated(panel)
            rows = with_study(done.rows, spec, simulated=simulated)
            seconds |= {**done.seconds, "total": time.perf_counter() - started}
            left_out = done.left_out if reporter.interrupted else None
            manifest = make_manifest(
                spec, panel, sample, (), simulated=simulated, left_out=left_out, seconds=seconds
            )
            manifest["warnings"] = [*failure_warnings(states), *manifest["warnings"]]
            manifest["tasks"] = states
            manifest["read_as"] = done.read_as
            rows, manifest = released(spec, rows, manifest)
            write_run(folder, to_frame(rows), manifest, scorecard_of(spec, rows, simulated=simulated))
            if report:
                write_report_of_new_run(folder)
    return RunResult(path=target, rows=rows, manifest=manifest)


def _panel_and_sample(
    request: RunRequest, scratch: Path, threads: int | None, reporter: Reporter
) -> tuple[Panel, Sample]:
    """Read the data files of a request, or its files of cells, and draw the sample."""
    from engine.batch.context import read_sample
    from engine.data.sample import draw_sample

    if not request.cells:
        return read_sample(request.spec, request.files(), scratch, threads, reporter)
    from engine.batch.cells_export import refuse_records
    from engine.batch.tasks import tasks_of
    from engine.data.shared_cells import unpack_cells

    panel = unpack_cells(request.cells, scratch)
    sample = draw_sample(request.spec, panel, scratch, threads)
    refuse_records(tasks_of(request.spec, sample.waves), request.spec)
    return panel, sample


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """The tasks that were run, their rows and seconds, whether they read rows or cells, why some failed.

    `left_out` names those that an interrupt left out.
    """

    tasks: Sequence[Task]
    rows: Sequence[TidyRow]
    seconds: Mapping[str, float]
    read_as: Mapping[str, str]
    failures: Mapping[str, Failure]
    left_out: Sequence[str] = ()


def _collected(tasks: Sequence[Task], results: Iterable[TaskResult], context: Context) -> _Done:
    """Collect the results; after an interrupt, those that are done are kept if the reporter keeps them."""
    reporter = context.reporter
    n_replicates = sum(planned_replicates(task.analysis) for task in tasks)
    reporter.start_analyses(len(tasks), n_replicates * max(len(context.completed), 1))
    rows: list[TidyRow] = []
    seconds: dict[str, float] = {}
    read_as: dict[str, str] = {}
    failures: dict[str, Failure] = {}
    try:
        for result in results:
            if result.failure is None:
                rows += result.rows()
                read_as[result.task.name] = result.read_as
            else:
                failures[result.task.name] = result.failure
            seconds[f"analysis {result.task.name}"] = result.seconds
            if reporter.keeps and reporter.interrupted:
                break
    except (KeyboardInterrupt, Exception):
        # After an interrupt a library may raise anything: its own work was cut off half way.
        if not (reporter.keeps and reporter.interrupted and rows):
            raise
    return _Done(
        tasks=tasks[: len(seconds)],
        rows=rows,
        seconds=seconds,
        read_as=read_as,
        failures=failures,
        left_out=_names(tasks[len(seconds) :]),
    )


def _names(tasks: Iterable[Task]) -> tuple[str, ...]:
    return tuple(task.name for task in tasks)


def is_simulated(panel: Panel) -> bool:
    """Whether a source file says that nobody in it is real."""
    return any(source["simulated"] for source in panel.sources)


def with_study(rows: Iterable[TidyRow], spec: StudySpec, *, simulated: bool) -> tuple[TidyRow, ...]:
    """Return the rows with the name of the study, marked where the data are simulated."""
    name = f"{spec.study.name} (simulated)" if simulated else spec.study.name
    return tuple(replace(row, study=name) for row in rows)


def scorecard_of(spec: StudySpec, rows: tuple[TidyRow, ...], *, simulated: bool) -> pl.DataFrame | None:
    """Return the published numbers beside those of the run, if the study names a publication."""
    if spec.study.published is None:
        return None
    import polars as pl

    from engine.audit.scorecard import scorecard

    scores = scorecard(spec.study.published, to_frame(rows).to_dicts(), simulated=simulated)
    return pl.DataFrame([score.as_dict() for score in scores], infer_schema_length=None)


def default_target(name: str) -> Path:
    """Return a new run directory under ``equirank-runs``."""
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    target = Path("equirank-runs") / f"{name}-{stamp}"
    number = 2
    while target.exists():
        target = target.with_name(f"{name}-{stamp}-{number}")
        number += 1
    return target
