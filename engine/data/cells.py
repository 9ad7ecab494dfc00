"""Sample -> cells: rows alike in all that a statistic looks at, added up by DuckDB.

A cell stands for its rows by their number, the sum of their weights and the sum of their squared weights.
These sums are of whole numbers: they are the same for any order of the rows and any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.data import queries, records
from engine.data.cell_key import CellKey
from engine.data.design_columns import DESIGN_PREFIX
from engine.errors import DataError, Fault
from engine.study import StudySpec

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from engine.arrays import FloatArray
    from engine.data.sample import Sample

ROWS, SQUARES = "cell_rows", "cell_weight_squares"
WITHOUT_WEIGHT = "without_weight"  # of the facts about a part: rows with a weight of 0, that are in no cell
SUMS = ("cell_weight_high", "cell_weight_low", "cell_square_high", "cell_square_low")
_WEIGHT = f"{DESIGN_PREFIX}weight"
MOST_CELLS = 0.5  # a row: with more, grouping costs more than it saves
_BITS = 62  # of a scaled weight
_HIGH = 40  # bits of the lower half of a sum
_LARGEST_EXPONENT = 300
_STEP = 8  # of the exponent: a weight keeps 54 bits or more
_CELLS_A_MARK = 64  # of cell_facts.sql


def read_cells(
    spec: StudySpec, sample: Sample, key: CellKey, waves: Sequence[str] | None
) -> pl.DataFrame | None:
    """Return the cells of a sample, in some of its waves; None if its rows are better read as they are.

    The choice depends on nothing but the records, however they are divided into files: small samples, those
    with nearly as many cells as rows, and those with unusable weights or ids are read as rows.
    """
    if sample.n < records.FEWEST_ROWS and not sample.cells_only:
        return None
    condition = sample.condition if waves is None else f"({sample.condition}) AND {_in_waves(waves)}"
    with queries.database(sample.threads) as connection:
        asked = _Asked(connection=connection, sample=sample, condition=condition, key=key, spec=spec)
        facts = _facts(asked)
        exponent = _exponent(sample, facts)
        if exponent is None:
            return None
        if sample.cells_only and int(facts["sample_rows"].sum()) != sample.n:
            raise _disagreement("cells")
        frame = _joined(asked, facts, math.ldexp(1.0, _BITS - exponent))
    ids = (f"{DESIGN_PREFIX}stratum", f"{DESIGN_PREFIX}cluster")
    if any(frame[name].has_nulls() for name in ids if name in frame.columns):
        return None  # the error that follows counts rows
    frame = _with_sums(frame, exponent)
    if sample.cells_only and not key.is_weighted(spec):
        each_is_one = (frame[ROWS] == frame[_WEIGHT]) & (frame[ROWS] == frame[SQUARES])
        if not each_is_one.all():
            raise _disagreement("cells")
    return frame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The rows of a sample for which a condition holds, by a key, and what runs the queries."""

    connection: duckdb.DuckDBPyConnection
    sample: Sample
    condition: str
    key: CellKey
    spec: StudySpec

    @property
    def keys(self) -> str:
        """SQL of the key."""
        return self.key.columns(self.spec)


def _facts(asked: _Asked) -> pl.DataFrame:
    """Return the answers to `cell_facts`, a row for each file."""
    import polars as pl

    answers = asked.sample.records.ask(asked.connection, "cell_facts", asked.condition, keys=asked.keys)
    return pl.concat([pl.read_parquet(answer) for answer in answers])


def _exponent(sample: Sample, facts: pl.DataFrame) -> int | None:
    """Return the power of 2 above all weights, None if rows are better read as they are.

    Powers go in steps of 8, so that a file with a larger weight seldom changes the scale of all others.
    """
    rows, largest = int(facts["sample_rows"].sum()), facts["largest"].max()
    if facts["unusable"].sum() or not isinstance(largest, float) or largest <= 0.0:
        return None
    if sample.largest_weight is not None:
        if largest > sample.largest_weight:
            found, expected = "found a larger weight", f"none above {sample.largest_weight:g}"
            raise DataError(
                Fault("--largest-weight", found, expected, "Give a larger number, at every site.")
            )
        largest = sample.largest_weight
    if not sample.cells_only:
        cells = _CELLS_A_MARK * facts["marks"].explode().drop_nulls().n_unique()
        if rows < records.FEWEST_ROWS or cells > MOST_CELLS * rows:
            return None
    exponent = _STEP * math.ceil(math.frexp(largest)[1] / _STEP)
    return exponent if abs(exponent) <= _LARGEST_EXPONENT else None


