"""The night job: takes in what is new, computes what it touches, publishes the whole or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from engine.batch.reporter import Reporter
from engine.durable import is_disk_error, remove_folder
from engine.errors import DataError, EstimationError, StoreError
from engine.nights.inbox import look_into
from engine.nights.judge import Tell, take_in
from engine.nights.ledger import (
    FAILED,
    QUARANTINED,
    FileEntry,
    TaskEntry,
    files_of,
    signature,
    tasks_of_manifest,
)
from engine.nights.staleness import (
    TaskPlan,
    night_study,
    plan_files,
    plan_tasks,
    refuse_other_study,
    study_file,
)
from engine.store.layout import Store, writing
from engine.study import StudySpec
from engine.study.load import study_hash

if TYPE_CHECKING:
    from engine.data.part import Part
    from engine.store.compare import Differences

KEPT_RUNS = 400
READING_TIMEOUT = 3600.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a refresh has done.

    Attributes
    ----------
    run
        The current run, None while there is none.
    is_new
        Whether it was published tonight.
    files, tasks
        What is known of each now.
    withdrawn
        Files behind the run before that have gone.
    growing, notes
        Files that are still being written, and what was passed over.
    differences
        From the run before; None without a new run or an earlier one.
    """

    run: Path | None
    is_new: bool
    files: Sequence[FileEntry]
    tasks: Sequence[TaskEntry]
    withdrawn: Sequence[str] = ()
    growing: Sequence[str] = ()
    notes: Sequence[str] = ()
    differences: Differences | None = field(default=None)

    @property
    def exit_code(self) -> int:
        """0, 12 if an analysis failed, else 11 if a file is in quarantine."""
        if any(task.state == FAILED for task in self.tasks):
            return EstimationError.exit_code
        return DataError.exit_code if any(file.state == QUARANTINED for file in self.files) else 0


class _Damaged(Exception):  # noqa: N818 - taken care of here
    """A part of the store is not what was written; its file is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What a night works with."""

    spec: StudySpec
    store: Store
    places: Mapping[str, str]
    threads: int | None
    reporter: Reporter
    tell: Tell


def _quiet(_event: str, **_facts: object) -> None:
    """Hear of an event and ignore it."""


def refresh(
    study: str | Path,
    inbox: Path,
    root: Path,
    *,
    threads: int | None = None,
    accept_revision: bool = False,
    keep_runs: int = KEPT_RUNS,
    timeout: float = READING_TIMEOUT,
    reporter: Reporter | None = None,
    tell: Tell = _quiet,
) -> Night:
    """Bring the store of a study up to what lies in the inbox.

    Parameters
    ----------
    study
        A shipped name or the path of a study file.
    inbox
        The folder of wave files; nothing in it is changed.
    root
        The store, made if it is not there.
    threads
        How many; the results do not depend on it.
    accept_revision
        Take a version of a file that has lost more than a tenth of its rows.
    keep_runs
        How many of the newest runs stay; the current one always does.
    timeout
        Seconds that the reading of one file may take.
    reporter, tell
        Told of progress, and of events with their facts.

    Raises
    ------
    StudyError, UsageError, DataError, LockedError, StoreError
        Nothing that was published before is touched then.
    """
    spec = night_study(study)
    places = {"study": study_file(study), "inbox": str(inbox.resolve())}
    with writing(root) as store, _spilling_into(store.work), _blaming_the_disk(root):
        job = _Job(
            spec=spec, store=store, places=places, threads=threads, reporter=reporter or Reporter(), tell=tell
        )
        try:
            night = _night(job, inbox, accept_revision=accept_revision, timeout=timeout)
        except _Damaged:
            night = _night(job, inbox, accept_revision=accept_revision, timeout=timeout)
        _tidy(store, night, keep_runs)
        return night


