"""Checks of the answers in a file of cells that someone else wrote: each alone, and all of a part together.

Whoever changes an answer by hand, or by a fault of a program, leaves sums that do not agree.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from engine.data.cells import ROWS, SUMS
from engine.data.design_columns import DESIGN_PREFIX
from engine.data.design_reader import ids_of
from engine.data.harmonise import KIND_SUFFIX
from engine.study import MISSING_KINDS, StudySpec

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 10_000_000  # of an answer: the same row again and again takes few bytes of a file
MOST_VALUES = 200_000_000
MOST_PEOPLE = 2**32 - 1  # of all files: the counts of sampling units hold no more
_MOST_TEXT = 1_000  # bytes of an id
_WEIGHT_BITS, _LOW_BITS = 62, 40  # of a weight in a sum, and of the lower half of a sum: cells.sql
_ROUNDING = 1e-9  # of sums as doubles
_OF_FACTS = ("sample_rows", "unusable", "largest", "marks")


class UnlikeCellsError(ValueError):
    """What no file of cells has; the text holds nothing of the file."""


def demand(holds: bool, found: str) -> None:  # noqa: FBT001 - a condition
    """Raise `UnlikeCellsError` with what was found, unless a condition holds."""
    if not holds:
        raise UnlikeCellsError(found)


def is_facts(columns: Collection[str]) -> bool:
    """Whether an answer tells what decides on reading cells, such as the largest weight."""
    return "marks" in columns


def check_columns(schema: pl.Schema, n_rows: int, spec: StudySpec) -> None:
    """Check the columns of an answer and their types before any value is read."""
    import polars as pl

    demand(n_rows <= MOST_ROWS and n_rows * len(schema) <= MOST_VALUES, "an answer of too many rows")
    columns = set(schema)
    if is_facts(columns):
        whole = pl.Int64()
        expected = dict(zip(_OF_FACTS, (whole, whole, pl.Float64(), pl.List(pl.UInt64())), strict=True))
    elif columns == {"wave", "n"}:
        expected = {"wave": pl.String(), "n": pl.Int64()}
    elif ROWS in columns:
        expected = _types_of_cells(schema, spec)
    else:
        expected = {**dict.fromkeys(_ids(spec), pl.String()), "rows": pl.UInt32()}
    demand(columns == set(expected), "an answer with other columns")
    demand(all(schema[name] == kind for name, kind in expected.items()), "a column of another type")


def _types_of_cells(schema: pl.Schema, spec: StudySpec) -> dict[str, pl.DataType]:
    import polars as pl

    expected: dict[str, pl.DataType] = dict.fromkeys((ROWS, *SUMS), pl.Int64())
    for role in ("stratum", "cluster"):
        if getattr(spec.design, role) is not None:
            expected[DESIGN_PREFIX + role] = pl.String()
    if spec.design.population is not None:
        expected[f"{DESIGN_PREFIX}population"] = pl.Float64()
    if "wave" in schema:
        expected["wave"] = pl.String()
    names = [name for name in spec.variables if name in schema]
    demand(len({name + KIND_SUFFIX in schema for name in names}) <= 1, "reasons of some variables only")
    for name in names:
        number = schema[name] if schema[name].is_float() or schema[name].is_integer() else pl.Float64()
        expected[name] = pl.String() if spec.variables[name].level_names else number
        if name + KIND_SUFFIX in schema:
            expected[name + KIND_SUFFIX] = pl.UInt8()
    return expected


def _ids(spec: StudySpec) -> list[str]:
    stratum = spec.design.stratum is not None or spec.design.independent_waves
    return ["stratum"] * stratum + ["cluster"] * (spec.design.cluster is not None)


def check_answers(
    answers: Sequence[pl.DataFrame], rows: int, without_weight: int, spec: StudySpec
) -> pl.DataFrame:
    """Check the answers about a part, and return its sampling units.

    Parameters
    ----------
    answers
        All of them.
    rows, without_weight
        The part's rows, and at most how many of them have a weight of 0, so that they are in no cell.
    spec
        The study that the file brings.
    """
    cells = [answer for answer in answers if ROWS in answer.columns]
    flows = [answer for answer in answers if set(answer.columns) == {"wave", "n"}]
    units = [answer for answer in answers if "rows" in answer.columns]
    demand(len(units) == 1, "no answer about sampling units")
    _check_units(units[0], rows)
    counted = _check_flows(flows, rows)
    for answer in answers:
        if is_facts(answer.columns):
            _check_facts(answer, {sum(flow.values()) for flow in counted})
    for answer in cells:
        _check_cells(answer, spec)
        n = int(answer[ROWS].sum())
        fits = any(0 <= sum(flow.values()) - n <= without_weight for flow in counted)
        demand(fits, "cells of another number of people")
        _check_groups(answer, counted[0], units[0], spec)
    return units[0]


def _check_units(units: pl.DataFrame, rows: int) -> None:
    ids = [name for name in units.columns if name != "rows"]
    _check_keys(units, ids)
    agrees = int(units["rows"].cast(int).sum()) == rows and bool((units["rows"] > 0).all())
    demand(agrees, "sampling units of another number of people")


def _check_flows(flows: Sequence[pl.DataFrame], rows: int) -> list[Mapping[str | None, int]]:
    """Return how many people of each wave every condition leaves, that of all people first."""
    for flow in flows:
        _check_keys(flow, ["wave"])
        demand(bool(((flow["n"] > 0) & (flow["n"] <= rows)).all()), "counts that cannot be")
    counted: list[Mapping[str | None, int]] = [dict(flow.select("wave", "n").rows()) for flow in flows]
    counted.sort(key=lambda flow: sum(flow.values()), reverse=True)
    demand(bool(counted) and sum(counted[0].values()) == rows, "a sample flow of another number of people")
    fits = all(n <= counted[0].get(wave, 0) for flow in counted for wave, n in flow.items())
    demand(fits, "a sample rule that leaves more people than there are")
    return counted


def _check_facts(facts: pl.DataFrame, known: Collection[int]) -> None:
    demand(
        facts.height == 1 and not any(facts[name].has_nulls() for name in _OF_FACTS), "facts that lack one"
    )
    rows, unusable, largest, marks = facts.select(_OF_FACTS).row(0)
    demand(unusable == 0 and not marks and 0.0 <= largest < float("inf"), "facts that cannot be")
    demand(rows == 0 or rows in known, "facts of another number of people")


def _check_cells(cells: pl.DataFrame, spec: StudySpec) -> None:
    """Check the values of cells: levels of the study, finite numbers, sums that weights can have."""
    import polars as pl

    _check_keys(cells, [name for name in cells.columns if name not in (ROWS, *SUMS)])
    for name, series in zip(cells.columns, cells.iter_columns(), strict=True):
        if series.dtype.is_float():
            demand(bool(series.drop_nulls().is_finite().all()), "a number that is not finite")
        if name in spec.variables and (levels := spec.variables[name].level_names):
            demand(bool(series.drop_nulls().is_in([*levels]).all()), "a level that the study has not")
        if name.endswith(KIND_SUFFIX) and name.removesuffix(KIND_SUFFIX) in spec.variables:
            is_missing = cells[name.removesuffix(KIND_SUFFIX)].is_null()
            agrees = (series > 0) == is_missing
            known = bool((series <= len(MISSING_KINDS)).all()) and not series.has_nulls()
            demand(known and bool(agrees.all()), "reasons of missing values that cannot be")
        if name in (ROWS, *SUMS):
            demand(not series.has_nulls() and bool((series >= (name == ROWS)).all()), "counts that cannot be")
        if name.startswith(DESIGN_PREFIX):
            demand(not series.has_nulls(), "people without stratum or cluster")
    population = f"{DESIGN_PREFIX}population"
    demand(population not in cells.columns or bool((cells[population] >= 0).all()), "counts that cannot be")
    low, high, most = 2**_LOW_BITS, _WEIGHT_BITS - _LOW_BITS, MOST_PEOPLE
    possible = (pl.col(ROWS) <= most) & (pl.col("cell_weight_low") < low) & (pl.col("cell_square_low") < low)
    for half in ("cell_weight_high", "cell_square_high"):
        possible &= pl.col(half) <= pl.col(ROWS).clip(0, most) * 2**high
    demand(_all(cells, possible), "sums that no weights have")
    rows = pl.col(ROWS).cast(pl.Float64)
    weight, square = (
        pl.col(f"cell_{what}_high") * float(low) + pl.col(f"cell_{what}_low") for what in ("weight", "square")
    )
    # Each square was rounded to a whole number. Weights are at most 2^62: so w^2 / 2^62 <= w.
    room = 1.0 + _ROUNDING
    least = weight * (weight / (rows * 2.0**_WEIGHT_BITS))
    demand(
        _all(cells, (square <= weight * room + rows) & (least <= square * room + rows)),
        "sums of squared weights that no weights have",
    )


def _all(frame: pl.DataFrame, condition: pl.Expr) -> bool:
    return bool(frame.select(condition.all()).item())


def _check_groups(
    cells: pl.DataFrame, of_waves: Mapping[str | None, int], units: pl.DataFrame, spec: StudySpec
) -> None:
    """Check that cells hold no more people of a wave, or of a sampling unit, than there are."""
    import polars as pl

    if "wave" in cells.columns:
        counts = cells.group_by("wave").agg(pl.col(ROWS).sum()).rows()
        fits = all(n <= of_waves.get(wave, 0) for wave, n in counts)
        demand(fits, "cells of more people of a wave than there are")
    ids = _ids(spec)
    if not ids:
        return
    of_unit = ids_of(spec.design, cells.lazy()).collect().with_columns(cells[ROWS]).group_by(ids).sum()
    both = of_unit.join(units, on=ids, how="left", nulls_equal=True)
    demand(not both["rows"].has_nulls(), "cells of sampling units that there are not")
    demand(bool((both[ROWS] <= both["rows"]).all()), "sampling units of fewer people than their cells")


def _check_keys(answer: pl.DataFrame, keys: Sequence[str]) -> None:
    """Check that no two rows of an answer are of the same, and that no text is very long."""
    import polars as pl

    distinct = answer.select(keys).n_unique() if keys else 1
    demand(answer.height == 0 or distinct == answer.height, "the same cell, unit or wave twice")
    for name in keys:
        if answer.schema[name] == pl.String():
            longest = answer[name].str.len_bytes().max()
            demand(longest is None or int(str(longest)) <= _MOST_TEXT, "a text of more than a thousand bytes")
