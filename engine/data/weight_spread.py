"""How unequal the weights of a sample are: with few heavy records its estimates are about few people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.data import queries
from engine.data.records import Records

if TYPE_CHECKING:
    import duckdb

MOST = 0.5  # of all weights
NAME = "weight_spread"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSpread:
    """How unequal weights are.

    Attributes
    ----------
    has_heavy_record
        Whether one record has more than half of all weights.
    variation
        Standard deviation of the weights above 0, over their mean.
    effective
        So many records of equal weight tell as much of a mean (Kish 1965).
    """

    has_heavy_record: bool
    variation: float
    effective: float


def weight_spread(
    records: Records, condition: str, connection: duckdb.DuckDBPyConnection
) -> WeightSpread | None:
    """Return how unequal the weights of the records are for which a condition holds; None without weights."""
    import polars as pl

    if records.keeps_answers:
        answers = [pl.read_parquet(answer) for answer in records.ask(connection, NAME, condition)]
        found = [row for answer in answers for row in answer.rows()]
    else:
        found = queries.rows(connection, NAME, {"panel": records.opened()}, condition)
    parts = [row for row in found if row[0] is not None]
    if not parts:
        return None
    total, squares, n = (sum(row[k] or 0 for row in parts) for k in (1, 2, 3))
    effective = total * total / squares if squares > 0.0 else float(n)
    return WeightSpread(
        has_heavy_record=any(row[0] > MOST * total for row in parts),
        variation=math.sqrt(max(n / effective - 1.0, 0.0)) if effective > 0.0 else 0.0,
        effective=effective,
    )
