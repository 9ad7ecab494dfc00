"""Takes files into a store: each read in a child process, judged beside the files before, accepted or set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.batch.inbox import Inbox, is_unchanged
from engine.batch.ingest import ingest
from engine.batch.ledger import ACCEPTED, QUARANTINED, FileEntry
from engine.batch.night import FilePlan, entry_of, kept_entry
from engine.data.part import RECORDS, asked_of_file, read_part
from engine.data.validate import Broken, RuleError, refuse_other_labels
from engine.errors import DataError
from engine.store.layout import Store
from engine.study import StudySpec

MOST_LOST = 0.1  # of the rows of the version before
Tell = Callable[..., None]


def take_in(
    spec: StudySpec, plans: Sequence[FilePlan], inbox: Inbox, store: Store, before: Mapping[str, FileEntry], *,
    accept_revision: bool, timeout: float, tell: Tell,
) -> list[FileEntry]:  # fmt: skip
    """Return the entries of all files of the inbox, in the order of the study.

    Every file is judged alone: a bad one leaves the version before it, if there was one, in its place.
    """
    entries = {name: before[name] for name in inbox.growing if name in before}
    entries |= {plan.file.name: kept for plan in plans if (kept := kept_entry(plan)) is not None}
    for plan in plans:
        name = plan.file.name
        if name in entries:
            continue
        tell("reading", file=name, why=plan.why)
        others = [one.used for one in entries.values() if one.used is not None and one.file != name]
        entry = _judged(spec, plan, store, others, accept_revision=accept_revision, timeout=timeout)
        if not is_unchanged(plan.file):
            tell("growing", file=name)
            if plan.before is not None:
                entries[name] = plan.before
            continue
        entries[name] = entry
        if entry.state == QUARANTINED:
            tell("quarantined", file=name, reason=entry.reason, broken=entry.broken)
            told = {key: getattr(entry, key) for key in ("file", "sha256", "reason", "broken", "again")}
            store.set_aside(name, entry.sha256, told)
    return [entries[name] for name in inbox.names if name in entries]


def _judged(
    spec: StudySpec, plan: FilePlan, store: Store, others: Sequence[Mapping[str, Any]], *,
    accept_revision: bool, timeout: float,
) -> FileEntry:  # fmt: skip
    asked = asked_of_file(spec, plan.file.source)
    last = None if plan.before is None else plan.before.used
    # Records that are gone, or were read for another study, are nothing to fall back on.
    gone = last is None or last["asked"] != asked or read_part(store.parts / last["part"]) is None
    earlier = None if gone else last
    if plan.sha256 is None:
        reason = f"{plan.file.name}: the file may not be read; expected a readable one. Correct its permissions."
        return entry_of(plan, QUARANTINED, reason=reason, again=True, used=earlier)
    records = [store.parts / one["part"] / RECORDS for one in others]
    answer = ingest(spec, plan.file.source, plan.sha256, store.parts, store.work, records, timeout)
    if "reason" in answer:
        if last is not None and last["asked"] != asked and last["sha256"] == plan.sha256:
            raise DataError(
                f"{answer['reason']} The file was good before and is the same: it is the study that has changed. The "
                "results stay as they are."
            )
        return entry_of(plan, QUARANTINED, used=earlier, **answer)
    used = {"sha256": plan.sha256, "asked": asked, **answer}
    try:
        _refuse_beside(spec, plan.file.name, used, others, None if accept_revision else earlier)
    except DataError as error:
        broken = [{"place": one.place, "rule": one.rule, "rows": one.rows} for one in getattr(error, "broken", ())]
        return entry_of(plan, QUARANTINED, reason=str(error), broken=broken, used=earlier)
    return entry_of(plan, ACCEPTED, used=used)


def _refuse_beside(
    spec: StudySpec, name: str, used: Mapping[str, Any], others: Sequence[Mapping[str, Any]],
    earlier: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    """Refuse a file that does not go with the others, or is much shorter than its version before."""
    source = used["source"]
    rows = 0 if earlier is None else int(earlier["source"]["rows"])
    if int(source["rows"]) < (1 - MOST_LOST) * rows:
        raise RuleError(name, [Broken(place="source", rule="rows", rows=rows - int(source["rows"]))])
    before = [one["source"] for one in others]
    refuse_other_labels(spec, name, source["labels"], before)
    if any(one["replicate_weights"] != source["replicate_weights"] for one in before):
        raise DataError(
            f"{name}: other replicate weights than the files before; expected the same columns in every file. Correct "
            "design.replicate_weights.columns."
        )
