"""Runs in parts: each makes some of the replicates and some of the other analyses, and joined they are one run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.batch.manifest import make_manifest, row_warnings
from engine.batch.reporter import Reporter
from engine.batch.tasks import Task, tasks_of
from engine.errors import UsageError
from engine.estimators.replicates.intervals import VarianceRule
from engine.estimators.replicates.pending_rows import EstimateRow, Estimates, PendingRow, join_shares
from engine.estimators.replicates.settings import Share
from engine.results import TidyRow
from engine.results.rows import COLUMNS, to_frame
from engine.study import StudySpec
from engine.study.analyses import REPLICATED
from engine.study.load import stored_study

if TYPE_CHECKING:
    import polars as pl

    from engine.data.sources import SourceFile

SHARD_FORMAT = "equirank-shard-1"
SHARD = "shard.json"
SAME = ("study", "simulated", "seed", "method", "sources", "sample_flow", "missing", "waves")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A part of a run.

    Attributes
    ----------
    share
        Which.
    facts
        The manifest as far as it does not depend on results, and ``waves``, those of the sample.
    estimated
        Number of the task -> its rows, with the replicates of this part.
    """

    share: Share
    facts: Mapping[str, Any]
    estimated: Mapping[int, Estimates]


def make_shard(
    spec: StudySpec,
    files: Sequence[SourceFile],
    share: Share,
    threads: int | None,
    reporter: Reporter | None = None,
) -> Shard:
    """Compute a part of a study."""
    from engine.batch.kinds import run_task
    from engine.batch.run import is_simulated, make_context, prepare

    reporter = reporter or Reporter()
    with TemporaryDirectory(prefix="equirank-") as scratch:
        panel, sample = prepare(spec, files, Path(scratch), threads, reporter)
        context = replace(make_context(spec, panel, sample, threads, reporter), share=share)
        waves = context.reader.waves
        estimated = {}
        for number, task in enumerate(tasks_of(spec, waves)):
            if _has_replicates(task) or number % share.of == share.number - 1:
                reporter.start_analysis(task.name)
                estimated[number] = run_task(task, context)
        simulated = is_simulated(panel)
        facts = make_manifest(spec, panel, sample, (), simulated=simulated, left_out=None, timings={})
    return Shard(share=share, facts={**facts, "waves": [*waves]}, estimated=estimated)


def _has_replicates(task: Task) -> bool:
    bootstrap = task.analysis.bootstrap if isinstance(task.analysis, REPLICATED) else None
    return bootstrap is not None and (bootstrap.replicates > 0 or bootstrap.method == "jackknife")


def join_shards(shards: Sequence[Shard]) -> tuple[StudySpec, tuple[TidyRow, ...], dict[str, Any]]:
    """Return study, rows and manifest of the run that the parts are of.

    Raises
    ------
    UsageError
        If a part is missing or there twice, or they are of different runs.
    """
    ordered = sorted(shards, key=lambda shard: shard.share.number)
    _refuse_strangers(ordered)
    facts = ordered[0].facts
    spec = stored_study(facts["study"]["asked"])
    rows: list[TidyRow] = []
    for number, task in enumerate(tasks_of(spec, facts["waves"])):
        parts = [shard.estimated[number] for shard in ordered if number in shard.estimated]
        try:
            rows += task.rows(join_shares(parts))
        except (ValueError, IndexError):
            raise UsageError(
                f"merge: the parts tell different things of '{task.name}'; expected parts of one run. Compute them "
                "again."
            ) from None
    manifest = {key: value for key, value in facts.items() if key != "waves"}
    manifest["warnings"] = [*facts["warnings"], *row_warnings(rows)]
    return spec, tuple(rows), {**manifest, "shards": len(ordered)}


