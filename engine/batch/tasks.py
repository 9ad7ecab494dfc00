"""What a run computes, piece by piece: an analysis on all waves together, or on some alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.batch.kernel_events import telling_of_compiling
from engine.batch.kinds import KINDS
from engine.errors import DataError, EstimationError, Fault, nearest
from engine.study import AnalysisSpec, StudySpec, bootstrap_of

if TYPE_CHECKING:
    from engine.batch.context import Context
    from engine.estimators.replicates.pending_rows import Estimates
    from engine.results import TidyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An analysis and the waves it sees; None stands for all of the data, records without a wave too."""

    analysis: AnalysisSpec
    waves: tuple[str, ...] | None = None
    is_one_of_each: bool = False

    @property
    def name(self) -> str:
        """Name of the analysis, with its waves if these are not all."""
        return self.analysis.name if self.waves is None else f"{self.analysis.name} [{', '.join(self.waves)}]"

    def rows(self, estimated: Estimates) -> tuple[TidyRow, ...]:
        """Return the finished rows, labelled."""
        labelled = (
            replace(row, analysis=self.analysis.name, kind=self.analysis.kind) for row in estimated.rows
        )
        if self.waves is None or not self.is_one_of_each:
            return tuple(labelled)
        return tuple(replace(row, wave=self.waves[0]) for row in labelled)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What came of a task: an estimate, or the failure that stands in its place.

    Attributes
    ----------
    task
        The task.
    estimated, failure
        One of them is None.
    seconds
        How long it took.
    read_as
        What it was computed from: rows, cells, or both.
    """

    task: Task
    estimated: Estimates | None
    failure: DataError | EstimationError | None
    seconds: float
    read_as: str

    def rows(self) -> tuple[TidyRow, ...]:
        """Return the finished rows.

        Raises
        ------
        DataError, EstimationError
            If the task failed.
        """
        if self.failure is not None or self.estimated is None:
            raise self.failure or EstimationError(f"analysis '{self.task.name}': there is no estimate.")
        return self.task.rows(self.estimated)


def run_tasks(
    tasks: Iterable[Task], context: Context, wait: Callable[[str], None] | None = None
) -> Iterator[TaskResult]:
    """Yield what comes of each task, in their order; one that fails does not stop the others.

    Parameters
    ----------
    tasks
        Of one study.
    context
        Of the whole sample; each task sees its waves.
    wait
        Waits until the kernels of an analysis, given by name, are compiled.
    """
    for task in tasks:
        started = time.perf_counter()
        context.reporter.start_analysis(task.name)
        if wait is not None:
            wait(task.analysis.name)
        estimated, failure = None, None
        seen = replace(context, are_cells=[])
        try:
            refuse_absent_waves(task, context.columns.waves)
            with telling_of_compiling(context.reporter):
                estimated = _estimates(task, seen)
        except (DataError, EstimationError) as error:
            failure = error
        seconds = time.perf_counter() - started
        yield TaskResult(
            task=task, estimated=estimated, failure=failure, seconds=seconds, read_as=seen.read_as
        )


def _estimates(task: Task, context: Context) -> Estimates:
    """Return what a task estimates, in each completed data set where there are several."""
    if not context.completed:
        return _estimates_of_one(task, context)
    task = replace(task, analysis=_with_normal_interval(task.analysis))
    each = tuple(
        _estimates_of_imputation(task, replace(context, columns=columns, completed=()), number)
        for number, columns in enumerate(context.completed, start=1)
    )
    if context.reporter.interrupted:  # the data sets rest on different replicates
        raise KeyboardInterrupt
    from engine.estimators.replicates.pending_rows import Estimates

    return Estimates(completed=each)


def _estimates_of_imputation(task: Task, context: Context, number: int) -> Estimates:
    """Return what a task estimates in one completed data set; a failure tells in which.

    Raises
    ------
    DataError, EstimationError
        If it has no estimate there.
    """
    try:
        return _estimates_of_one(task, context)
    except (DataError, EstimationError) as error:
        kind = DataError if isinstance(error, DataError) else EstimationError
        raise kind(f"in imputation {number}: {error}") from None


def _estimates_of_one(task: Task, context: Context) -> Estimates:
    seen = context.columns.where(task.analysis.where).of_waves(task.waves)
    return KINDS[task.analysis.kind].estimate(task.analysis, replace(context, columns=seen))


def _with_normal_interval(analysis: AnalysisSpec) -> AnalysisSpec:
    """Return an analysis whose replicates make errors: quantiles of replicates cannot be pooled."""
    bootstrap = bootstrap_of(analysis)
    if bootstrap is None:
        return analysis
    return analysis.model_copy(update={"bootstrap": bootstrap.model_copy(update={"interval": ("normal",)})})


def tasks_of(spec: StudySpec, waves: Sequence[str]) -> tuple[Task, ...]:
    """Return the tasks of a study whose data hold these waves, in the order of its results.

    Those that name other waves, or need waves where there are none, fail when they are run.
    """
    return tuple(task for analysis in spec.analysis for task in _tasks(analysis, waves))


def refuse_absent_waves(task: Task, waves: Sequence[str]) -> None:
    """Refuse an analysis of waves that the data do not hold, or by wave where no record has one.

    Raises
    ------
    DataError
        With the wave that is not there.
    """
    analysis = task.analysis
    by_wave = analysis.waves == "each" or "wave" in getattr(analysis, "by", ())
    if by_wave and task.waves is None and not waves:
        place = f"analysis '{analysis.name}'"
        found = "no record of the sample has a wave"
        raise DataError(Fault(place, found, "waves to compare", "Correct source.wave, or the file."))
    for wave in absent_waves(task, waves):
        place = f"analysis '{analysis.name}', waves"
        found = f"found '{wave}', which no record of the sample has"
        raise DataError(Fault(place, found, "waves of the data", nearest(wave, [*waves])))


def absent_waves(task: Task, waves: Sequence[str]) -> tuple[str, ...]:
    """Return the waves a task needs that the data do not hold."""
    return tuple(wave for wave in task.waves or () if wave not in waves)


def _tasks(analysis: AnalysisSpec, waves: Sequence[str]) -> Iterator[Task]:
    if analysis.waves == "all":
        yield Task(analysis=analysis)
    elif analysis.waves == "each" and not waves:
        yield Task(analysis=analysis)  # it fails, and says why
    elif analysis.waves == "each":
        alone = analysis.model_copy(update={"by": tuple(name for name in analysis.by if name != "wave")})
        for wave in waves:
            yield Task(analysis=alone, waves=(wave,), is_one_of_each=True)
    else:
        yield Task(analysis=analysis, waves=analysis.waves)
