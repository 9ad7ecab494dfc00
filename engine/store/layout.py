"""The store of a study's nights: immutable parts, task results and runs; one writer, any number of readers.

``parts/`` harmonised files (microdata, for the owner only) · ``tasks/`` rows of each task · ``runs/000001/``
what was published, the highest number is the current one · ``quarantine/`` why files were set aside ·
``catalog.duckdb`` all runs for SQL · ``tmp/`` work that is not done. What is not in ``tmp/``, or called
``.building-``, is whole. The rename of a run's folder into ``runs/`` is the one moment at which a night's
work counts.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.durable import move_folder, sync_folder, write_file
from engine.errors import Fault, LockedError, StoreError, UsageError
from engine.store.manifests import read_manifest

STORE_FORMAT = "equirank-store-1"
MARK, LOCK = "store.json", "lock"
CHANGES = "changes.md"  # in a run: what the night changed
FOLDERS = ("parts", "tasks", "runs", "quarantine", "tmp")
DAMAGED = "damaged"
OWN = {MARK, LOCK, *FOLDERS, DAMAGED, "catalog.duckdb", "catalog.json"}
RUN_NAME = re.compile(r"[0-9]{6,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The folders of a store."""

    root: Path

    @property
    def parts(self) -> Path:
        """Harmonised files."""
        return self.root / "parts"

    @property
    def tasks(self) -> Path:
        """Rows of each task, by key."""
        return self.root / "tasks"

    @property
    def work(self) -> Path:
        """What is being written; emptied when a writer starts."""
        return self.root / "tmp"

    @property
    def salt(self) -> str:
        """What keys the hashes of microdata in this store, as hexadecimal digits."""
        return read_mark(self.root)["salt"]

    @property
    def runs(self) -> tuple[Path, ...]:
        """The runs, the oldest first."""
        return _runs_in(self.root / "runs")

    @property
    def damaged_runs(self) -> tuple[Path, ...]:
        """The runs that were set aside because they are damaged, the oldest first."""
        return _runs_in(self.root / DAMAGED)

    @property
    def newest(self) -> Path | None:
        """The current run."""
        return self.runs[-1] if self.runs else None

    def current(self) -> Mapping[str, Any] | None:
        """Return the manifest of the current run, None in an empty store."""
        return None if self.newest is None else read_manifest(self.newest)

    def publish(self, working: Path) -> Path:
        """Move a finished run from `tmp` to its place, where it becomes the current one."""
        used = [int(run.name) for run in (*self.runs[-1:], *self.damaged_runs[-1:])]
        target = self.root / "runs" / f"{1 + max(used, default=0):06d}"
        move_folder(working, target)
        return target

    def set_run_aside(self, run: Path) -> None:
        """Move a damaged run out of the way: its number is not used again."""
        folder = self.root / DAMAGED
        folder.mkdir(exist_ok=True, mode=0o700)
        run.rename(folder / run.name)
        sync_folder(folder)
        sync_folder(run.parent)

    def set_aside(self, file: str, digest: str, reason: Mapping[str, Any]) -> None:
        """Write why a file is in quarantine; nothing happens if that is told already."""
        name = hashlib.sha256(f"{file}|{digest}".encode(errors="surrogateescape")).hexdigest()[:32]
        path = self.root / "quarantine" / f"{name}.json"
        content = (json.dumps(reason, indent=1) + "\n").encode()
        if not path.is_file() or path.read_bytes() != content:
            write_file(path, content, self.work)


def _runs_in(folder: Path) -> tuple[Path, ...]:
    try:
        found = [path for path in folder.iterdir() if RUN_NAME.fullmatch(path.name)]
    except FileNotFoundError:
        return ()
    return tuple(sorted(found, key=lambda path: int(path.name)))


def is_store(root: Path) -> bool:
    """Whether a folder is a store, and may be read."""
    try:
        return (root / MARK).is_file()
    except OSError:
        return False


def run_of(path: Path) -> Path:
    """Return a run directory as it is; a store stands for its current run.

    Raises
    ------
    UsageError
        If the store has none.
    """
    if not is_store(path):
        return path
    newest = open_store(path).newest
    if newest is None:
        raise UsageError(
            f"{path}: is a store without a run; expected one that `equirank refresh` has published."
        )
    return newest