def _joined(asked: _Asked, facts: pl.DataFrame, scale: float) -> pl.DataFrame:
    """Return the cells of all files together.

    Those of each file are kept, but where a file has nearly as many cells as rows: such files are added up
    together. Sums of whole numbers are the same either way.
    """
    import polars as pl

    sample, connection = asked.sample, asked.connection
    # A file where nobody meets the condition has no cells: another site can share an answer of any scale.
    inhabited, _ = sample.records.divided([*(facts["sample_rows"] > 0)])
    facts = facts.filter(facts["sample_rows"] > 0)
    few = facts["marks"].list.len().fill_null(0) * _CELLS_A_MARK <= MOST_CELLS * facts["sample_rows"]
    kept, rest = inhabited.divided([sample.cells_only or one for one in few])
    params = {"scale": scale}
    answers = kept.ask(connection, "cells", asked.condition, keys=asked.keys, params=params)
    if sample.cells_only:
        _refuse_other_answers(asked, kept.files, answers, [*facts["sample_rows"]])
    if rest.files:
        answers.append(rest.ask_together(connection, "cells", asked.condition, asked.keys, params))
    if len(answers) == 1:
        return pl.read_parquet(answers[0])
    return queries.frame(connection, "cells_joined", {"answers": [str(one) for one in answers]})


def _refuse_other_answers(
    asked: _Asked, files: Sequence[str], answers: Sequence[Path], people: Sequence[int]
) -> None:
    """Refuse answers from elsewhere to another question, or about other numbers of people than were told."""
    import polars as pl

    expected = {*asked.key.names_of_columns(asked.spec), ROWS, *SUMS}
    for file, answer, n in zip(files, answers, people, strict=True):
        cells = pl.read_parquet(answer)
        rows = int(cells[ROWS].sum()) if ROWS in cells.columns else -1
        # Rows without weight are in no cell.
        agrees = 0 <= rows <= n if asked.key.is_weighted(asked.spec) else rows == n
        if set(cells.columns) != expected or not agrees:
            raise _disagreement(name_of_site(file))


def name_of_site(records: str) -> str:
    """Return the file of cells that a part was unpacked from, see `engine.data.shared_cells`."""
    return Path(records).parent.parent.name


def _disagreement(place: str) -> DataError:
    found = "the answers do not agree with each other"
    expected = "the cells of all people that the sample flow counts"
    return DataError(Fault(place, found, expected, "Write the file again with `equirank cells`."))


def _with_sums(frame: pl.DataFrame, exponent: int) -> pl.DataFrame:
    """Return cells with their sums as doubles, each the nearest to the exact sum of whole numbers."""
    import polars as pl

    weight = _double(frame, "weight", exponent - _BITS)
    squares = _double(frame, "square", 2 * exponent - _BITS)
    return frame.drop(SUMS).with_columns(pl.Series(_WEIGHT, weight), pl.Series(SQUARES, squares))


def _double(frame: pl.DataFrame, what: str, exponent: int) -> FloatArray:
    high, low = (frame[f"cell_{what}_{half}"].to_numpy() for half in ("high", "low"))
    # What files add up to in the lower half is carried, or the sum would round differently.
    high, low = high + (low >> _HIGH), low & ((1 << _HIGH) - 1)
    total: FloatArray = np.ldexp(high.astype(np.float64), exponent + _HIGH)
    total += np.ldexp(low.astype(np.float64), exponent)
    return total


def _in_waves(waves: Sequence[str]) -> str:
    names = ", ".join("'" + wave.replace("'", "''") + "'" for wave in waves)
    return f"wave IN ({names})"
