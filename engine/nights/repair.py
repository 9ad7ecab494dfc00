"""Finds all damage of a store, and rebuilds from what is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.data.part import read_part
from engine.durable import remove_folder
from engine.errors import StoreError, UsageError
from engine.nights.catalog import CATALOG, is_current, rebuild
from engine.store.layout import MARK, Store, is_store, locked, read_mark, write_mark
from engine.store.ledger import file_entries, task_entries
from engine.store.manifests import read_manifest
from engine.store.run_damage import run_damage


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A file or folder of a store that is not what was written.

    Attributes
    ----------
    path
        Where it is.
    found
        What is wrong with it.
    cure
        What `repair` does about it.
    """

    path: Path
    found: str
    cure: str

    def __str__(self) -> str:
        return f"{self.path}: {self.found}"


def store_damage(root: Path) -> list[Damage]:
    """Return all damage of a store: its mark, runs, parts, rows of analyses, reasons, catalog.

    Raises
    ------
    UsageError
        If the folder is no store.
    """
    store = Store(root=root)
    if not is_store(root) and not store.runs:
        raise UsageError(
            f"--store {root}: is no store; expected a folder that `equirank refresh` made. Correct it."
        )
    found = [*_of_mark(store), *_of_runs(store), *_of_parts(store), *_of_tasks(store), *_of_reasons(store)]
    if store.runs and not is_current(store):
        found.append(Damage(path=root / CATALOG, found="does not hold the runs", cure="built again"))
    return found


def _of_mark(store: Store) -> Iterator[Damage]:
    try:
        read_mark(store.root)
    except StoreError:
        cure = "made again; the next night reads every file"
        yield Damage(path=store.root / MARK, found="it is lost or damaged", cure=cure)


def _of_runs(store: Store) -> Iterator[Damage]:
    for run in store.runs:
        damage = run_damage(run)
        if damage is not None:
            yield Damage(path=run, found=damage, cure="set aside")


def _newest_whole(store: Store) -> Path | None:
    return next((run for run in reversed(store.runs) if run_damage(run) is None), None)


def _of_parts(store: Store) -> Iterator[Damage]:
    run = _newest_whole(store)
    for entry in () if run is None else file_entries(read_manifest(run)).values():
        if entry.version is None:
            continue
        folder, cure = store.parts / entry.version.part, "removed; the next night reads its file again"
        part = read_part(folder)
        if part is None:
            yield Damage(path=folder, found=f"the records of {entry.file} are lost", cure=cure)
        elif not part.is_intact:
            found = f"the records of {entry.file} are not what was written"
            yield Damage(path=folder, found=found, cure=cure)


def _of_tasks(store: Store) -> Iterator[Damage]:
    run = _newest_whole(store)
    for entry in () if run is None else task_entries(read_manifest(run)).values():
        if entry.key is None:
            continue
        path, cure = store.tasks / f"{entry.key}.parquet", "removed; the next night computes them again"
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            yield Damage(path=path, found=f"the rows of '{entry.name}' are lost", cure=cure)
            continue
        if digest != entry.sha256:
            yield Damage(path=path, found=f"the rows of '{entry.name}' are not what was written", cure=cure)


def _of_reasons(store: Store) -> Iterator[Damage]:
    folder = store.root / "quarantine"
    for path in sorted(folder.glob("*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            yield Damage(path=path, found="the reason of a quarantine cannot be read", cure="removed")


def repair(root: Path) -> Sequence[Damage]:
    """Rebuild a store from what is whole, and return the damage that was there.

    Damaged runs are set aside in ``damaged/``. What can be made again from the inbox is removed; the next
    night makes it.

    Raises
    ------
    UsageError, LockedError, StoreError
        If the folder is no store, somebody is writing to it, or its disk fails.
    """
    found = store_damage(root)
    if not found:
        return found
    with locked(root) as store:
        for damage in found:
            _cure(store, damage.path)
        if store.runs and not is_current(store):
            rebuild(store)
    return found


def _cure(store: Store, path: Path) -> None:
    if path == store.root / MARK:
        write_mark(store)
        for folder in store.parts.iterdir():  # their hashes were keyed by what is lost
            remove_folder(folder, store.work)
    elif path.parent == store.root / "runs":
        store.set_run_aside(path)
    elif path.is_dir():
        remove_folder(path, store.work)
    elif path.name != CATALOG:
        path.unlink(missing_ok=True)
