"""What a night would do: which files are new, changed or gone, and which tasks see other inputs than before."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.batch.tasks import Task, absent_waves, possible_tasks
from engine.data.damage import checksum_text
from engine.data.part import file_request_hash, part_key, read_part
from engine.data.sample_reader import sort_waves
from engine.errors import DataError, UsageError
from engine.nights.inbox import Inbox, InboxFile, fingerprint
from engine.nights.ledger import (
    ACCEPTED,
    DUPLICATE,
    FAILED,
    QUARANTINED,
    REUSED,
    WAITING,
    FileEntry,
    TaskEntry,
)
from engine.nights.task_keys import TaskKey, task_key
from engine.store.layout import Store
from engine.study import StudySpec, load_study
from engine.study.load import study_path

NEW, CHANGED, AGAIN, LOST = "new", "changed", "again", "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """A complete file of the inbox: what is known of it, an earlier file of its content, and why it must be read."""

    file: InboxFile
    sha256: str | None
    asked: str
    reading: str
    before: FileEntry | None
    twin: str | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlan:
    """A task, its inputs, its entry if nothing has to be computed, and otherwise why it must be."""

    task: Task
    key: TaskKey
    entry: TaskEntry | None
    why: str


def night_study(study: str | Path) -> StudySpec:
    """Load a study for nights; one with a built-in panel stands for the survey's own files."""
    spec = load_study(study)
    if spec.source.layout is not None:
        spec = load_study(spec.source.layout).model_copy(update={"study": spec.study})
    return spec


def refuse_other_study(spec: StudySpec, current: Mapping[str, Any] | None) -> None:
    """A store holds the nights of one study.

    Raises
    ------
    UsageError
        If it holds those of another one.
    """
    if current is not None and current["study"]["name"] != spec.study.name:
        raise UsageError(
            f"--store: found the nights of study '{current['study']['name']}'; expected those of '{spec.study.name}'. "
            "Give each study a store of its own."
        )


def reading_key(spec: StudySpec, file: InboxFile, digest: str) -> str:
    """Return all that decides how a file is read and checked, as a hash."""
    checks = [
        {
            name: [own.allowed, own.impute, own.impute_most, own.quantiles]
            for name, own in spec.variables.items()
        },
        [rule.keep for rule in spec.sample],
        spec.source.labels,
        checksum_text(file.source),
    ]
    text = json.dumps([part_key(spec, file.source, digest), checks])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def plan_files(
    spec: StudySpec,
    inbox: Inbox,
    store: Store,
    before: Mapping[str, FileEntry],
    *,
    accept_revision: bool = False,
) -> list[FilePlan]:
    """Return each complete file of the inbox with the reason to read it.

    With `accept_revision` that is also one that was set aside because it is shorter than the version before.

    Raises
    ------
    DataError
        If all that is behind the results has gone and nothing is new: an unmounted folder is no withdrawal.
    """
    used = [name for name, entry in before.items() if entry.used]
    plans = [_plan_file(spec, file, store, before.get(file.name)) for file in inbox.files]
    others = [plan.before for plan in plans]
    known = all(one is not None and one.state != DUPLICATE for one in others)
    if used and known and not any(name in inbox.names for name in used):
        raise DataError(
            "--inbox: holds none of the files behind the results, and no new one; expected at least one. Is it "
            "mounted? The results stay as they are."
        )
    plans = [replace(plan, twin=_twin(plan, plans)) for plan in plans]
    others_changed = any(plan.why for plan in plans) or any(name not in inbox.names for name in used)
    return [_again(plan, others_changed=others_changed, accept_revision=accept_revision) for plan in plans]


def _plan_file(spec: StudySpec, file: InboxFile, store: Store, before: FileEntry | None) -> FilePlan:
    known = None if before is None else {"stamp": before.stamp, "seen": before.seen, "sha256": before.sha256}
    digest = fingerprint(file, known)
    reading = reading_key(spec, file, digest or "")
    why = None
    if before is None:
        why = NEW
    elif digest != before.sha256:
        why = CHANGED
    elif reading != before.reading:
        why = "study or version"
    elif before.again:
        why = AGAIN
    elif before.used and read_part(store.parts / before.used["part"]) is None:
        why = LOST
    asked = file_request_hash(spec, file.source)
    return FilePlan(file=file, sha256=digest, asked=asked, reading=reading, before=before, twin=None, why=why)


def _twin(plan: FilePlan, plans: Sequence[FilePlan]) -> str | None:
    """Return the file of the same content that counts: one that is in the results already, else the first."""
    same = [
        other for other in plans if other.sha256 == plan.sha256 is not None and _wave(other) == _wave(plan)
    ]
    in_use = [
        one for one in same if one.before and one.before.used and one.before.used["sha256"] == one.sha256
    ]
    first = (in_use or same or [plan])[0]
    return None if first is plan else first.file.name