@contextmanager
def _blaming_the_disk(root: Path) -> Iterator[None]:
    """Tell a full or broken disk as such, whichever library met it."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        if not is_disk_error(error):
            raise
        raise StoreError(
            f"--store {root}: the disk does not take what is written; expected room on a disk that works. What was "
            "published before is untouched; make room."
        ) from None


@contextmanager
def _spilling_into(folder: Path) -> Iterator[None]:
    """Let temporary files of this process, which may hold microdata, lie where the next night sweeps them up."""
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _night(job: _Job, inbox: Path, *, accept_revision: bool, timeout: float) -> Night:
    spec, store, current = job.spec, job.store, job.store.current()
    refuse_other_study(spec, current)
    before = files_of(current)
    seen = look_into(spec, inbox)
    plans = plan_files(spec, seen, store, before, accept_revision=accept_revision)
    files = take_in(
        spec, plans, seen, store, before, accept_revision=accept_revision, timeout=timeout, tell=job.tell
    )
    withdrawn = [name for name, entry in before.items() if entry.used and name not in seen.names]
    tasks = plan_tasks(spec, files, store, tasks_of_manifest(current))
    night = Night(
        run=store.newest,
        is_new=False,
        files=files,
        tasks=[],
        withdrawn=withdrawn,
        growing=seen.growing,
        notes=seen.notes,
    )
    return _computed(job, night, tasks, current) if any(file.used for file in files) else night


def _computed(job: _Job, night: Night, plans: Sequence[TaskPlan], current: Mapping[str, Any] | None) -> Night:
    """Compute and publish what is other than in the current run, if anything is."""
    spec, store = job.spec, job.store
    known = [plan.entry for plan in plans if plan.entry is not None]
    as_before = current is not None and current["signature"] == signature(
        study_hash(spec), job.places, night.files, known
    )
    if as_before and len(known) == len(plans):
        return replace(night, tasks=known)
    from engine.batch.manifest import make_manifest
    from engine.batch.run import is_simulated, with_study
    from engine.data.panel import whole_panel
    from engine.data.sample import draw_sample
    from engine.nights.compute import compute_tasks, rows_of
    from engine.nights.publish import publish

    panel = whole_panel(_intact_parts(job, night.files))
    with TemporaryDirectory(dir=store.work) as scratch:
        sample = draw_sample(spec, panel, Path(scratch), job.threads)
        tasks = compute_tasks(
            spec,
            plans,
            panel,
            sample,
            store,
            tasks_of_manifest(current),
            threads=job.threads,
            reporter=job.reporter,
            tell=job.tell,
        )
        simulated = is_simulated(panel)
        rows = with_study(rows_of(tasks, store), spec, simulated=simulated)
        manifest = make_manifest(spec, panel, sample, rows, simulated=simulated, left_out=None, timings={})
    run, differences = publish(spec, night.files, tasks, rows, {**manifest, "places": job.places}, store)
    return replace(night, run=run, is_new=True, tasks=tasks, differences=differences)


def _intact_parts(job: _Job, files: Sequence[FileEntry]) -> list[Part]:
    """Return the parts behind the results; no reader tells a flipped bit, so each is compared with its hash."""
    from engine.data.part import read_part

    parts, damaged = [], False
    for file in files:
        if file.used is None:
            continue
        folder = job.store.parts / file.used["part"]
        part = read_part(folder)
        if part is not None and part.is_intact:
            parts.append(part)
            continue
        damaged = True
        job.tell("damaged", file=file.file)
        if folder.exists():
            remove_folder(folder, job.store.work)
    if damaged:
        raise _Damaged
    return parts


def _tidy(store: Store, night: Night, keep_runs: int) -> None:
    """Remove old runs, and parts and rows that the current run does not rest on; bring the catalog up to date.

    Parts are microdata: those of a wave that was withdrawn or replaced do not stay.
    """
    from engine.nights.catalog import is_current, rebuild

    for run in store.runs[: -max(keep_runs, 1)]:
        remove_folder(run, store.work)
    parts = {file.used["part"] for file in night.files if file.used is not None}
    if night.run is not None and not parts:
        return  # the run that stays rests on what has gone from the inbox
    for folder in store.parts.iterdir():
        if folder.name not in parts:
            remove_folder(folder, store.work)
    rows = {f"{task.key}.parquet" for task in night.tasks}
    for path in store.tasks.iterdir():
        if path.name not in rows:
            path.unlink()
    if night.run is not None and (night.is_new or not is_current(store)):
        rebuild(store)
