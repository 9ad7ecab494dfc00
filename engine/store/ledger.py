"""The ledger of a store: what is known of each file and task, kept in the manifest of the run alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

ACCEPTED, QUARANTINED, DUPLICATE = "accepted", "quarantined", "duplicate"
COMPUTED, REUSED, FAILED, WAITING = "computed", "reused", "failed", "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """A version of a file whose records stand behind results.

    Attributes
    ----------
    sha256
        Of the file.
    study_key
        What the study asks of the file, as a hash.
    part
        Name of its part in the store.
    source
        Facts of the file: name, SHA-256, wave, rows, encoding, labels, replicate weights.
    contents
        Waves and columns of the part, as hashes (`engine.data.digests`).
    sample
        Wave -> rows that pass the sample rules.
    """

    sha256: str
    study_key: str
    part: str
    source: Mapping[str, Any]
    contents: Mapping[str, Any]
    sample: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Rows of the file."""
        return int(self.source["rows"])


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
        ``accepted``, ``quarantined``, or ``duplicate`` of another file.
    reason
        Why it is in quarantine, or which file it duplicates.
    broken
        Broken rules: place, rule, rows.
    retry
        Whether it is read again every night, because the reading may end otherwise.
    depends_on_others
        Whether other files are why it is in quarantine: it is judged again when they change.
    reading_key
        What decides how it is read and checked, as a hash.
    stamp, looked_at
        Size, times and inode at the moment of the last look (ns).
    version
        The version behind the results, None without one. Of a bad revision this is the version before it.
    """

    file: str
    sha256: str
    state: str
    reason: str | None = None
    broken: Sequence[Mapping[str, Any]] = ()
    retry: bool = False
    depends_on_others: bool = False
    reading_key: str
    stamp: Sequence[Sequence[int]]
    looked_at: int
    version: FileVersion | None

    def as_dict(self) -> dict[str, Any]:
        """Return the entry for JSON."""
        return asdict(self)

    @property
    def rows(self) -> int | None:
        """Rows of the version behind the results."""
        return None if self.version is None else self.version.rows


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
        Which inputs changed, or why it failed.
    key
        Name of its stored rows; of a failed task those of the last time it did not fail. None: no rows.
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
    published_files = [
        [
            entry.file,
            entry.sha256,
            entry.state,
            entry.reason,
            entry.version and [entry.version.sha256, entry.version.part],
        ]
        for entry in files
    ]
    published_tasks = [
        [entry.name, entry.key, entry.wanted, entry.state if entry.state in (FAILED, WAITING) else "ok"]
        for entry in tasks
    ]
    content = json.dumps([study, places, published_files, published_tasks], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def file_entries(manifest: Mapping[str, Any] | None) -> dict[str, FileEntry]:
    """Return the files of a run's manifest by name."""
    return {} if manifest is None else {one["file"]: _file_entry(one) for one in manifest["files"]}


def task_entries(manifest: Mapping[str, Any] | None) -> dict[str, TaskEntry]:
    """Return the tasks of a run's manifest by name."""
    return {} if manifest is None else {one["name"]: TaskEntry(**one) for one in manifest["tasks"]}


def _file_entry(stored: Mapping[str, Any]) -> FileEntry:
    fields = {FORMER_NAMES.get(name, name): value for name, value in stored.items()}
    version = fields["version"]
    if version is not None:
        version = FileVersion(**{FORMER_NAMES.get(name, name): value for name, value in version.items()})
    return FileEntry(**{**fields, "version": version})


FORMER_NAMES = {
    "again": "retry",
    "beside": "depends_on_others",
    "reading": "reading_key",
    "seen": "looked_at",
    "used": "version",
    "asked": "study_key",
}
"""Names in the manifests of version 0.1.0, whose stores are read like newer ones."""
