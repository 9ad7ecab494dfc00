"""Takes files into a store: each read in a child process, judged beside the files before, accepted or set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine.data.broken_rules import Broken, RuleError
from engine.data.part import RECORDS, file_request_hash, read_part
from engine.data.validate import refuse_other_labels, refuse_shared_keys
from engine.errors import DataError
from engine.nights.inbox import Inbox, is_unchanged
from engine.nights.ledger import ACCEPTED, QUARANTINED, FileEntry
from engine.nights.read import ingest
from engine.nights.staleness import FilePlan, entry_of, kept_entry, twin_entry
from engine.store.layout import Store
from engine.study import StudySpec

MOST_LOST = 0.1  # of the rows of the version before
Tell = Callable[..., None]


def take_in(
    spec: StudySpec,
    plans: Sequence[FilePlan],
    inbox: Inbox,
    store: Store,
    before: Mapping[str, FileEntry],
    *,
    accept_revision: bool,
    timeout: float,
    tell: Tell,
) -> list[FileEntry]:
    """Return the entries of all files of the inbox, in the order of the study.

    Every file is judged alone, those first that are behind the results already: a bad one leaves the version before
    it, if there was one, in its place.
    """
    entries = {
        name: _kept_growing(spec, inbox, before[name], store) for name in inbox.growing if name in before
    }
    entries |= {
        plan.file.name: kept for plan in plans if plan.twin is None and (kept := kept_entry(plan)) is not None
    }
    for plan in sorted(plans, key=_rank):
        name = plan.file.name
        if name in entries:
            continue
        twin = (
            twin_entry(plan, entries.get(plan.twin), accept_revision=accept_revision) if plan.twin else None
        )
        if twin is not None:
            entries[name] = twin
            continue
        tell("reading", file=name, why=plan.why or "its twin is bad")
        others = [one.used for one in entries.values() if one.used is not None and one.file != name]
        entry = _judged(spec, plan, store, others, accept_revision=accept_revision, timeout=timeout)
        if is_unchanged(plan.file):
            entries[name] = entry
            continue
        tell("growing", file=name)
        if plan.before is not None:
            entries[name] = _kept_growing(spec, inbox, plan.before, store)
    found = hold_what_moved(spec, [entries[name] for name in inbox.names if name in entries], before, store)
    for entry in found:
        last = before.get(entry.file)
        told = last is not None and (last.sha256, last.state, last.reason) == (
            entry.sha256,
            entry.state,
            entry.reason,
        )
        if entry.state == QUARANTINED and not told:
            _set_aside(entry, store, tell)
    return found


def _kept_growing(spec: StudySpec, inbox: Inbox, entry: FileEntry, store: Store) -> FileEntry:
    """Return the entry of a file that cannot be read tonight, with its version before.

    Raises
    ------
    DataError
        If that version was read for another study, or the store has lost it.
    """
    used = entry.used
    if used is not None:
        other_study = used["asked"] != file_request_hash(spec, inbox.sources[entry.file])
        if other_study or read_part(store.parts / used["part"]) is None:
            raise DataError(
                f"{entry.file}: is still being written, and its version before does not fit the study any more, or is "
                "lost; expected a complete file. The results stay as they are; refresh when it is complete."
            )
    return entry


def _rank(plan: FilePlan) -> tuple[bool, bool]:
    """Files behind the results first, then others, then those that may be another's twin."""
    return plan.twin is not None, plan.before is None or plan.before.used is None


def _set_aside(entry: FileEntry, store: Store, tell: Tell) -> None:
    tell("quarantined", file=entry.file, reason=entry.reason, broken=entry.broken)
    told = {key: getattr(entry, key) for key in ("file", "sha256", "reason", "broken", "again")}
    store.set_aside(entry.file, entry.sha256, told)


def hold_what_moved(
    spec: StudySpec, entries: Sequence[FileEntry], before: Mapping[str, FileEntry], store: Store
) -> list[FileEntry]:
    """Hold new versions back whose records stand in the earlier version of a file with a bad new one too.

    Records can move from file to file; nobody may count twice while one of the two is in quarantine.
    """
    found = {entry.file: entry for entry in entries}
    again = spec.source.key is not None
    while again:
        again = False
        bad = [one for one in found.values() if one.state == QUARANTINED and one.used is not None]
        new = [one for one in found.values() if one.state == ACCEPTED and one.used != _used(before, one.file)]
        for one, other in ((one, other) for one in bad for other in new):
            if (
                other.state == ACCEPTED
                and found[other.file] is other
                and _share_records(spec, one, other, store)
            ):
                reason = f"{other.file}: holds records of {one.file}, whose own new version is bad; expected both good."
                earlier = _used(before, other.file)
                found[other.file] = replace(
                    other, state=QUARANTINED, reason=reason, beside=True, used=earlier
                )
                again = True
    return [*found.values()]


