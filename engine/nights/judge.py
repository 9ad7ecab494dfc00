"""Takes files into a store: reads them, judges each beside the others, accepts it or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from engine.data.broken_rules import Broken, RuleError
from engine.data.part import RECORDS, file_request_hash, read_part
from engine.data.shared_keys import KeysInCommon, keys_in_common, refuse_shared_keys
from engine.data.validate import refuse_other_labels
from engine.errors import DataError
from engine.nights.inbox import Inbox, is_unchanged
from engine.nights.night import NightJob
from engine.nights.read import NightReaders, night_readers
from engine.nights.stale_files import FilePlan, entry_of, kept_entry, twin_entry
from engine.store.layout import Store
from engine.store.ledger import ACCEPTED, QUARANTINED, FileEntry, FileVersion
from engine.study import StudySpec

MOST_LOST = 0.1  # of the rows of the version before


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What the files of a night are judged with: their readers, and which of them have keys in common."""

    readers: NightReaders
    keys: KeysInCommon


def take_in(
    job: NightJob, plans: Sequence[FilePlan], inbox: Inbox, before: Mapping[str, FileEntry]
) -> list[FileEntry]:
    """Return the entries of all files of the inbox, in the order of the study.

    Every file is judged alone, first those that stand behind the results already. A bad one leaves the
    version before it, if there was one, in its place.
    """
    entries = {name: _kept_growing(job, inbox, before[name]) for name in inbox.growing if name in before}
    for plan in plans:
        kept = kept_entry(plan) if plan.twin is None else None
        if kept is not None:
            entries[plan.file.name] = kept
    to_read = [plan for plan in plans if plan.twin is None and plan.file.name not in entries]
    with night_readers(job) as readers:
        readers.read_ahead(to_read)
        beside = _Beside(readers=readers, keys=_keys_in_common(job, to_read, entries, readers))
        for plan in sorted(plans, key=_order_of_judging):
            if plan.file.name not in entries:
                entry = _taken_in(job, plan, inbox, entries, beside)
                if entry is not None:
                    entries[plan.file.name] = entry
    in_order = [entries[name] for name in inbox.names if name in entries]
    result = hold_moved_records(job.spec, in_order, before, job.store)
    for entry in result:
        if entry.state == QUARANTINED and not _is_known(entry, before.get(entry.file)):
            _set_aside(job, entry)
    return result


def _keys_in_common(
    job: NightJob, plans: Sequence[FilePlan], entries: Mapping[str, FileEntry], readers: NightReaders
) -> KeysInCommon:
    """Look once at the keys of all files that were read and of those that stay."""
    answers = [readers.answer_about(plan) for plan in plans if plan.sha256 is not None]
    new = [job.store.parts / answer["part"] / RECORDS for answer in answers if "part" in answer]
    versions = [entry.version for entry in entries.values()]
    versions += [plan.before.version for plan in plans if plan.before is not None]
    old = [_records(job.store, version) for version in versions if version is not None]
    return keys_in_common(job.spec, new, [records for records in old if records.exists()])


def _order_of_judging(plan: FilePlan) -> tuple[bool, bool]:
    """Files behind the results first, then others, then those that may duplicate another."""
    return plan.twin is not None, plan.before is None or plan.before.version is None


def _taken_in(
    job: NightJob,
    plan: FilePlan,
    inbox: Inbox,
    entries: Mapping[str, FileEntry],
    beside: _Beside,
) -> FileEntry | None:
    """Return the entry of one file; None of a new file that changed while it was read."""
    name, accept_revision = plan.file.name, job.options.accept_revision
    if plan.twin is not None:
        twin = twin_entry(plan, entries.get(plan.twin), accept_revision=accept_revision)
        if twin is not None:
            return twin
    others = [entry.version for entry in entries.values() if entry.version is not None and entry.file != name]
    entry = _judged(job, plan, others, beside)
    if is_unchanged(plan.file):
        return entry
    job.log("growing", file=name)
    return None if plan.before is None else _kept_growing(job, inbox, plan.before)


def _kept_growing(job: NightJob, inbox: Inbox, entry: FileEntry) -> FileEntry:
    """Return the entry of a file that cannot be read tonight, with the version before.

    Raises
    ------
    DataError
        If that version was read for another study, or the store has lost it.
    """
    version = entry.version
    if version is not None:
        other_study = version.study_key != file_request_hash(job.spec, inbox.sources[entry.file])
        if other_study or read_part(job.store.parts / version.part) is None:
            raise DataError(
                f"{entry.file}: is still being written, and the version before it is lost or no longer fits "
                "the study; expected a complete file. The results stay as they are; refresh when it is "
                "complete."
            )
    return entry


def _is_known(entry: FileEntry, last: FileEntry | None) -> bool:
    """Whether the last night set a file aside for the same reason."""
    return last is not None and (last.sha256, last.state, last.reason) == (
        entry.sha256,
        entry.state,
        entry.reason,
    )


def _set_aside(job: NightJob, entry: FileEntry) -> None:
    job.log("quarantined", file=entry.file, reason=entry.reason, broken=entry.broken)
    keys = ("file", "sha256", "reason", "broken", "retry")
    job.store.set_aside(entry.file, entry.sha256, {key: getattr(entry, key) for key in keys})


