"""Recomputes what a run published, from its manifest, and compares bits."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from engine.batch.calibrating import calibrate
from engine.batch.context import make_context, read_sample
from engine.batch.method import method_version
from engine.batch.released import rows_of_run
from engine.batch.reporter import Reporter
from engine.batch.request import study_files
from engine.batch.run import is_simulated, with_study
from engine.batch.tasks import run_tasks, tasks_of
from engine.data.digests import part_contents
from engine.data.foreign_cells import refuse_foreign_cells
from engine.data.panel import whole_panel
from engine.data.part import read_part
from engine.data.sample import draw_sample
from engine.data.shared_cells import unpack_cells
from engine.disclosure.release import as_told
from engine.errors import DataError, Fault, UsageError, nearest
from engine.results import to_frame
from engine.store.layout import Store
from engine.store.ledger import file_entries
from engine.store.run_directory import RESULTS, StoredRun, read_run
from engine.study.load import study_from_dict, study_hash

if TYPE_CHECKING:
    import polars as pl

    from engine.batch.context import Context
    from engine.data.panel import Panel
    from engine.study import StudySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of computing a run again.

    Attributes
    ----------
    run
        The run.
    n_rows
        Rows that were computed again.
    faults
        What differs from what was published, in words; empty if every bit is the same.
    same_method
        Whether the same methods computed then and now; otherwise last bits may differ.
    """

    run: Path
    n_rows: int
    faults: Sequence[str]
    same_method: bool

    def as_dict(self) -> Mapping[str, Any]:
        """Return the verification for JSON."""
        return {
            "run": str(self.run),
            "rows": self.n_rows,
            "faults": [*self.faults],
            "same_method": self.same_method,
        }


