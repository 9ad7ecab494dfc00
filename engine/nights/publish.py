"""Writes the run of a night beside its place, with what it changed, and moves it there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.batch.released import released
from engine.batch.reporting import write_report_of_new_run
from engine.batch.run import scorecard_of
from engine.nights.changes import change_report
from engine.nights.night import Night, NightJob
from engine.results import TidyRow, to_frame
from engine.store.compare import Differences, compare
from engine.store.layout import CHANGES
from engine.store.ledger import FAILED, QUARANTINED, WAITING, signature
from engine.store.manifests import read_manifest
from engine.store.run_damage import run_damage
from engine.store.run_directory import StoredRun, read_run, write_run
from engine.study.load import study_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """The results of a night before they are published: tidy rows, and the manifest without the ledger."""

    rows: tuple[TidyRow, ...]
    manifest: Mapping[str, Any]


def publish(job: NightJob, night: Night, new: NewRun) -> tuple[Path, Differences | None]:
    """Publish a run; return it with its differences from the one before, None if it is the first."""
    spec, store, last = job.spec, job.store, job.store.newest
    before = None if last is None else read_run(last)
    manifest: dict[str, Any] = {
        **new.manifest,
        "places": job.places,
        "warnings": [*_warnings(night), *new.manifest["warnings"]],
        "files": [file.as_dict() for file in night.files],
        "tasks": [task.as_dict() for task in night.tasks],
        "signature": signature(study_hash(spec), job.places, night.files, night.tasks),
        "run_before": None if last is None else last.name,
    }
    damaged: list[str] = []
    rows, manifest = released(spec, new.rows, manifest, _whole_runs(store.runs, damaged))
    manifest["warnings"] = [*(_not_compared(name) for name in damaged), *manifest["warnings"]]
    results = to_frame(rows)
    earlier = None if last is None else read_manifest(last)
    differences = None if before is None else compare(before.results, results)
    working = Path(tempfile.mkdtemp(prefix="run-", dir=store.work))
    scorecard = scorecard_of(spec, rows, simulated=manifest["simulated"])
    write_run(working, results, manifest, scorecard)
    report = change_report(earlier, manifest, differences)
    (working / CHANGES).write_text(report, encoding="utf-8")
    write_report_of_new_run(working)
    return store.publish(working), differences


def _whole_runs(runs: Sequence[Path], damaged: list[str]) -> Iterator[StoredRun]:
    """Yield the runs that were published before, the newest first; those that are damaged are named."""
    for run in reversed(runs):
        if run_damage(run) is None:
            yield read_run(run)
        else:
            damaged.append(run.name)


def _not_compared(name: str) -> str:
    return f"run {name} is damaged: what differs from its numbers by few people is not withheld"


def _warnings(night: Night) -> Iterator[str]:
    for file in night.files:
        if file.state == QUARANTINED:
            yield f"{file.file} is in quarantine: {file.reason}"
    for task in night.tasks:
        if task.state == FAILED:
            rows = "its rows are those of an earlier night" if task.key else "it has no rows"
            yield f"analysis {task.name} failed, {rows}: {task.why}"
        elif task.state == WAITING:
            yield f"analysis {task.name}: {task.why}"
