"""Makes an earlier run of a store the current one again, by publishing its results once more."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from engine.errors import Fault, UsageError
from engine.nights.catalog import rebuild
from engine.nights.changes import change_report
from engine.store.compare import compare
from engine.store.layout import CHANGES, locked, open_store, read_mark
from engine.store.manifests import MANIFEST, read_manifest
from engine.store.run_damage import run_damage
from engine.store.run_directory import read_run


def rollback(root: Path, to: str | None = None) -> Path:
    """Publish an earlier run again, and return the new one: the same rows, the same date, a new number.

    No published run changes. The next night computes anew what the inbox and the study ask for.

    Parameters
    ----------
    root
        The store.
    to
        The run; by default the one before the current one.

    Raises
    ------
    UsageError
        If there is no such run, or it is damaged.
    StoreError
        If the store has lost its key.
    """
    open_store(root)
    with locked(root) as store:
        read_mark(root)
        names = [run.name for run in store.runs]
        wanted = to if to is not None else (names[-2] if len(names) > 1 else None)
        if wanted not in names[:-1]:
            known = f"one of {', '.join(names[:-1])}" if names[1:] else "a store with two runs or more"
            raise UsageError(Fault(f"--to {wanted}", "is no earlier run of the store", known, "Name one."))
        chosen, last = root / "runs" / str(wanted), store.runs[-1]
        damage = run_damage(chosen)
        if damage is not None:
            raise UsageError(Fault(str(chosen), damage, "a run without damage", "Name another one."))
        working = Path(tempfile.mkdtemp(prefix="run-", dir=store.work))
        shutil.copytree(chosen, working, dirs_exist_ok=True, copy_function=shutil.copyfile)
        earlier = read_manifest(last)
        manifest = {**read_manifest(chosen), "run_before": last.name, "rolled_back_to": wanted}
        text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
        (working / MANIFEST).write_text(text + "\n", encoding="utf-8")
        differences = compare(read_run(last).results, read_run(chosen).results)
        report = change_report(earlier, manifest, differences)
        told = f"Rolled back from run {last.name} to run {wanted}.\n\n{report}"
        (working / CHANGES).write_text(told, encoding="utf-8")
        run = store.publish(working)
        rebuild(store)
    return run
