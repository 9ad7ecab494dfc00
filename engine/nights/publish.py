"""Writes the run of a night beside its place, with what it changed, and moves it there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.batch.run import scorecard_of
from engine.nights.ledger import FAILED, QUARANTINED, WAITING, FileEntry, TaskEntry, signature
from engine.results import TidyRow, to_frame
from engine.store.changes import change_report
from engine.store.compare import Differences, compare
from engine.store.layout import Store, read_manifest
from engine.store.run_directory import read_run, write_run
from engine.study import StudySpec
from engine.study.load import study_hash

CHANGES = "changes.md"


def publish(
    spec: StudySpec,
    files: Sequence[FileEntry],
    tasks: Sequence[TaskEntry],
    rows: Sequence[TidyRow],
    manifest: Mapping[str, Any],
    store: Store,
) -> tuple[Path, Differences | None]:
    """Publish a run and return it with its differences from the one before, None if it is the first."""
    told = {
        **manifest,
        "warnings": [*_warnings(files, tasks), *manifest["warnings"]],
        "files": [file.as_dict() for file in files],
        "tasks": [task.as_dict() for task in tasks],
        "signature": signature(study_hash(spec), manifest["places"], files, tasks),
        "run_before": None if store.newest is None else store.newest.name,
    }
    frame, earlier, differences = to_frame(rows), None, None
    if store.newest is not None:
        earlier = read_manifest(store.newest)
        differences = compare(read_run(store.newest).results, frame)
    working = Path(tempfile.mkdtemp(prefix="run-", dir=store.work))
    write_run(working, frame, told, scorecard_of(spec, tuple(rows), simulated=manifest["simulated"]))
    (working / CHANGES).write_text(change_report(earlier, told, differences), encoding="utf-8")
    return store.publish(working), differences


def _warnings(files: Sequence[FileEntry], tasks: Sequence[TaskEntry]) -> list[str]:
    said = [f"{file.file} is in quarantine: {file.reason}" for file in files if file.state == QUARANTINED]
    for task in tasks:
        if task.state == FAILED:
            rows = "its rows are those of an earlier night" if task.key else "it has no rows"
            said.append(f"analysis {task.name} failed, {rows}: {task.why}")
        elif task.state == WAITING:
            said.append(f"analysis {task.name}: {task.why}")
    return said