def _used(before: Mapping[str, FileEntry], name: str) -> Mapping[str, Any] | None:
    return before[name].used if name in before else None


def _share_records(spec: StudySpec, one: FileEntry, other: FileEntry, store: Store) -> bool:
    assert one.used is not None and other.used is not None  # noqa: S101, PT018 - told to mypy; the caller looked
    try:
        refuse_shared_keys(spec, one.file, _records(store, one.used), [_records(store, other.used)])
    except RuleError:
        return True
    return False


def _records(store: Store, used: Mapping[str, Any]) -> Path:
    return store.parts / str(used["part"]) / RECORDS


def _judged(
    spec: StudySpec,
    plan: FilePlan,
    store: Store,
    others: Sequence[Mapping[str, Any]],
    *,
    accept_revision: bool,
    timeout: float,
) -> FileEntry:
    asked = plan.asked
    last = None if plan.before is None else plan.before.used
    # Records that are gone, or were read for another study, are nothing to fall back on.
    gone = last is None or last["asked"] != asked or read_part(store.parts / last["part"]) is None
    earlier = None if gone else last
    if plan.sha256 is None:
        reason = (
            f"{plan.file.name}: the file may not be read; expected a readable one. Correct its permissions."
        )
        return entry_of(plan, QUARANTINED, reason=reason, again=True, used=earlier)
    answer = ingest(spec, plan.file.source, plan.sha256, store, timeout)
    if "reason" in answer:
        if not answer["again"]:
            _blame_study(plan, last, asked, answer["reason"])
        return entry_of(plan, QUARANTINED, used=earlier, **answer)
    used = {"sha256": plan.sha256, "asked": asked, **answer}
    try:
        _refuse_shorter(plan.file.name, used, None if accept_revision else last)
        _refuse_beside(spec, plan.file.name, used, others, store)
    except DataError as error:
        _blame_study(plan, last, asked, str(error))
        broken = [asdict(one) for one in getattr(error, "broken", ())]
        beside = not any(one["rule"] == "rows" for one in broken)
        return entry_of(plan, QUARANTINED, reason=str(error), broken=broken, beside=beside, used=earlier)
    return entry_of(plan, ACCEPTED, used=used)


def _blame_study(plan: FilePlan, last: Mapping[str, Any] | None, asked: str, reason: str) -> None:
    """Stop the night where a file that was good is the same, and only the study is another one."""
    if last is not None and last["asked"] != asked and last["sha256"] == plan.sha256:
        raise DataError(
            f"{reason} The file was good before and is the same: it is the study that has changed. The results stay as "
            "they are."
        )


def _refuse_shorter(name: str, used: Mapping[str, Any], last: Mapping[str, Any] | None) -> None:
    """Refuse a file that is much shorter than its version before."""
    lost = 0 if last is None else int(last["source"]["rows"]) - int(used["source"]["rows"])
    if last is not None and lost > MOST_LOST * int(last["source"]["rows"]):
        raise RuleError(name, [Broken(place="source", rule="rows", rows=lost)])


def _refuse_beside(
    spec: StudySpec, name: str, used: Mapping[str, Any], others: Sequence[Mapping[str, Any]], store: Store
) -> None:
    """Refuse a file that does not go with the others."""
    source, before = used["source"], [one["source"] for one in others]
    twin = next((one["file"] for one in before if one["sha256"] == source["sha256"]), None)
    if twin is not None:
        raise DataError(
            f"{name}: has the same content as {twin} of another wave; expected every record once."
        )
    refuse_shared_keys(spec, name, _records(store, used), [_records(store, one) for one in others])
    refuse_other_labels(spec, name, source["labels"], before)
    if any(one["replicate_weights"] != source["replicate_weights"] for one in before):
        raise DataError(
            f"{name}: other replicate weights than the files before; expected the same columns in every file. Correct "
            "design.replicate_weights.columns."
        )