def _refuse_strangers(ordered: Sequence[Shard]) -> None:
    if not ordered:
        raise UsageError("merge: found no part; expected those of a run. Name their folders.")
    first = ordered[0]
    for shard in ordered[1:]:
        different = [key for key in SAME if shard.facts[key] != first.facts[key]]
        if different or shard.share.of != first.share.of:
            what = ", ".join(different) or "number of parts"
            raise UsageError(
                f"merge: part {shard.share.number} has another {what} than part {first.share.number}; expected parts "
                "of one run. Compute them from the same study and files with the same version."
            )
    numbers = [shard.share.number for shard in ordered]
    if numbers != [*range(1, first.share.of + 1)]:
        raise UsageError(
            f"merge: found the parts {', '.join(map(str, numbers))}; expected each of 1 to {first.share.of} once. "
            "Compute the missing ones, or leave out what is there twice."
        )


def write_shard(shard: Shard, folder: Path) -> None:
    """Write a part into an empty folder: facts as JSON, rows and replicates of each task as Parquet."""
    plans = {}
    for number, estimated in shard.estimated.items():
        _frame(estimated).write_parquet(folder / f"task-{number:04d}.parquet", compression="zstd")
        rule = estimated.variance_rule
        plans[number] = rule and {"name": rule.name, "centre": rule.centre, "factors": rule.factors.tolist()}
    told = {
        "format": SHARD_FORMAT,
        "number": shard.share.number,
        "of": shard.share.of,
        "plans": plans,
        **shard.facts,
    }
    (folder / SHARD).write_text(json.dumps(told), encoding="utf-8")


def read_shard(folder: Path) -> Shard:
    """Read a part.

    Raises
    ------
    UsageError
        If the folder holds none.
    """
    import polars as pl

    try:
        told = json.loads((folder / SHARD).read_text(encoding="utf-8"))
        _require(told.pop("format") == SHARD_FORMAT)
        share, plans = Share(number=told.pop("number"), of=told.pop("of")), told.pop("plans")
        estimated = {
            int(number): Estimates(
                entries=tuple(
                    _entries(pl.read_parquet(folder / f"task-{int(number):04d}.parquet", glob=False))
                ),
                variance_rule=plan and VarianceRule(**{**plan, "factors": np.array(plan["factors"], float)}),
            )
            for number, plan in plans.items()
        }
        return Shard(share=share, facts=told, estimated=estimated)
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
        raise UsageError(
            f"{folder}: is no part of a run; expected a folder that `equirank run --shard` wrote. Name the right one."
        ) from None


def _require(whether: bool) -> None:  # noqa: FBT001 - a condition
    if not whether:
        raise ValueError


_EXTRA = tuple(field.name for field in fields(PendingRow) if field.name != "row")


def _frame(estimated: Estimates) -> pl.DataFrame:
    import polars as pl

    rows = to_frame(entry.row if isinstance(entry, PendingRow) else entry for entry in estimated.entries)
    kinds: dict[str, Any] = {
        "values": pl.List(pl.Float64),
        "interval": pl.String,
        "degrees": pl.Int64,
        "acceleration": pl.Float64,
        "errors": pl.List(pl.Float64),
        "std_error": pl.Float64,
    }
    columns = [
        pl.Series(
            f"of_{name}",
            [_plain(getattr(entry, name, None), entry) for entry in estimated.entries],
            kinds[name],
        )
        for name in _EXTRA
    ]
    return rows.with_columns(columns)


def _plain(value: Any, entry: EstimateRow) -> Any:  # noqa: ANN401 - a field of a replicated row
    if not isinstance(entry, PendingRow):
        return None
    return value.tolist() if isinstance(value, np.ndarray) else value


def _entries(frame: pl.DataFrame) -> Iterator[EstimateRow]:
    for told in frame.iter_rows(named=True):
        row = TidyRow(**{name: told[name] for name in COLUMNS})
        if told["of_interval"] is None:
            yield row
            continue
        more = {name: told[f"of_{name}"] for name in _EXTRA}
        more["values"] = np.array(more["values"], float)
        more["errors"] = None if more["errors"] is None else np.array(more["errors"], float)
        yield PendingRow(row=row, **more)
