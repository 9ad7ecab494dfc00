"""Reads the manifests of runs, and finds out whether one is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import Fault, StoreError
from engine.store.ledger import file_entries, task_entries

MANIFEST = "manifest.json"
NEEDED: Mapping[str, type | tuple[type, ...]] = {
    "study": dict,
    "simulated": bool,
    "seed": int,
    "method": str,
    "sources": list,
    "sample_flow": list,
    "missing": dict,
    "warnings": list,
    "created": str,
    "versions": dict,
    "results_sha256": str,
}
OF_STUDY: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "title": (str, type(None)),
    "sha256": str,
    "asked": dict,
}
OF_NIGHT = {"files": list, "tasks": list, "signature": str, "places": dict}


def manifest_damage(manifest: object, *, of_night: bool) -> str | None:
    """Return what is wrong with the content of a manifest, None if it is whole."""
    if not isinstance(manifest, dict):
        return "it holds no table"
    needed = {**NEEDED, **OF_NIGHT} if of_night else NEEDED
    wrong = [name for name, kind in needed.items() if not isinstance(manifest.get(name), kind)]
    wrong += [f"study.{name}" for name in _wrong(manifest.get("study"), OF_STUDY)]
    if wrong:
        return f"it lacks {', '.join(wrong)}"
    if of_night:
        try:
            file_entries(manifest)
            task_entries(manifest)
        except (TypeError, KeyError, AttributeError):
            return "its ledger of files and analyses is not whole"
    return None


def _wrong(table: object, needed: Mapping[str, type | tuple[type, ...]]) -> list[str]:
    if not isinstance(table, dict):
        return []
    return [name for name, kind in needed.items() if not isinstance(table.get(name), kind)]


def read_manifest(run: Path) -> Mapping[str, Any]:
    """Read the manifest of a run of a store.

    Raises
    ------
    StoreError
        If it cannot be read, or is not whole.
    """
    try:
        manifest: dict[str, Any] = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
        damage = manifest_damage(manifest, of_night=True)
    except (OSError, ValueError) as error:
        damage = f"it cannot be read ({type(error).__name__})"
    if damage is not None:
        remedy = "`equirank repair --store DIR` sets this run aside: the one before becomes the current one."
        raise StoreError(Fault(str(run / MANIFEST), damage, "the manifest of a published run", remedy))
    return manifest