def _wave(plan: FilePlan) -> str | None:
    return plan.file.source.wave


def _again(plan: FilePlan, *, others_changed: bool, accept_revision: bool) -> FilePlan:
    """Return a plan to judge a file again whose verdict hangs on something that is other than then."""
    before = plan.before
    if plan.why is not None or before is None:
        return plan
    is_short = any(one["rule"] == "rows" for one in before.broken)
    was_twin = before.state == DUPLICATE and plan.twin is None
    again = was_twin or (before.beside and others_changed) or (accept_revision and is_short)
    return replace(plan, why=AGAIN) if again else plan


def entry_of(plan: FilePlan, state: str, **more: Any) -> FileEntry:  # noqa: ANN401 - fields of the entry
    """Return the entry of a file after tonight's look."""
    return FileEntry(
        file=plan.file.name,
        sha256=plan.sha256 or "",
        state=state,
        reading=plan.reading,
        stamp=[list(one) for one in plan.file.stamp],
        seen=time.time_ns(),
        **more,
    )


def kept_entry(plan: FilePlan) -> FileEntry | None:
    """Return the entry of a file that need not be read, None of one that must."""
    if plan.why is not None or plan.before is None:
        return None
    return replace(plan.before, stamp=[list(one) for one in plan.file.stamp], seen=time.time_ns())


def twin_entry(plan: FilePlan, other: FileEntry | None, *, accept_revision: bool = False) -> FileEntry | None:
    """Return the entry of a file whose content is that of another one, None if it must be judged by itself.

    A file that held something else before is more likely overwritten by mistake than meant.
    """
    before = plan.before
    if other is None or other.state != ACCEPTED:
        return kept_entry(plan)
    if before is not None and before.used and before.used["sha256"] != plan.sha256 and not accept_revision:
        reason = f"{plan.file.name}: now has the content of {plan.twin}; expected its own. If it is right: --accept-revision"
        return entry_of(plan, QUARANTINED, reason=reason, beside=True, used=before.used)
    return entry_of(plan, DUPLICATE, reason=f"the same content as {plan.twin}", used=None)


def kept_so_far(
    plans: Sequence[FilePlan], inbox: Inbox, before: Mapping[str, FileEntry]
) -> tuple[list[FileEntry], list[str]]:
    """Return the entries of all files as far as nothing is read, and the names of those that have gone.

    A file to be read stands there with the version before it.
    """
    found = {name: before[name] for name in inbox.growing if name in before}
    for plan in plans:
        other = before.get(plan.twin) if plan.twin is not None else None
        entry = twin_entry(plan, other) if plan.twin is not None else kept_entry(plan)
        entry = entry or plan.before
        if entry is not None:
            found[plan.file.name] = entry
    gone = [name for name, entry in before.items() if entry.used and name not in inbox.names]
    return [found[name] for name in inbox.names if name in found], gone


def plan_tasks(
    spec: StudySpec, files: Sequence[FileEntry], store: Store, before: Mapping[str, TaskEntry]
) -> list[TaskPlan]:
    """Return each task of the study on these files, with its entry or the reason to compute it."""
    used = [entry.used for entry in files if entry.used is not None]
    waves = sort_waves(sorted({wave for one in used for wave in one["sample"]}))
    contents = [one["contents"] for one in used]
    return [_plan_task(spec, task, waves, contents, store, before) for task in possible_tasks(spec, waves)]


def _plan_task(
    spec: StudySpec,
    task: Task,
    waves: Sequence[str],
    contents: Sequence[Any],
    store: Store,
    before: Mapping[str, TaskEntry],
) -> TaskPlan:
    key, known = task_key(spec, task, contents), before.get(task.name)
    entry = None
    absent = absent_waves(task, waves)
    if absent:
        why = f"wave {', '.join(absent)} is not there yet"
        entry = TaskEntry(
            name=task.name,
            state=WAITING,
            why=why,
            key=None,
            wanted=key.key,
            inputs=key.as_dict(),
            sha256=None,
        )
    elif known is None:
        why = NEW
    elif known.wanted != key.key:
        why = ", ".join(key.differs_from(known.inputs))
    elif known.state == FAILED:
        kept = known.key is not None and _sha256(store.tasks / f"{known.key}.parquet") == known.sha256
        why, entry = known.why, known if kept else replace(known, key=None, sha256=None)
    elif known.key is None or _sha256(store.tasks / f"{known.key}.parquet") != known.sha256:
        why = LOST
    else:
        why, entry = "", replace(known, state=REUSED, why="")
    return TaskPlan(task=task, key=key, entry=entry, why=why)


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def study_file(study: str | Path) -> str:
    """Return where a study was read from: a shipped name as it is, a file in full."""
    path = study_path(study)
    return str(study) if path.parent.name == "studies" and str(study) == path.stem else str(path.resolve())
