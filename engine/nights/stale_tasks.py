"""Which tasks of a study see other inputs than before, and must be computed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.batch.tasks import Task, absent_waves, tasks_of
from engine.data.sample_reader import sort_waves
from engine.nights.task_keys import TaskKey, task_key
from engine.store.layout import Store
from engine.store.ledger import FAILED, REUSED, WAITING, FileEntry, TaskEntry
from engine.study import StudySpec

NEW, LOST = "new", "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlan:
    """A task, its inputs, its entry if nothing has to be computed, and otherwise why it must be."""

    task: Task
    key: TaskKey
    entry: TaskEntry | None
    why: str


def plan_tasks(
    spec: StudySpec, files: Sequence[FileEntry], store: Store, before: Mapping[str, TaskEntry]
) -> list[TaskPlan]:
    """Return each task of the study on these files, with its entry or the reason to compute it.

    Parameters
    ----------
    spec
        The study.
    files
        Entries of the inbox; those with a version stand behind the results.
    store
        Holds the rows of earlier tasks.
    before
        Entries of the current run by name.
    """
    versions = [entry.version for entry in files if entry.version is not None]
    waves = sort_waves(sorted({wave for version in versions for wave in version.sample}))
    contents = [version.contents for version in versions]
    plans = []
    for task in tasks_of(spec, waves):
        if not versions and task.analysis.waves == "each":
            continue  # its waves are known when a file has been read
        key = task_key(spec, task, contents)
        entry, why = _state(task, key, waves, store, before.get(task.name))
        plans.append(TaskPlan(task=task, key=key, entry=entry, why=why))
    return plans


def _state(
    task: Task, key: TaskKey, waves: Sequence[str], store: Store, known: TaskEntry | None
) -> tuple[TaskEntry | None, str]:
    """Return the entry of a task that need not be computed, else None; and why."""
    absent = absent_waves(task, waves)
    if absent:
        why = f"wave {', '.join(absent)} is not there yet"
        return _waiting(task, key, why), why
    if known is None:
        return None, NEW
    if known.wanted != key.key:
        return None, ", ".join(key.differs_from(known.inputs))
    has_rows = known.key is not None and _sha256(store.tasks / f"{known.key}.parquet") == known.sha256
    if known.state == FAILED:
        return known if has_rows else replace(known, key=None, sha256=None), known.why
    if not has_rows:
        return None, LOST
    return replace(known, state=REUSED, why=""), ""


def _waiting(task: Task, key: TaskKey, why: str) -> TaskEntry:
    return TaskEntry(
        name=task.name,
        state=WAITING,
        why=why,
        key=None,
        wanted=key.key,
        inputs=key.as_dict(),
        sha256=None,
    )


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
