"""Joins the shards of a run: the results have the bits of a run in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.batch.failures import failure_warnings, task_states
from engine.batch.released import released
from engine.batch.reporting import write_report_of_new_run
from engine.batch.run import scorecard_of, with_study
from engine.batch.run_result import RunResult
from engine.batch.tasks import tasks_of
from engine.errors import UsageError
from engine.estimators.replicates.pending_rows import join_shares
from engine.results import TidyRow, to_frame
from engine.shards.shard import Shard, read_shard
from engine.store.run_directory import new_run, write_run
from engine.study import StudySpec
from engine.study.load import study_from_dict

SAME = ("study", "simulated", "seed", "method", "sources", "sample_flow", "missing", "waves", "imputations")


def merge_shards(folders: Sequence[Path], out: Path) -> RunResult:
    """Join the shards of a run into its run directory.

    Raises
    ------
    UsageError
        If the folders are not all the shards of one run, or `out` cannot be written.
    """
    return write_joined([read_shard(folder) for folder in folders], out)


def write_joined(shards: Sequence[Shard], out: Path) -> RunResult:
    """Join shards and write their run directory."""
    spec, rows, manifest = join_shards(shards)
    rows, manifest = released(spec, with_study(rows, spec, simulated=manifest["simulated"]), manifest)
    with new_run(out, spec.study.name) as folder:
        scorecard = scorecard_of(spec, rows, simulated=manifest["simulated"])
        write_run(folder, to_frame(rows), manifest, scorecard)
        write_report_of_new_run(folder)
    return RunResult(path=out, rows=rows, manifest=manifest)


def join_shards(shards: Sequence[Shard]) -> tuple[StudySpec, tuple[TidyRow, ...], dict[str, Any]]:
    """Return study, rows and manifest of the run that the shards belong to.

    Raises
    ------
    UsageError
        If a shard is missing or there twice, or they belong to different runs.
    EstimationError
        If every analysis failed.
    """
    ordered = sorted(shards, key=lambda shard: shard.share.number)
    _refuse_other_runs(ordered)
    facts = ordered[0].facts
    spec = study_from_dict(facts["study"]["asked"])
    rows: list[TidyRow] = []
    tasks = tasks_of(spec, facts["waves"])
    failures = {tasks[number].name: why for shard in ordered for number, why in shard.failures.items()}
    states = task_states(tasks, failures)
    for number, task in enumerate(tasks):
        if task.name in failures:
            continue
        estimates = [shard.estimated[number] for shard in ordered if number in shard.estimated]
        try:
            rows += task.rows(join_shares(estimates))
        except (ValueError, IndexError):
            raise UsageError(
                f"merge: the shards hold different rows of '{task.name}'; expected shards of one run. "
                "Compute them again."
            ) from None
    manifest = {key: value for key, value in facts.items() if key != "waves"}
    manifest["warnings"] = [*failure_warnings(states), *facts["warnings"]]
    manifest["tasks"] = states
    return spec, tuple(rows), {**manifest, "shards": len(ordered)}


def _refuse_other_runs(ordered: Sequence[Shard]) -> None:
    if not ordered:
        raise UsageError("merge: found no shard; expected those of a run. Name their folders.")
    first = ordered[0]
    for shard in ordered[1:]:
        different = [key for key in SAME if shard.facts.get(key) != first.facts.get(key)]
        if different or shard.share.of != first.share.of:
            what = ", ".join(different) or "number of shards"
            raise UsageError(
                f"merge: shard {shard.share.number} has another {what} than shard {first.share.number}; "
                "expected shards of one run. Compute them from the same study and files with the same "
                "version."
            )
    numbers = [shard.share.number for shard in ordered]
    if numbers != [*range(1, first.share.of + 1)]:
        raise UsageError(
            f"merge: found the shards {', '.join(map(str, numbers))}; expected each of 1 to {first.share.of} "
            "once. Compute the missing ones, or leave out what is there twice."
        )
