"""What a refresh of a store would do and why, without reading a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.nights.inbox import look_into
from engine.nights.late import late_waves
from engine.nights.night import night_study, refuse_other_study, study_place
from engine.nights.stale_files import FilePlan, entries_without_reading, plan_files
from engine.nights.stale_tasks import TaskPlan, plan_tasks
from engine.store.layout import Store, is_store, open_store
from engine.store.ledger import FAILED, QUARANTINED, WAITING, file_entries, signature, task_entries
from engine.study.load import study_hash

TROUBLE = "look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A stale file, task or run: what a refresh would do with it, or that a human must look, and why."""

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
    strays
        Those of the notes that tell of files that no path of the study names, and of late waves.
    """

    run: str | None
    age_hours: float | None
    stale: Sequence[Item]
    notes: Sequence[str]
    n_tasks: int
    strays: Sequence[str] = ()

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
    before = file_entries(current)
    contents = look_into(spec, inbox)
    file_plans = plan_files(spec, contents, store, before, accept_revision=accept_revision)
    files, withdrawn = entries_without_reading(file_plans, contents, before)
    task_plans = plan_tasks(spec, files, store, task_entries(current))
    coming = {plan.file.name: _waves(plan) for plan in file_plans if plan.why is not None}
    items = [item for plan in file_plans if (item := _file_item(plan)) is not None]
    items += [Item(what="file", name=name, action="leave out", why="withdrawn") for name in withdrawn]
    items += [item for plan in task_plans if (item := _task_item(plan, coming)) is not None]
    known = [plan.entry for plan in task_plans if plan.entry is not None]
    new_places = {"study": study_place(study), "inbox": str(inbox.resolve())}
    nothing_to_compute = not coming and len(known) == len(task_plans)
    published = signature(study_hash(spec), new_places, files, known)
    if current is not None and nothing_to_compute and current["signature"] != published:
        why = "the study, its place, or the list of files or analyses has changed"
        items.append(Item(what="run", name=store.runs[-1].name, action="publish", why=why))
    run = None if store.newest is None else store.newest.name
    age = None if current is None else _hours_since(current["created"])
    if max_age is not None and age is not None and age > max_age:
        items.append(Item(what="run", name=str(run), action=TROUBLE, why="too old"))
    growing = [f"{name}: is still being written" for name in contents.growing]
    late = late_waves(spec, files)
    return StoreStatus(
        run=run,
        age_hours=age,
        stale=items,
        notes=(*contents.notes, *late, *growing),
        n_tasks=len(task_plans),
        strays=(*contents.strays, *late),
    )


def _hours_since(created: str) -> float:
    return max((datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds(), 0.0) / 3600


def _file_item(plan: FilePlan) -> Item | None:
    name = plan.file.name
    if plan.why is not None:
        return Item(what="file", name=name, action="read", why=plan.why)
    if plan.before is not None and plan.before.state == QUARANTINED:
        return Item(what="file", name=name, action=TROUBLE, why=f"in quarantine: {plan.before.reason}")
    return None


def _waves(plan: FilePlan) -> set[str]:
    """Return the waves that a file to be read held before, or will hold, as far as that is known."""
    version = plan.before.version if plan.before is not None else None
    known = set() if version is None else {*version.sample}
    return known | ({plan.file.source.wave} if plan.file.source.wave is not None else set())


def _task_item(plan: TaskPlan, coming: Mapping[str, set[str]]) -> Item | None:
    """Return what a refresh would do with a task.

    What a file that was not read yet touches is known only by the waves it held before, and all together.
    """
    name, entry = plan.task.name, plan.entry
    if entry is None:
        return Item(what="analysis", name=name, action="compute", why=plan.why)
    if entry.state == FAILED:
        return Item(what="analysis", name=name, action=TROUBLE, why=f"failed: {entry.why}")
    seen = plan.task.waves
    touching = [file for file, waves in coming.items() if seen is None or waves & {*seen}]
    if touching and entry.state != WAITING:
        return Item(what="analysis", name=name, action="compute", why=f"data of {', '.join(touching)}")
    return None
