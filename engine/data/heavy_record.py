"""Whether one record of a sample has most of the weight: then the estimates are about one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.data import queries
from engine.data.records import Records

if TYPE_CHECKING:
    import duckdb

MOST = 0.5  # of all weights
NAME = "weight_extremes"


def has_heavy_record(records: Records, condition: str, connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether one of the records for which a condition holds has more than half of their weights."""
    import polars as pl

    if records.keeps_answers:
        answers = [pl.read_parquet(answer) for answer in records.ask(connection, NAME, condition)]
        found = [row for answer in answers for row in answer.rows()]
    else:
        found = queries.rows(connection, NAME, {"panel": records.opened()}, condition)
    extremes = [(largest, total) for largest, total in found if largest is not None]
    return any(largest > MOST * sum(total for _, total in extremes) for largest, _ in extremes)
