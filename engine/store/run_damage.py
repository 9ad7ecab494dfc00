"""Whether a published run is what was published."""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine.errors import StoreError
from engine.store.layout import Store
from engine.store.manifests import read_manifest
from engine.store.run_directory import RESULTS


def run_damage(run: Path) -> str | None:
    """Return what is wrong with a run of a store, None if it is whole."""
    try:
        manifest = read_manifest(run)
    except StoreError as error:
        return "its manifest is damaged" if error.fault is None else f"manifest.json: {error.fault.found}"
    try:
        digest = hashlib.sha256((run / RESULTS).read_bytes()).hexdigest()
    except OSError as error:
        return f"{RESULTS} cannot be read ({type(error).__name__})"
    return None if digest == manifest["results_sha256"] else f"{RESULTS} is not the file that was published"


def set_damaged_runs_aside(store: Store, *, all_runs: bool) -> dict[str, str]:
    """Move damaged runs out of the way and return name -> what is wrong; by default only current ones."""
    aside = {}
    for run in reversed(store.runs):
        damage = run_damage(run)
        if damage is not None:
            store.set_run_aside(run)
            aside[run.name] = damage
        elif not all_runs:
            break
    return aside