def verify(
    path: Path,
    data: Path | None = None,
    *,
    only: str | None = None,
    cells: Sequence[Path] = (),
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
    cells
        The files of cells of a run that was computed from such files.
    threads
        How many; the results do not depend on it.
    reporter
        Hears of progress.

    Raises
    ------
    UsageError, DataError
        If the run cannot be read, or its records are no longer there.
    """
    run, reporter = read_run(path), reporter or Reporter()
    _refuse_held_back(run)
    spec = study_from_dict(run.manifest["study"]["asked"])
    names = [analysis.name for analysis in spec.analysis]
    if only is not None and only not in names:
        raise UsageError(
            f"--only '{only}': no such analysis in this run; expected one of it. {nearest(only, names)}"
        )
    same_method = run.manifest["method"] == method_version()
    faults = [*_integrity(run, spec if same_method else None)]
    with TemporaryDirectory(prefix="equirank-") as scratch:
        if cells:
            refuse_foreign_cells(cells)
            panel = unpack_cells(cells, Path(scratch))
            _refuse_other_files(run, panel)
            sample = draw_sample(spec, panel, Path(scratch), threads)
        elif data is None:
            panel, changed = _panel_of_store(run)
            panel = calibrate(spec, panel, Path(scratch))
            sample = draw_sample(spec, panel, Path(scratch), threads)
            faults += changed
        else:
            files = study_files(spec, Path.cwd(), data)
            panel, sample = read_sample(spec, files, Path(scratch), threads, reporter)
            _refuse_other_files(run, panel)
        context = make_context(spec, panel, sample, threads, reporter)
        simulated = is_simulated(panel) or bool(run.manifest["simulated"])
        n_rows = 0
        for name, waves, now in _computed_again(run, context, only, simulated=simulated):
            n_rows += now.height
            before = run.results.filter(run.results["analysis"] == name)
            if waves is not None:
                before = before.filter(before["wave"].is_in(waves))
            # An older format has no degrees of freedom of Student's t: what it never held cannot differ.
            columns = run.written_columns
            faults += _differences(name, before.select(columns), now.select(columns))
    return Verification(run=path, n_rows=n_rows, faults=faults, same_method=same_method)


def _refuse_held_back(run: StoredRun) -> None:
    if (run.manifest.get("disclosure") or {}).get("held_back"):
        found = "its numbers are those of an earlier run: few people made the difference"
        raise UsageError(
            Fault(str(run.path), found, "a run with numbers of its own", "Verify the earlier run.")
        )


def _integrity(run: StoredRun, spec: StudySpec | None) -> Iterator[str]:
    """Yield what is not as it was published; without a study, as another version may know other keys."""
    if hashlib.sha256((run.path / RESULTS).read_bytes()).hexdigest() != run.manifest["results_sha256"]:
        yield f"{RESULTS} is not the file that was published"
    if spec is not None and study_hash(spec) != run.manifest["study"]["sha256"]:
        yield "the study in the manifest is not the one that was run"


def _panel_of_store(run: StoredRun) -> tuple[Panel, list[str]]:
    """Return the panel of the parts in the store of a run, and which of these have changed."""
    if "files" not in run.manifest:
        raise UsageError(
            f"{run.path}: is no run of a store; expected --data or --cells with the files it read. Give them."
        )
    store = Store(root=run.path.resolve().parents[1])
    parts, faults = [], []
    for file in file_entries(run.manifest).values():
        if file.version is None:
            continue
        part = read_part(store.parts / file.version.part)
        if part is None:
            raise DataError(
                f"{file.file}: the store no longer holds the records of this run; expected those of the "
                "current run. Only the current run can be computed again."
            )
        if part_contents(part.records, store.salt) != file.version.contents:
            faults.append(f"{file.file}: the stored records are not those that were read")
        parts.append(part)
    return whole_panel(parts), faults


def _refuse_other_files(run: StoredRun, panel: Panel) -> None:
    read = [source["sha256"] for source in run.manifest["sources"]]
    for source in panel.all_sources:
        if source["sha256"] not in read:
            raise DataError(
                f"{source['file']}: is not the file that the run has read; expected the same bytes. Give "
                "that version."
            )


def _computed_again(
    run: StoredRun, context: Context, only: str | None, *, simulated: bool
) -> Iterator[tuple[str, list[str] | None, pl.DataFrame]]:
    """Yield each analysis with its rows as they are computed now.

    A task that failed or waited in the night of the run published nothing of its own; of an analysis by wave,
    the waves of the other tasks are yielded, otherwise None.
    """
    idle = {task["name"] for task in run.manifest.get("tasks", ()) if task["state"] in ("failed", "waiting")}
    tasks = [task for task in tasks_of(context.spec, context.columns.waves) if task.name not in idle]
    for analysis in context.spec.analysis:
        of_analysis = [task for task in tasks if task.analysis.name == analysis.name]
        if of_analysis and only in (None, analysis.name):
            rows = [row for result in run_tasks(of_analysis, context) for row in result.rows()]
            waves = [task.waves[0] for task in of_analysis if task.waves]
            by_wave = waves if of_analysis[0].is_one_of_each else None
            again = with_study(rows, context.spec, simulated=simulated)
            published = [
                row
                for row in rows_of_run(run)
                if row.analysis == analysis.name and (by_wave is None or row.wave in by_wave)
            ]
            yield analysis.name, by_wave, to_frame(as_told(again, published, context.spec))


def _differences(name: str, before: pl.DataFrame, now: pl.DataFrame) -> Iterator[str]:
    if _bits(before) == _bits(now):
        return
    if before.height != now.height:
        yield f"{name}: {before.height} rows were published, {now.height} are computed now"
        return
    pairs = zip(before.iter_rows(named=True), now.iter_rows(named=True), strict=True)
    for number, (published, computed) in enumerate(pairs, start=1):
        columns = [column for column in published if published[column] != computed[column]]
        if columns:
            what = f"{published['measure']}, {published['method']}"
            yield f"{name}, row {number} ({what}): {', '.join(columns)} differ"


def _bits(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(buffer, statistics=False)
    return buffer.getvalue()