def open_store(root: Path) -> Store:
    """Return a store to read from.

    Raises
    ------
    StoreError
        If it has runs, and has lost its key.
    UsageError
        If the folder is none, or one of another version.
    """
    if not is_store(root):
        if Store(root=root).runs:
            raise StoreError(_lost_mark(root))
        raise UsageError(
            f"--store {root}: is no store; expected a folder that `equirank refresh` made. Correct it."
        )
    read_mark(root)
    return Store(root=root)


def read_mark(root: Path) -> Mapping[str, str]:
    """Return the format of a store, and what keys its hashes.

    Raises
    ------
    StoreError
        If the file that holds them is damaged.
    UsageError
        If the store is one of another version.
    """
    place = root / MARK
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        mark = {"format": str(found["format"]), "salt": str(found.get("salt", ""))}
        is_whole = bool(bytes.fromhex(mark["salt"])) or mark["format"] != STORE_FORMAT
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        remedy = "`equirank repair --store DIR` makes it again; the next night then reads every file."
        raise StoreError(Fault(str(place), "it is damaged", "the format and the key of a store", remedy))
    if mark["format"] != STORE_FORMAT:
        raise UsageError(
            f"--store {root}: found the format {mark['format']!r}; expected {STORE_FORMAT!r}. Use the "
            "version of equirank that made it, or another folder."
        )
    return mark


def _lost_mark(root: Path) -> Fault:
    remedy = "`equirank repair --store DIR` makes it again; the next night reads every file."
    return Fault(str(root / MARK), "it is lost", "the format and the key of a store with runs", remedy)


@contextmanager
def writing(root: Path) -> Iterator[Store]:
    """Yield a store to write to, made if it is not there; nobody else writes meanwhile.

    Raises
    ------
    LockedError
        If another process has it.
    StoreError
        If the disk does not take what is written, or the store has lost its key.
    UsageError
        If the folder is something else.
    """
    with locked(root) as store:
        if not is_store(root):
            if store.runs:
                raise StoreError(_lost_mark(root))
            sync_folder(root)
            write_mark(store)
        read_mark(root)
        yield store


@contextmanager
def locked(root: Path) -> Iterator[Store]:
    """Yield the folders of a store, made if they are not there and without what a killed writer has left.

    The lock is the system's own: that of a dead process is free.
    """
    from filelock import FileLock, Timeout

    try:
        _refuse_foreign(root)
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(root / LOCK, blocking=False, mode=0o600)
        with lock:
            yield _prepared(root)
    except Timeout:
        raise LockedError(
            f"--store {root}: another process is writing to it; expected no other one. Wait until it "
            "ends, or try again later."
        ) from None
    except PermissionError as error:
        place = error.filename or root
        remedy = f"Run as the owner of the store, or let an administrator run chown -R USER {root}."
        found = "you may not write to it"
        raise StoreError(Fault(f"--store {place}", found, "a store that belongs to you", remedy)) from None
    except OSError as error:
        raise StoreError(
            f"--store {root}: cannot be written ({error.strerror or type(error).__name__}); expected a disk "
            "that works and has room. What was published before is untouched; make room, or repair the "
            "disk."
        ) from None


def _refuse_foreign(root: Path) -> None:
    if root.is_dir() and not is_store(root):
        foreign = {path.name for path in root.iterdir()} - OWN
        if foreign:
            raise UsageError(
                f"--store {root}: is a folder with other files in it; expected a new folder or a store. "
                "Choose a name."
            )
    elif root.exists() and not root.is_dir():
        raise UsageError(f"--store {root}: is no folder; expected a new folder or a store. Choose a name.")


def _prepared(root: Path) -> Store:
    for name in FOLDERS:
        (root / name).mkdir(exist_ok=True, mode=0o700)
    store = Store(root=root)
    for left in store.work.iterdir():  # of a run that was killed; it may hold microdata
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
    return store


def write_mark(store: Store) -> None:
    """Write the format of a store and a new key for its hashes."""
    mark = {"format": STORE_FORMAT, "salt": secrets.token_hex(32)}
    write_file(store.root / MARK, json.dumps(mark).encode(), store.work)
