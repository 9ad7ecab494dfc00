"""Recomputes what a run published, from its manifest, and compares bits."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from engine.batch.method import method_version
from engine.batch.reporter import Reporter
from engine.batch.run import is_simulated, make_context, prepare, study_files, with_study
from engine.errors import DataError, UsageError, nearest
from engine.results import TidyRow, to_frame
from engine.store.layout import Store
from engine.store.run_directory import RESULTS, StoredRun, read_run
from engine.study import StudySpec
from engine.study.load import stored_study, study_hash

if TYPE_CHECKING:
    import polars as pl

    from engine.data.panel import Panel
    from engine.data.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of it.

    Attributes
    ----------
    run
        The run.
    n_rows
        Rows that were computed again.
    faults
        What is not as it was published, in words; empty if every bit is.
    same_method
        Whether the methods that computed then and now are the same; otherwise last bits may differ.
    """

    run: Path
    n_rows: int
    faults: Sequence[str]
    same_method: bool


def verify(
    path: Path,
    data: Path | None = None,
    *,
    only: str | None = None,
    threads: int | None = None,
    reporter: Reporter | None = None,
) -> Verification:
    """Recompute a run, or one of its analyses, and compare every bit.

    Parameters
    ----------
    path
        A run in a store, whose records the store holds, or any run directory with `data`.
    data
        The files of a run outside a store.
    only
        Name of the one analysis to compute again.
    threads
        How many; the results do not depend on it.
    reporter
        Told of progress.

    Raises
    ------
    UsageError, DataError
        If the run cannot be read, or its records are not there any more.
    """
    run = read_run(path)
    spec = stored_study(run.manifest["study"]["asked"])
    names = [analysis.name for analysis in spec.analysis]
    if only is not None and only not in names:
        raise UsageError(
            f"--only '{only}': no such analysis in this run; expected one of it. {nearest(only, names)}"
        )
    faults = [*_integrity(run, spec)]
    with TemporaryDirectory(prefix="equirank-") as scratch:
        if data is None:
            panel, sample, changed = _stored(run, spec, Path(scratch), threads)
            faults += changed
        else:
            panel, sample = _read(run, spec, data, Path(scratch), threads, reporter or Reporter())
        checked = _again(run, spec, panel, sample, only, threads, reporter or Reporter())
        n_rows = 0
        for name, waves, found in checked:
            n_rows += found.height
            was = run.results.filter(run.results["analysis"] == name)
            faults += [
                *_differences(name, was if waves is None else was.filter(was["wave"].is_in(waves)), found)
            ]
    same_method = run.manifest["method"] == method_version()
    return Verification(run=path, n_rows=n_rows, faults=faults, same_method=same_method)


def _integrity(run: StoredRun, spec: StudySpec) -> Iterator[str]:
    if hashlib.sha256((run.path / RESULTS).read_bytes()).hexdigest() != run.manifest["results_sha256"]:
        yield f"{RESULTS} is not the file that was published"
    if study_hash(spec) != run.manifest["study"]["sha256"]:
        yield "the study in the manifest is not the one that was asked"


def _stored(
    run: StoredRun, spec: StudySpec, scratch: Path, threads: int | None
) -> tuple[Panel, Sample, list[str]]:
    """Return panel and sample from the parts of the store, and which of these have changed."""
    from engine.data.digests import part_contents
    from engine.data.panel import whole_panel
    from engine.data.part import read_part
    from engine.data.sample import draw_sample

    if "files" not in run.manifest:
        raise UsageError(
            f"{run.path}: is no run of a store; expected --data with the files it read. Give it."
        )
    store = Store(root=run.path.resolve().parents[1])
    parts, faults = [], []
    for file in run.manifest["files"]:
        if file["used"] is None:
            continue
        part = read_part(store.parts / file["used"]["part"])
        if part is None:
            raise DataError(
                f"{file['file']}: the store does not hold the records of this run any more; expected those of the "
                "current one. Only the current run can be computed again."
            )
        if part_contents(part.records, store.salt) != file["used"]["contents"]:
            faults.append(f"{file['file']}: the stored records are not those that were read")
        parts.append(part)
    panel = whole_panel(parts)
    return panel, draw_sample(spec, panel, scratch, threads), faults


def _read(
    run: StoredRun, spec: StudySpec, data: Path, scratch: Path, threads: int | None, reporter: Reporter
) -> tuple[Panel, Sample]:
    panel, sample = prepare(spec, study_files(spec, Path.cwd(), data), scratch, threads, reporter)
    was = [source["sha256"] for source in run.manifest["sources"]]
    for source in panel.sources:
        if source["sha256"] not in was:
            raise DataError(
                f"{source['file']}: is not the file that the run has read; expected the same bytes. Give that version."
            )
    return panel, sample


def _again(
    run: StoredRun,
    spec: StudySpec,
    panel: Panel,
    sample: Sample,
    only: str | None,
    threads: int | None,
    reporter: Reporter,
) -> Iterator[tuple[str, list[str] | None, pl.DataFrame]]:
    """Yield each analysis with its rows as they are computed now; of some waves alone, if others failed that night."""
    from engine.batch.kinds import run_task
    from engine.batch.tasks import possible_tasks

    context = make_context(spec, panel, sample, threads, reporter)
    old = {task["name"] for task in run.manifest.get("tasks", ()) if task["state"] in ("failed", "waiting")}
    tasks = [task for task in possible_tasks(spec, context.reader.waves) if task.name not in old]
    for analysis in spec.analysis:
        own = [task for task in tasks if task.analysis.name == analysis.name]
        if own and only in (None, analysis.name):
            reporter.start_analysis(analysis.name)
            rows: list[TidyRow] = []
            for task in own:
                rows += task.rows(run_task(task, context))
            waves = [task.waves[0] for task in own if task.waves] if own[0].is_one_of_each else None
            yield (
                analysis.name,
                waves,
                to_frame(with_study(rows, spec, simulated=is_simulated(panel) or _simulated(run))),
            )


def _simulated(run: StoredRun) -> bool:
    return bool(run.manifest["simulated"])


def _differences(name: str, was: pl.DataFrame, now: pl.DataFrame) -> Iterator[str]:
    if _bits(was) == _bits(now):
        return
    if was.height != now.height:
        yield f"{name}: {was.height} rows were published, {now.height} are computed now"
        return
    for number, (one, other) in enumerate(
        zip(was.iter_rows(named=True), now.iter_rows(named=True), strict=True), 1
    ):
        columns = [column for column in one if one[column] != other[column]]
        if columns:
            yield f"{name}, row {number} ({one['measure']}, {one['method']}): {', '.join(columns)} differ"


def _bits(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(buffer, statistics=False)
    return buffer.getvalue()


def as_dict(found: Verification) -> Mapping[str, Any]:
    """Return a verification for JSON."""
    return {
        "run": str(found.run),
        "rows": found.n_rows,
        "faults": [*found.faults],
        "same_method": found.same_method,
    }
