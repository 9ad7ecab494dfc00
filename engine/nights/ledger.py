"""What is known of each file and each task of a store; it stands in the manifest of the run and nowhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

ACCEPTED, QUARANTINED, DUPLICATE = "accepted", "quarantined", "duplicate"
COMPUTED, REUSED, FAILED, WAITING = "computed", "reused", "failed", "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file of the inbox.

    Attributes
    ----------
    file
        Its name.
    sha256
        Of its present content.
    state
        ``accepted``, ``quarantined``, or ``duplicate`` of another one.
    reason
        Why it is in quarantine, or of what it is a duplicate.
    broken
        Broken rules: place, rule, rows.
    again
        Whether another try may end otherwise.
    beside
        Whether other files are why it is in quarantine: it is judged again when these change.
    reading
        What decides how it is read and checked, as a hash.
    stamp, seen
        Size, times and inode at the moment of the last look (ns).
    used
        The version behind the results, None if there is none: ``sha256``, ``asked`` (of it, as a hash), ``part``,
        ``source``, ``contents`` and ``sample``. Of a bad revision this is the version before it.
    """

    file: str
    sha256: str
    state: str
    reason: str | None = None
    broken: Sequence[Mapping[str, Any]] = ()
    again: bool = False
    beside: bool = False
    reading: str
    stamp: Sequence[Sequence[int]]
    seen: int
    used: Mapping[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """Return the entry for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEntry:
    """A task of the study.

    Attributes
    ----------
    name
        Analysis and waves.
    state
        ``computed`` tonight, ``reused``, ``failed``, or ``waiting`` for waves that are not there yet.
    why
        Which inputs are other ones, or why it failed.
    key
        Under which its rows are stored; of a failed task those of the last time it did not fail. None: no rows.
    wanted
        The key of the present inputs.
    inputs
        Method, study, seed and data, as hashes.
    sha256
        Of the stored rows.
    """

    name: str
    state: str
    why: str
    key: str | None
    wanted: str
    inputs: Mapping[str, str]
    sha256: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the entry for JSON."""
        return asdict(self)


def signature(
    study: str, places: Mapping[str, str], files: Sequence[FileEntry], tasks: Sequence[TaskEntry]
) -> str:
    """Return a hash of all that a run publishes; a night that would publish the same publishes nothing."""
    versions = [one.used and [one.used["sha256"], one.used["part"]] for one in files]
    states = [one.state if one.state in (FAILED, WAITING) else "ok" for one in tasks]
    told = [
        study,
        places,
        [
            [one.file, one.sha256, one.state, one.reason, used]
            for one, used in zip(files, versions, strict=True)
        ],
        [[one.name, one.key, one.wanted, state] for one, state in zip(tasks, states, strict=True)],
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def files_of(manifest: Mapping[str, Any] | None) -> dict[str, FileEntry]:
    """Return the files of a run's manifest by name."""
    return {} if manifest is None else {one["file"]: FileEntry(**one) for one in manifest["files"]}


def tasks_of_manifest(manifest: Mapping[str, Any] | None) -> dict[str, TaskEntry]:
    """Return the tasks of a run's manifest by name."""
    return {} if manifest is None else {one["name"]: TaskEntry(**one) for one in manifest["tasks"]}
