"""The night job: takes in what is new, computes what it touches, publishes the whole or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from engine.batch.reporter import Reporter
from engine.durable import is_disk_error, remove_folder
from engine.errors import StoreError
from engine.nights.inbox import look_into
from engine.nights.judge import take_in
from engine.nights.late import late_waves
from engine.nights.night import (
    EventLog,
    Night,
    NightJob,
    NightOptions,
    night_study,
    refuse_other_study,
    study_place,
)
from engine.nights.stale_files import plan_files
from engine.nights.stale_tasks import TaskPlan, plan_tasks
from engine.store.layout import DAMAGED, writing
from engine.store.ledger import FileEntry, file_entries, signature, task_entries
from engine.store.run_damage import set_damaged_runs_aside
from engine.study.load import study_hash

if TYPE_CHECKING:
    from engine.data.panel import Panel
    from engine.nights.publish import NewRun


class _DamagedPart(Exception):  # noqa: N818 - handled here
    """A part of the store is not what was written; its file is read again."""


def _ignore(_event: str, **_facts: object) -> None:
    """Hear of an event and ignore it."""


def refresh(
    study: str | Path,
    inbox: Path,
    root: Path,
    *,
    options: NightOptions | None = None,
    reporter: Reporter | None = None,
    log: EventLog = _ignore,
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
    options
        Threads, timeout, runs to keep, revisions to accept.
    reporter, log
        Hear of progress, and of events with their facts.

    Raises
    ------
    StudyError, UsageError, DataError, LockedError, StoreError
        Nothing that was published before is touched then.
    """
    spec = night_study(study)
    places = {"study": study_place(study), "inbox": str(inbox.resolve())}
    options = options or NightOptions()
    with writing(root) as store, _spilling_into(store.work), _disk_errors_as_such(root):
        job = NightJob(
            spec=spec,
            store=store,
            places=places,
            options=options,
            reporter=reporter or Reporter(),
            log=log,
        )
        notes = _set_runs_aside(job, all_runs=False)
        try:
            night = _night(job, inbox)
        except _DamagedPart:
            night = _night(job, inbox)
        notes += _tidy(job, night)
        return replace(night, notes=[*notes, *night.notes])


def _set_runs_aside(job: NightJob, *, all_runs: bool) -> list[str]:
    """Move damaged runs out of the way, and return what a reader must know of them."""
    notes = []
    for name, damage in set_damaged_runs_aside(job.store, all_runs=all_runs).items():
        job.log("damaged", run=name, why=damage)
        notes.append(f"run {name} is damaged ({damage}); it was set aside in {job.store.root / DAMAGED}")
    return notes


