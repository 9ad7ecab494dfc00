"""Executes a study: files -> panel -> sample -> analyses -> a run directory."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from engine.batch.compiling import Aside, compiling_aside
from engine.batch.reporter import Reporter
from engine.errors import UsageError, nearest
from engine.results import TidyRow, to_frame
from engine.study import AnalysisSpec, StudySpec, load_study
from engine.study.analyses import REPLICATED, least_replicates
from engine.study.load import study_path, study_seed

if TYPE_CHECKING:
    import polars as pl

    from engine.batch.kinds import Context
    from engine.data.panel import Panel
    from engine.data.sample import Sample
    from engine.data.source_file import SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run.

    Attributes
    ----------
    path
        The run directory.
    rows
        The tidy rows.
    manifest
        Study and source hashes, versions, seed, row counts, timings and warnings.
    """

    path: Path
    rows: tuple[TidyRow, ...]
    manifest: Mapping[str, Any]

    def to_frame(self) -> pl.DataFrame:
        """Return the tidy rows as a Polars frame."""
        return to_frame(self.rows)


def run(
    study: str | Path | StudySpec,
    data: str | Path | None = None,
    out: str | Path | None = None,
    *,
    replicates: int | None = None,
    threads: int | None = None,
    seed: int | None = None,
    only: str | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Run a study and write its run directory.

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
    reporter
        Told of progress.

    Returns
    -------
    RunResult
        Path, tidy rows and manifest.

    Raises
    ------
    StudyError, DataError, EstimationError, UsageError
        Each with place, finding, expectation and remedy; nothing is written then.
    """
    started = time.perf_counter()
    asked = ask(study, None if data is None else Path(data), replicates=replicates, seed=seed, only=only)
    spec = asked.spec
    target = Path(out) if out is not None else default_target(spec.study.name)
    reporter = reporter or Reporter()
    from engine.store.run_directory import new_run, write_run

    with new_run(target, spec.study.name) as folder, compiling_aside(spec) as aside:
        with TemporaryDirectory(prefix="equirank-") as scratch:
            panel, sample = prepare(spec, asked.files(), Path(scratch), threads, reporter)
            read = time.perf_counter() - started
            rows, timings, left_out = _analyse(spec, panel, sample, threads, reporter, aside)
        simulated = is_simulated(panel)
        rows = with_study(rows, spec, simulated=simulated)
        from engine.batch.manifest import make_manifest

        manifest = make_manifest(
            spec,
            panel,
            sample,
            rows,
            simulated=simulated,
            left_out=left_out if reporter.interrupted else None,
            timings={"read": read, **timings, "total": time.perf_counter() - started},
        )
        write_run(folder, to_frame(rows), manifest, scorecard_of(spec, rows, simulated=manifest["simulated"]))
    return RunResult(path=target, rows=rows, manifest=manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A study as it will be run, and where its files are."""

    spec: StudySpec
    base: Path
    data: Path | None

    def files(self) -> tuple[SourceFile, ...]:
        """Return the data files."""
        return study_files(self.spec, self.base, self.data)


def ask(
    study: str | Path | StudySpec,
    data: Path | None,
    *,
    replicates: int | None,
    seed: int | None,
    only: str | None,
) -> Asked:
    """Load a study and put what the command line says in the place of what it says.

    A study of a built-in panel is another one on a folder of the survey's own files.
    """
    spec = study if isinstance(study, StudySpec) else load_study(study)
    if spec.source.layout is not None and data is not None and data.is_dir():
        spec = load_study(spec.source.layout).model_copy(update={"study": spec.study})
    base = Path.cwd() if isinstance(study, StudySpec) else study_path(study).parent
    return Asked(spec=_overridden(spec, replicates=replicates, seed=seed, only=only), base=base, data=data)


def study_files(spec: StudySpec, base: Path, data: Path | None) -> tuple[SourceFile, ...]:
    """Return the data files of a study, or of ``--data``."""
    from engine.data.source_paths import source_files

    if data is None and spec.source.builtin is not None and spec.source.path is None:
        from engine.batch.builtin import builtin_file

        return (builtin_file(spec.source.builtin),)
    files = source_files(spec, base, data)
    folder = base if data is None else data if data.is_dir() else data.parent
    places = tuple(folder / merge.path for merge in spec.source.merge)
    return tuple(replace(file, places=places) for file in files)


def prepare(
    spec: StudySpec, files: Sequence[SourceFile], scratch: Path, threads: int | None, reporter: Reporter
) -> tuple[Panel, Sample]:
    """Build or reuse the harmonised panel and draw the sample from it."""
    from engine.data.panel import build_panel
    from engine.data.sample import draw_sample

    reporter.start_reading(len(files))
    panel = build_panel(spec, files, reporter.read)
    return panel, draw_sample(spec, panel, scratch, threads)


def _analyse(
    spec: StudySpec, panel: Panel, sample: Sample, threads: int | None, reporter: Reporter, aside: Aside
) -> tuple[tuple[TidyRow, ...], dict[str, float], tuple[str, ...]]:
    """Return the rows, the seconds of each task, and the names of those that an interrupt left out."""
    from engine.batch.kinds import run_task
    from engine.batch.tasks import tasks_of

    context = make_context(spec, panel, sample, threads, reporter)
    tasks = tasks_of(spec, context.reader.waves)
    reporter.start_analyses(len(tasks), sum(planned_replicates(task.analysis) for task in tasks))
    rows: list[TidyRow] = []
    timings: dict[str, float] = {}
    for number, task in enumerate(tasks):
        began = time.perf_counter()
        try:
            reporter.start_analysis(task.name)
            aside.wait(task.analysis.name)
            found = run_task(task, context)
        except (KeyboardInterrupt, SystemError):
            # Compiled code that is interrupted while it takes its arguments ends in a SystemError.
            if not (reporter.keeps and reporter.interrupted and rows):
                raise
            return tuple(rows), timings, tuple(other.name for other in tasks[number:])
        rows += task.rows(found)
        timings[f"analysis {task.name}"] = time.perf_counter() - began
        if reporter.keeps and reporter.interrupted:
            return tuple(rows), timings, tuple(other.name for other in tasks[number + 1 :])
    return tuple(rows), timings, ()


def make_context(
    spec: StudySpec, panel: Panel, sample: Sample, threads: int | None, reporter: Reporter
) -> Context:
    """Return what the tasks of a study may use."""
    from engine.batch.kinds import Context
    from engine.data.sample_reader import SampleReader

    return Context(
        spec=spec,
        reader=SampleReader(spec, sample, panel),
        seed=study_seed(spec),
        threads=threads,
        reporter=reporter,
    )


def planned_replicates(analysis: AnalysisSpec) -> int:
    """Return how many replicates an analysis asks for."""
    return analysis.bootstrap.replicates if isinstance(analysis, REPLICATED) and analysis.bootstrap else 0


def _overridden(spec: StudySpec, *, replicates: int | None, seed: int | None, only: str | None) -> StudySpec:
    """Return a study with what the command line says instead.

    Raises
    ------
    UsageError
        If there is no such analysis, or there are too few replicates.
    """
    analyses = spec.analysis
    if only is not None:
        analyses = tuple(analysis for analysis in analyses if analysis.name == only)
        if not analyses:
            names = [analysis.name for analysis in spec.analysis]
            raise UsageError(
                f"--only '{only}': no such analysis; expected one of the study's. {nearest(only, names)}"
            )
    if replicates is not None:
        for analysis in analyses:
            if isinstance(analysis, REPLICATED) and analysis.bootstrap is not None:
                refuse_too_few(replicates, analysis.bootstrap.interval, analysis.conf_level)
        analyses = tuple(
            analysis.model_copy(
                update={"bootstrap": analysis.bootstrap.model_copy(update={"replicates": replicates})}
            )
            if isinstance(analysis, REPLICATED) and analysis.bootstrap is not None
            else analysis
            for analysis in analyses
        )
    info = spec.study if seed is None else spec.study.model_copy(update={"seed": seed})
    return spec.model_copy(update={"analysis": analyses, "study": info})


def refuse_too_few(replicates: int, intervals: tuple[str, ...], conf_level: float) -> None:
    """Refuse fewer replicates than an interval needs; 0 means none at all.

    Raises
    ------
    UsageError
        With the smallest number.
    """
    least = least_replicates(intervals, conf_level)
    if not isinstance(replicates, int) or replicates < 0 or 0 < replicates < least:
        wanted = " or ".join(intervals)
        raise UsageError(
            f"replicates: found {replicates!r}; expected 0, or at least {least} for a {wanted} interval of "
            f"{100 * conf_level:g} %. Ask for 1,000 or more."
        )


def is_simulated(panel: Panel) -> bool:
    """Whether a source file says that nobody in it is real."""
    return any(source["simulated"] for source in panel.sources)


def with_study(rows: Iterable[TidyRow], spec: StudySpec, *, simulated: bool) -> tuple[TidyRow, ...]:
    """Return the rows with the name of the study, which says so where nobody is real."""
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