def hold_moved_records(
    spec: StudySpec, entries: Sequence[FileEntry], before: Mapping[str, FileEntry], store: Store
) -> list[FileEntry]:
    """Hold back new versions whose records stand in the earlier version of a file with a bad new version.

    Records can move from file to file; nobody may count twice while one of the two is in quarantine.
    """
    held = {entry.file: entry for entry in entries}
    changed = spec.source.key is not None
    while changed:
        changed = False
        bad = [entry for entry in held.values() if entry.state == QUARANTINED and entry.version is not None]
        new = [
            entry
            for entry in held.values()
            if entry.state == ACCEPTED and entry.version != _version_before(before, entry.file)
        ]
        for kept, moved in ((kept, moved) for kept in bad for moved in new):
            if held[moved.file] is moved and _share_records(spec, kept, moved, store):
                held[moved.file] = _held_back(moved, kept, _version_before(before, moved.file))
                changed = True
    return [*held.values()]


def _held_back(moved: FileEntry, kept: FileEntry, version: FileVersion | None) -> FileEntry:
    reason = f"{moved.file}: holds records of {kept.file}, whose new version is bad; expected both good."
    return replace(moved, state=QUARANTINED, reason=reason, depends_on_others=True, version=version)


def _version_before(before: Mapping[str, FileEntry], name: str) -> FileVersion | None:
    return before[name].version if name in before else None


def _share_records(spec: StudySpec, one: FileEntry, other: FileEntry, store: Store) -> bool:
    if one.version is None or other.version is None:
        return False
    try:
        refuse_shared_keys(spec, one.file, _records(store, one.version), [_records(store, other.version)])
    except RuleError:
        return True
    return False


def _records(store: Store, version: FileVersion) -> Path:
    return store.parts / version.part / RECORDS


def _judged(
    job: NightJob,
    plan: FilePlan,
    others: Sequence[FileVersion],
    beside: _Beside,
) -> FileEntry:
    """Judge a file beside the versions of the others."""
    last = None if plan.before is None else plan.before.version
    earlier = _version_to_fall_back_on(job.store, plan, last)
    if plan.sha256 is None:
        reason = (
            f"{plan.file.name}: the file may not be read; expected a readable one. Correct its permissions."
        )
        return entry_of(plan, QUARANTINED, reason=reason, retry=True, version=earlier)
    answer = beside.readers.answer_about(plan)
    if "reason" in answer:
        if not answer["retry"]:
            _blame_study(plan, last, answer["reason"])
        return entry_of(plan, QUARANTINED, version=earlier, **answer)
    version = FileVersion(sha256=plan.sha256, study_key=plan.study_key, **answer)
    try:
        _refuse_shorter(plan.file.name, version, None if job.options.accept_revision else last)
        _refuse_beside(job, plan.file.name, version, others, beside.keys)
    except DataError as error:
        _blame_study(plan, last, str(error))
        broken = [asdict(rule) for rule in getattr(error, "broken", ())]
        is_short = any(rule["rule"] == "rows" for rule in broken)
        return entry_of(
            plan,
            QUARANTINED,
            reason=str(error),
            broken=broken,
            depends_on_others=not is_short,
            version=earlier,
        )
    return entry_of(plan, ACCEPTED, version=version)


def _version_to_fall_back_on(store: Store, plan: FilePlan, last: FileVersion | None) -> FileVersion | None:
    """Return the version before, unless its records are lost or were read for another study."""
    if last is None or last.study_key != plan.study_key or read_part(store.parts / last.part) is None:
        return None
    return last


def _blame_study(plan: FilePlan, last: FileVersion | None, reason: str) -> None:
    """Stop the night where a file that was good has not changed, and only the study has."""
    if last is not None and last.study_key != plan.study_key and last.sha256 == plan.sha256:
        raise DataError(
            f"{reason} The file was good before and has not changed; the study has. The results stay as "
            "they are."
        )


def _refuse_shorter(name: str, version: FileVersion, last: FileVersion | None) -> None:
    """Refuse a file that is much shorter than its version before."""
    lost = 0 if last is None else last.rows - version.rows
    if last is not None and lost > MOST_LOST * last.rows:
        raise RuleError(name, [Broken(place="source", rule="rows", rows=lost)])


def _refuse_beside(
    job: NightJob, name: str, version: FileVersion, others: Sequence[FileVersion], keys: KeysInCommon
) -> None:
    """Refuse a file that does not fit the others."""
    sources = [other.source for other in others]
    twin = next((source["file"] for source in sources if source["sha256"] == version.source["sha256"]), None)
    if twin is not None:
        raise DataError(
            f"{name}: has the same content as {twin} of another wave; expected every record once."
        )
    records = _records(job.store, version)
    compared = keys.to_compare(records, [_records(job.store, other) for other in others])
    refuse_shared_keys(job.spec, name, records, compared)
    refuse_other_labels(job.spec, name, version.source["labels"], sources)
    if any(source["replicate_weights"] != version.source["replicate_weights"] for source in sources):
        raise DataError(
            f"{name}: other replicate weights than the files before; expected the same columns in every "
            "file. Correct design.replicate_weights.columns."
        )
