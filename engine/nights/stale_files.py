"""Which files of the inbox are new or changed, or must be judged again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.data.damage import checksum_text
from engine.data.part import file_request_hash, part_key, read_part
from engine.errors import DataError
from engine.nights.inbox import Inbox, InboxFile, fingerprint
from engine.store.layout import Store
from engine.store.ledger import ACCEPTED, DUPLICATE, QUARANTINED, FileEntry
from engine.study import StudySpec

NEW, CHANGED, AGAIN, LOST = "new", "changed", "again", "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """A complete file of the inbox, and why it must be read.

    Attributes
    ----------
    file
        As it lies in the inbox.
    sha256
        Of its content, None if it may not be read.
    study_key
        What the study asks of it, as a hash.
    reading_key
        What decides how it is read and checked, as a hash.
    before
        Its entry in the ledger.
    twin
        Name of an earlier file with the same content.
    why
        The reason to read it, None if it need not be read.
    """

    file: InboxFile
    sha256: str | None
    study_key: str
    reading_key: str
    before: FileEntry | None
    twin: str | None
    why: str | None


def plan_files(
    spec: StudySpec,
    inbox: Inbox,
    store: Store,
    before: Mapping[str, FileEntry],
    *,
    accept_revision: bool = False,
) -> list[FilePlan]:
    """Return each complete file of the inbox with the reason to read it.

    With `accept_revision`, a file that was set aside because it is shorter than the version before is read
    again too.

    Raises
    ------
    DataError
        If every file behind the results is missing and none is new: an unmounted folder is no withdrawal.
    """
    plans = [_plan_file(spec, file, store, before.get(file.name)) for file in inbox.files]
    behind_results = [name for name, entry in before.items() if entry.version is not None]
    nothing_new = all(plan.before is not None and plan.before.state != DUPLICATE for plan in plans)
    if behind_results and nothing_new and not any(name in inbox.names for name in behind_results):
        raise DataError(
            "--inbox: holds none of the files behind the results, and no new one; expected at least one. Is "
            "it mounted? The results stay as they are."
        )
    plans = [replace(plan, twin=_twin(plan, plans)) for plan in plans]
    withdrawn = any(name not in inbox.names for name in behind_results)
    others_changed = withdrawn or any(plan.why for plan in plans)
    return [
        _judged_again(plan, others_changed=others_changed, accept_revision=accept_revision) for plan in plans
    ]


def _plan_file(spec: StudySpec, file: InboxFile, store: Store, before: FileEntry | None) -> FilePlan:
    digest = fingerprint(file, before)
    key = _reading_key(spec, file, digest or "")
    return FilePlan(
        file=file,
        sha256=digest,
        study_key=file_request_hash(spec, file.source),
        reading_key=key,
        before=before,
        twin=None,
        why=_why_read(before, digest, key, store),
    )


def _why_read(before: FileEntry | None, digest: str | None, key: str, store: Store) -> str | None:
    if before is None:
        return NEW
    if digest != before.sha256:
        return CHANGED
    if key != before.reading_key:
        return "study or version"
    if before.retry:
        return AGAIN
    if before.version is not None and read_part(store.parts / before.version.part) is None:
        return LOST
    return None


def _reading_key(spec: StudySpec, file: InboxFile, digest: str) -> str:
    """Return what decides how a file is read and checked, as a hash."""
    variables = {
        name: [variable.allowed, variable.impute, variable.impute_most, variable.quantiles]
        for name, variable in spec.variables.items()
    }
    checks = [
        variables,
        [rule.keep for rule in spec.sample],
        spec.source.labels,
        checksum_text(file.source),
    ]
    text = json.dumps([part_key(spec, file.source, digest), checks])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _twin(plan: FilePlan, plans: Sequence[FilePlan]) -> str | None:
    """Return the file of the same content that counts: one that stands behind the results, else the first."""
    if plan.sha256 is None:
        return None
    same = [
        other
        for other in plans
        if other.sha256 == plan.sha256 and other.file.source.wave == plan.file.source.wave
    ]
    behind_results = [other for other in same if _is_behind_results(other)]
    first = (behind_results or same)[0]
    return None if first is plan else first.file.name


def _is_behind_results(plan: FilePlan) -> bool:
    version = plan.before.version if plan.before is not None else None
    return version is not None and version.sha256 == plan.sha256


def _judged_again(plan: FilePlan, *, others_changed: bool, accept_revision: bool) -> FilePlan:
    """Return a plan to judge a file again, if what its verdict depends on has changed."""
    before = plan.before
    if plan.why is not None or before is None:
        return plan
    was_twin = before.state == DUPLICATE and plan.twin is None
    is_short = any(rule["rule"] == "rows" for rule in before.broken)
    again = was_twin or (before.depends_on_others and others_changed) or (accept_revision and is_short)
    return replace(plan, why=AGAIN) if again else plan


def entry_of(plan: FilePlan, state: str, **facts: Any) -> FileEntry:  # noqa: ANN401 - fields of the entry
    """Return the entry of a file after tonight's look."""
    return FileEntry(
        file=plan.file.name,
        sha256=plan.sha256 or "",
        state=state,
        reading_key=plan.reading_key,
        stamp=[list(stamp) for stamp in plan.file.stamp],
        looked_at=time.time_ns(),
        **facts,
    )


def kept_entry(plan: FilePlan) -> FileEntry | None:
    """Return the entry of a file that need not be read, None of one that must."""
    if plan.why is not None or plan.before is None:
        return None
    stamp = [list(stamp) for stamp in plan.file.stamp]
    return replace(plan.before, stamp=stamp, looked_at=time.time_ns())


def twin_entry(plan: FilePlan, other: FileEntry | None, *, accept_revision: bool = False) -> FileEntry | None:
    """Return the entry of a file that holds what `other` holds, None if it must be judged by itself.

    A file that held something else before is more likely overwritten by mistake than meant.
    """
    if other is None or other.state != ACCEPTED:
        return kept_entry(plan)
    version = plan.before.version if plan.before is not None else None
    if version is not None and version.sha256 != plan.sha256 and not accept_revision:
        reason = (
            f"{plan.file.name}: now has the content of {plan.twin}; expected its own. If it is right: "
            "--accept-revision"
        )
        return entry_of(plan, QUARANTINED, reason=reason, depends_on_others=True, version=version)
    return entry_of(plan, DUPLICATE, reason=f"the same content as {plan.twin}", version=None)


def entries_without_reading(
    plans: Sequence[FilePlan], inbox: Inbox, before: Mapping[str, FileEntry]
) -> tuple[list[FileEntry], list[str]]:
    """Return the entries of all files as they are before anything is read, and the names of withdrawn files.

    A file that must be read stands there with the version before it.
    """
    entries = {name: before[name] for name in inbox.growing if name in before}
    for plan in plans:
        twin = None if plan.twin is None else before.get(plan.twin)
        entry = kept_entry(plan) if plan.twin is None else twin_entry(plan, twin)
        entry = entry or plan.before
        if entry is not None:
            entries[plan.file.name] = entry
    withdrawn = [
        name for name, entry in before.items() if entry.version is not None and name not in inbox.names
    ]
    return [entries[name] for name in inbox.names if name in entries], withdrawn
