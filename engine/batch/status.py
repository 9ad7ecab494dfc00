"""What is stale in a store and why, without reading a record: what a refresh would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.batch.inbox import look_into
from engine.batch.ledger import FAILED, QUARANTINED, WAITING, files_of, tasks_of_manifest
from engine.batch.night import (
    FilePlan,
    TaskPlan,
    kept_so_far,
    night_study,
    plan_files,
    plan_tasks,
    refuse_other_study,
)
from engine.errors import UsageError
from engine.store.layout import Store, is_store, open_store

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


def store_status(study: str | Path | None, inbox: Path | None, root: Path, max_age: float | None = None) -> StoreStatus:
    """Return what is stale in a store.

    Parameters
    ----------
    study, inbox
        By default those of the last night.
    root
        The store; it need not be there yet if study and inbox are given.
    max_age
        Hours after which results count as stale whatever else.

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
    spec = night_study(study if study is not None else places["study"])
    refuse_other_study(spec, current)
    before = files_of(current)
    seen = look_into(spec, inbox if inbox is not None else Path(places["inbox"]))
    plans = plan_files(spec, seen, store, before)
    files, gone = kept_so_far(plans, seen, before)
    tasks = plan_tasks(spec, files, store, tasks_of_manifest(current))
    items = [item for plan in plans for item in _of_file(plan)]
    items += [Item(what="file", name=name, action="leave out", why="withdrawn") for name in gone]
    coming = [plan.file.name for plan in plans if plan.why is not None]
    items += [item for plan in tasks if (item := _of_task(plan, coming)) is not None]
    age = None if current is None else _hours_since(current["created"])
    if max_age is not None and age is not None and age > max_age:
        items.append(Item(what="run", name=str(store.newest and store.newest.name), action=TROUBLE, why="too old"))
    growing = [f"{name}: is still being written" for name in seen.growing]
    return StoreStatus(
        run=None if store.newest is None else store.newest.name, age_hours=age, stale=items,
        notes=(*seen.notes, *growing), n_tasks=len(tasks),
    )  # fmt: skip


def _hours_since(created: str) -> float:
    return max((datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds(), 0.0) / 3600


def _of_file(plan: FilePlan) -> list[Item]:
    name = plan.file.name
    if plan.why is not None:
        return [Item(what="file", name=name, action="read", why=plan.why)]
    if plan.before is not None and plan.before.state == QUARANTINED:
        return [Item(what="file", name=name, action=TROUBLE, why=f"in quarantine: {plan.before.reason}")]
    return []


def _of_task(plan: TaskPlan, coming: Sequence[str]) -> Item | None:
    """What a file that was not read yet touches is known only by then: all waves together, surely."""
    if plan.entry is not None and plan.entry.state == FAILED:
        return Item(what="analysis", name=plan.task.name, action=TROUBLE, why=f"failed: {plan.entry.why}")
    if plan.entry is None:
        return Item(what="analysis", name=plan.task.name, action="compute", why=plan.why)
    if coming and plan.task.waves is None and plan.entry.state != WAITING:
        return Item(what="analysis", name=plan.task.name, action="compute", why=f"data of {', '.join(coming)}")
    return None
