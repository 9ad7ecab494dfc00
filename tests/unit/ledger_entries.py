"""Entries of a ledger and plans of a night, with defaults."""

from types import SimpleNamespace

from engine.data.source_file import SourceFile
from engine.nights.inbox import InboxFile
from engine.nights.stale_files import FilePlan
from engine.store.ledger import ACCEPTED, COMPUTED, FileEntry, FileVersion, TaskEntry

STAMP = ((7, 30, 20, 1),)
SOURCE = {"rows": 100, "sha256": "content", "labels": {}, "replicate_weights": []}


def version(**facts):
    """The version of a file with content "a"."""
    known = {
        "sha256": "a",
        "study_key": "asked",
        "part": "part",
        "source": {**SOURCE, "file": "wave_1"},
        "contents": {"waves": [], "order": "o"},
        "sample": {"1": 90},
    }
    return FileVersion(**{**known, **facts})


def entry(file="wave_1", **facts):
    """An accepted file with content "a", which has its version."""
    known = {
        "sha256": "a",
        "state": ACCEPTED,
        "reading_key": "read",
        "stamp": [list(one) for one in STAMP],
        "looked_at": 5,
        "version": version(),
    }
    return FileEntry(file=file, **{**known, **facts})


def task_entry(name="rates [1]", **facts):
    """A task that was computed."""
    inputs = {"method": "m", "study": "s", "seed": "1", "data": "d"}
    known = {"state": COMPUTED, "why": "data", "key": "k", "wanted": "k", "inputs": inputs, "sha256": "h"}
    return TaskEntry(name=name, **{**known, **facts})


def plan(name="wave_1", **facts):
    """A file with content "a" that need not be read, as the night before left it."""
    wave = facts.pop("wave", None)
    file = InboxFile(name=name, source=SourceFile(path=name, wave=wave), stamp=STAMP)
    known = {
        "sha256": "a",
        "study_key": "asked",
        "reading_key": "read",
        "before": entry(name),
        "twin": None,
        "why": None,
    }
    return FilePlan(file=file, **{**known, **facts})


def inbox_of(*names, growing=()):
    """What a look into the inbox found."""
    return SimpleNamespace(names=names, files=(), growing=growing, sources={name: name for name in names})
