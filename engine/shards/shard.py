"""A shard: a folder with a share of a run, facts as JSON, rows and replicates of each task as Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.batch.failures import Failure
from engine.errors import DataError, EstimationError, UsageError
from engine.estimators.replicates.intervals import VarianceRule
from engine.estimators.replicates.pending_rows import EstimateRow, Estimates, PendingRow
from engine.estimators.replicates.settings import Share
from engine.results import TidyRow
from engine.results.rows import COLUMNS, to_frame

if TYPE_CHECKING:
    import polars as pl

SHARD_FORMAT = "equirank-shard-5"
FACTS = "shard.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A share of a run, computed.

    Attributes
    ----------
    share
        Which share.
    facts
        The manifest as far as it does not depend on results, and ``waves``, those of the sample.
    estimated
        Number of the task -> its rows, with the replicates of this share.
    failures
        Number of the task -> why it failed.
    """

    share: Share
    facts: Mapping[str, Any]
    estimated: Mapping[int, Estimates]
    failures: Mapping[int, Failure]


def write_shard(shard: Shard, folder: Path) -> None:
    """Write a shard into an empty folder."""
    plans: dict[int, list[Any]] = {}
    for number, estimated in shard.estimated.items():
        plans[number] = []
        for place, one in enumerate(estimated.completed or (estimated,)):
            _frame(one).write_parquet(folder / _file_of_task(number, place), compression="zstd")
            rule = one.variance_rule
            plans[number].append(rule and {**asdict(rule), "factors": rule.factors.tolist()})
    share = {"number": shard.share.number, "of": shard.share.of}
    failures = {number: [one.exit_code, str(one)] for number, one in shard.failures.items()}
    facts = {"format": SHARD_FORMAT, **share, "plans": plans, "failures": failures, **shard.facts}
    (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")


def read_shard(folder: Path) -> Shard:
    """Read a shard.

    Raises
    ------
    UsageError
        If the folder holds none.
    """
    import polars as pl

    try:
        facts = _facts(folder)
        share, plans = Share(number=facts.pop("number"), of=facts.pop("of")), facts.pop("plans")
        estimated = {int(number): _estimated_of(folder, int(number), own) for number, own in plans.items()}
        failures = {int(number): _failure(*one) for number, one in facts.pop("failures").items()}
        return Shard(share=share, facts=facts, estimated=estimated, failures=failures)
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
        raise UsageError(
            f"{folder}: is no shard of a run; expected a folder that `equirank run --shard` wrote. Name the "
            "right one."
        ) from None


def _failure(exit_code: int, why: str) -> Failure:
    return DataError(why) if exit_code == DataError.exit_code else EstimationError(why)


def _facts(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    if facts.pop("format") != SHARD_FORMAT:
        raise ValueError(SHARD_FORMAT)
    return facts


def is_shard_of(folder: Path, share: Share) -> bool:
    """Whether a folder holds an earlier result of this share and nothing else."""
    try:
        names = [path.name for path in folder.iterdir()]
        return all(name == FACTS or name.startswith("task-") for name in names) and (
            read_shard(folder).share == share
        )
    except (OSError, UsageError):
        return False


def _file_of_task(number: int, place: int) -> str:
    """Return the file of a task in one of several completed data sets, or in the only data set there is."""
    return f"task-{number:04d}-{place:04d}.parquet"


_REPLICATED_FIELDS = tuple(field.name for field in fields(PendingRow) if field.name != "row")


def _frame(estimated: Estimates) -> pl.DataFrame:
    """Return the rows as a frame; what a row keeps for its replicates stands in columns called ``of_...``."""
    import polars as pl

    rows = to_frame(entry.row if isinstance(entry, PendingRow) else entry for entry in estimated.entries)
    types: dict[str, Any] = {
        "values": pl.List(pl.Float64),
        "interval": pl.String,
        "degrees": pl.Int64,
        "acceleration": pl.Float64,
        "errors": pl.List(pl.Float64),
        "std_error": pl.Float64,
        "null": pl.Float64,
    }
    columns = [
        pl.Series(f"of_{name}", [_plain(entry, name) for entry in estimated.entries], types[name])
        for name in _REPLICATED_FIELDS
    ]
    return rows.with_columns(columns)


def _plain(entry: EstimateRow, name: str) -> Any:  # noqa: ANN401 - a field of a replicated row
    if not isinstance(entry, PendingRow):
        return None
    value = getattr(entry, name)
    return value.tolist() if isinstance(value, np.ndarray) else value


def _estimated_of(folder: Path, number: int, plans: Sequence[Mapping[str, Any] | None]) -> Estimates:
    each = [_estimated(folder / _file_of_task(number, place), plan) for place, plan in enumerate(plans)]
    return each[0] if len(each) == 1 else Estimates(completed=tuple(each))


def _estimated(path: Path, plan: Mapping[str, Any] | None) -> Estimates:
    import polars as pl

    entries = tuple(_entries(pl.read_parquet(path, glob=False)))
    if plan is None:
        return Estimates(entries=entries)
    factors = np.array(plan["factors"], float)
    return Estimates(entries=entries, variance_rule=VarianceRule(**{**plan, "factors": factors}))


def _entries(frame: pl.DataFrame) -> Iterator[EstimateRow]:
    for record in frame.iter_rows(named=True):
        row = TidyRow(**{name: record[name] for name in COLUMNS})
        if record["of_interval"] is None:
            yield row
            continue
        kept = {name: record[f"of_{name}"] for name in _REPLICATED_FIELDS}
        for name in ("values", "errors"):
            kept[name] = None if kept[name] is None else np.array(kept[name], float)
        yield PendingRow(row=row, **kept)
