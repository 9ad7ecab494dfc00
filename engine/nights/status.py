"""What is stale in a store and why, without reading a record: what a refresh would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.nights.inbox import look_into
from engine.nights.ledger import FAILED, QUARANTINED, WAITING, files_of, signature, tasks_of_manifest
from engine.nights.staleness import (
    FilePlan,
    TaskPlan,
    kept_so_far,
    night_study,
    plan_files,
    plan_tasks,
    refuse_other_study,
    study_file,
)
from engine.store.layout import Store, is_store, open_store
from engine.study.load import study_hash

TROUBLE = "look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file or a task that is not as it should be: what a refresh would do with it, and why."""

    what: str
    name: str
    action: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """The state of a store.

    Attributes
    ----------
    run
        The current run, None in an empty store.
    age_hours
        Since it was published.
    stale
        What a refresh would change, or a human must look at.
    notes
        What was passed over in the inbox, and files that are still being written.
    n_tasks
        Tasks of the study on the files of the current run.
    """

    run: str | None
    age_hours: float | None
    stale: Sequence[Item]
    notes: Sequence[str]
    n_tasks: int

    def as_dict(self) -> dict[str, Any]:
        """Return the status for JSON."""
        return asdict(self)


def store_status(
    study: str | Path | None,
    inbox: Path | None,
    root: Path,
    max_age: float | None = None,
    *,
    accept_revision: bool = False,
) -> StoreStatus:
    """Return what is stale in a store.

    Parameters
    ----------
    study, inbox
        By default those of the last night.
    root
        The store; it need not be there yet if study and inbox are given.
    max_age
        Hours after which results count as stale whatever else.
    accept_revision
        As for `refresh`.

    Raises
    ------
    UsageError
        If there is no store, and nothing to compare with.
    """
    store = open_store(root) if is_store(root) or study is None or inbox is None else Store(root=root)
    current = store.current()
    if current is None and (study is None or inbox is None):
        raise UsageError(f"--store {root}: has no run yet; expected STUDY and --inbox with it. Give both.")
    places = current["places"] if current is not None else {}
    study = study if study is not None else places["study"]
    inbox = inbox if inbox is not None else Path(places["inbox"])
    spec = night_study(study)
    refuse_other_study(spec, current)
    before = files_of(current)
    seen = look_into(spec, inbox)
    plans = plan_files(spec, seen, store, before, accept_revision=accept_revision)
    files, gone = kept_so_far(plans, seen, before)
    tasks = plan_tasks(spec, files, store, tasks_of_manifest(current))
    items = [item for plan in plans for item in _of_file(plan)]
    items += [Item(what="file", name=name, action="leave out", why="withdrawn") for name in gone]
    coming = {plan.file.name: _waves(plan) for plan in plans if plan.why is not None}
    items += [item for plan in tasks if (item := _of_task(plan, coming)) is not None]
    known = [plan.entry for plan in tasks if plan.entry is not None]
    told = signature(
        study_hash(spec), {"study": study_file(study), "inbox": str(inbox.resolve())}, files, known
    )
    if current is not None and not coming and len(known) == len(tasks) and current["signature"] != told:
        why = "the study, its place or the list of files or analyses is another one"
        items.append(Item(what="run", name=store.runs[-1].name, action="publish", why=why))
    age = None if current is None else _hours_since(current["created"])
    if max_age is not None and age is not None and age > max_age:
        items.append(
            Item(what="run", name=str(store.newest and store.newest.name), action=TROUBLE, why="too old")
        )
    growing = [f"{name}: is still being written" for name in seen.growing]
    return StoreStatus(
        run=None if store.newest is None else store.newest.name,
        age_hours=age,
        stale=items,
        notes=(*seen.notes, *growing),
        n_tasks=len(tasks),
    )


def _hours_since(created: str) -> float:
    return max((datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds(), 0.0) / 3600


def _of_file(plan: FilePlan) -> list[Item]:
    name = plan.file.name
    if plan.why is not None:
        return [Item(what="file", name=name, action="read", why=plan.why)]
    if plan.before is not None and plan.before.state == QUARANTINED:
        return [Item(what="file", name=name, action=TROUBLE, why=f"in quarantine: {plan.before.reason}")]
    return []


def _waves(plan: FilePlan) -> set[str]:
    """Return the waves that a file to be read held before, or will hold, as far as that is known."""
    used = plan.before.used if plan.before is not None else None
    known = {*used["sample"]} if used is not None else set()
    return known | ({plan.file.source.wave} if plan.file.source.wave is not None else set())


def _of_task(plan: TaskPlan, coming: Mapping[str, set[str]]) -> Item | None:
    """What a file that was not read yet touches is known only by then: its waves of before, and all together."""
    if plan.entry is not None and plan.entry.state == FAILED:
        return Item(what="analysis", name=plan.task.name, action=TROUBLE, why=f"failed: {plan.entry.why}")
    if plan.entry is None:
        return Item(what="analysis", name=plan.task.name, action="compute", why=plan.why)
    touching = [
        name for name, waves in coming.items() if plan.task.waves is None or waves & {*plan.task.waves}
    ]
    if touching and plan.entry.state != WAITING:
        return Item(
            what="analysis", name=plan.task.name, action="compute", why=f"data of {', '.join(touching)}"
        )
    return None