@contextmanager
def _disk_errors_as_such(root: Path) -> Iterator[None]:
    """Raise a StoreError for a full or broken disk, whichever library met it."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        if not is_disk_error(error):
            raise
        raise StoreError(
            f"--store {root}: the disk refuses what is written; expected a disk that works and has room. "
            "What was published before is untouched; make room."
        ) from None


@contextmanager
def _spilling_into(folder: Path) -> Iterator[None]:
    """Put temporary files of this process, which may hold microdata, where the next night removes them."""
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _night(job: NightJob, inbox: Path) -> Night:
    store, current = job.store, job.store.current()
    refuse_other_study(job.spec, current)
    before = file_entries(current)
    job.reporter.start_step("looking at the inbox")
    contents = look_into(job.spec, inbox)
    plans = plan_files(job.spec, contents, store, before, accept_revision=job.options.accept_revision)
    files = take_in(job, plans, contents, before)
    tasks = plan_tasks(job.spec, files, store, task_entries(current))
    late = late_waves(job.spec, files)
    night = Night(
        run=store.newest,
        is_new=False,
        files=files,
        tasks=[],
        withdrawn=[
            name for name, entry in before.items() if entry.version is not None and name not in contents.names
        ],
        growing=contents.growing,
        notes=(*contents.notes, *late),
        strays=(*contents.strays, *late),
    )
    return _computed(job, night, tasks, current) if any(file.version for file in files) else night


def _computed(
    job: NightJob, night: Night, plans: Sequence[TaskPlan], current: Mapping[str, Any] | None
) -> Night:
    """Compute and publish what differs from the current run, if anything does."""
    known = [plan.entry for plan in plans if plan.entry is not None]
    if len(known) == len(plans) and current is not None:
        same = signature(study_hash(job.spec), job.places, night.files, known)
        if current["signature"] == same:
            return replace(night, tasks=known)
    from engine.nights.publish import publish

    night, new = _new_run(job, night, plans, current)
    run, differences = publish(job, night, new)
    return replace(night, run=run, is_new=True, differences=differences)


def _new_run(
    job: NightJob, night: Night, plans: Sequence[TaskPlan], current: Mapping[str, Any] | None
) -> tuple[Night, NewRun]:
    """Compute stale tasks, and return the night with its tasks and the run of all rows."""
    from engine.batch.calibrating import calibrate
    from engine.batch.manifest import make_manifest
    from engine.batch.method import method_version
    from engine.batch.run import is_simulated, with_study
    from engine.data.sample import draw_sample
    from engine.nights.compute import compute_tasks, rows_of
    from engine.nights.publish import NewRun

    spec, store = job.spec, job.store
    if current is not None and current["method"] != method_version():
        job.log("new version", why="the methods or a library have changed: every analysis is computed again")
    job.reporter.start_step("drawing the sample")
    panel = _checked_panel(job, night.files)
    with TemporaryDirectory(dir=store.work) as scratch:
        panel = calibrate(spec, panel, Path(scratch))
        sample = draw_sample(spec, panel, Path(scratch), job.options.threads)
        tasks = compute_tasks(job, plans, panel, sample, task_entries(current))
        simulated = is_simulated(panel)
        rows = with_study(rows_of(tasks, store, spec), spec, simulated=simulated)
        manifest = make_manifest(spec, panel, sample, (), simulated=simulated, left_out=None, seconds={})
    return replace(night, tasks=tasks), NewRun(rows=rows, manifest=manifest)


def _checked_panel(job: NightJob, files: Sequence[FileEntry]) -> Panel:
    """Return the parts behind the results; each is compared with its hash before its records are read.

    Readers do not notice a flipped bit. A part that is not read, because all that is asked about it is known,
    is not compared.
    """
    from engine.data.panel import whole_panel
    from engine.data.part import read_part

    versions = [file.version for file in files if file.version is not None]
    parts = [read_part(job.store.parts / version.part) for version in versions]
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        _remove_damaged(job, files)
    intact: set[str] = set()

    def compare(records: str) -> None:
        if records in intact:
            return
        if not next(part for part in whole if str(part.records) == records).is_intact:
            _remove_damaged(job, files)
        intact.add(records)

    return replace(whole_panel(whole), before_reading=compare)


def _remove_damaged(job: NightJob, files: Sequence[FileEntry]) -> None:
    """Remove every part that is not what was written, and raise `_DamagedPart`."""
    from engine.data.part import read_part

    for file in files:
        if file.version is None:
            continue
        folder = job.store.parts / file.version.part
        part = read_part(folder)
        if part is None or not part.is_intact:
            job.log("damaged", file=file.file)
            if folder.exists():
                remove_folder(folder, job.store.work)
    raise _DamagedPart


def _tidy(job: NightJob, night: Night) -> list[str]:
    """Remove old runs, and parts and rows that are not behind the current run; bring the catalog up to date.

    Parts are microdata: those of a wave that was withdrawn or replaced do not stay. Returns what a reader
    must know of damaged runs.
    """
    from engine.nights.catalog import is_current, rebuild

    store = job.store
    for run in store.runs[: -max(job.options.keep_runs, 1)]:
        remove_folder(run, store.work)
    parts = {file.version.part for file in night.files if file.version is not None}
    if night.run is not None and not parts:
        return []  # the run that stays rests on files that have left the inbox
    for folder in store.parts.iterdir():
        if folder.name not in parts:
            remove_folder(folder, store.work)
    rows = {f"{task.key}.parquet" for task in night.tasks}
    for path in store.tasks.iterdir():
        if path.name not in rows:
            path.unlink()
    if night.run is None or (is_current(store) and not night.is_new):
        return []
    notes = _set_runs_aside(job, all_runs=True)
    rebuild(store)
    return notes
