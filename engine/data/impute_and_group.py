"""Mean imputation and quantile groups: the variables that depend on who is in the sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.data.design_columns import DESIGN_PREFIX
from engine.data.harmonise import KIND_SUFFIX
from engine.durable import private_file
from engine.errors import DataError, Fault
from engine.study import StudySpec, VariableSpec

if TYPE_CHECKING:
    import polars as pl

NEARLY = 1e-12  # of the weight: a difference that only rounding makes


def impute_and_group(spec: StudySpec, rows: Sequence[str], path: Path) -> Mapping[str, int]:
    """Replace missing numbers by their mean and cut numbers into quantile groups; write the rows to a file.

    Means and quantiles are weighted, and those of each wave alone. Ties stay together: equal numbers have the
    same mid-rank, as in the indices (O'Donnell et al. 2008, chapter 8), or are on the same side of a cut
    point, as with Stata's xtile.

    Returns
    -------
    Mapping
        Variable -> number of its values that are imputed.

    Raises
    ------
    DataError
        If more of a variable is missing than its ``impute_most``.
    """
    import polars as pl

    variables = {name: one for name, one in spec.variables.items() if one.impute or one.quantiles}
    frame = pl.scan_parquet([*rows], glob=False).collect(engine="in-memory")
    imputed = {name: _count_missing(name, one, frame) for name, one in variables.items() if one.impute}
    weight, rows_by_wave = _weights(spec, frame), _rows_by_wave(frame)
    for name, variable in variables.items():
        frame = frame.with_columns(_columns(name, variable, frame[name], weight, rows_by_wave))
    private_file(path)
    frame.write_parquet(path, compression="zstd")
    return {name: n for name, n in imputed.items() if n}


def _count_missing(name: str, variable: VariableSpec, frame: pl.DataFrame) -> int:
    """Return how many values are missing.

    Raises
    ------
    DataError
        If these are too many to impute.
    """
    missing = frame[name].null_count()
    if missing > variable.impute_most * frame.height or missing == frame.height:
        raise DataError(
            Fault(
                f"variables.{name}.impute",
                f"{missing / frame.height:.1%} of the sample are missing",
                f"at most {variable.impute_most:.0%}",
                "Leave these rows out by a sample rule, or raise impute_most.",
            )
        )
    return missing


def _weights(spec: StudySpec, frame: pl.DataFrame) -> FloatArray:
    """Return each row's weight (n,): 0 where missing, 1 in a study without weights."""
    import polars as pl

    if not spec.design.weight:
        return np.ones(frame.height)
    weight: FloatArray = frame[DESIGN_PREFIX + "weight"].cast(pl.Float64).fill_null(0.0).to_numpy()
    return weight


def _rows_by_wave(frame: pl.DataFrame) -> list[IntArray]:
    wave = frame["wave"].fill_null("").rank("dense").to_numpy() - 1
    return [np.flatnonzero(wave == number) for number in range(int(wave.max()) + 1)]


def _columns(
    name: str, variable: VariableSpec, column: pl.Series, weight: FloatArray, rows_by_wave: Sequence[IntArray]
) -> list[pl.Series | pl.Expr]:
    """Return the new column of a variable; for an imputed one also its reasons of missing, all 0."""
    import polars as pl

    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    columns: list[pl.Series | pl.Expr] = []
    if variable.impute:
        for rows in rows_by_wave:
            values[rows] = _imputed(values[rows], weight[rows])
        columns.append(pl.lit(0, pl.UInt8).alias(name + KIND_SUFFIX))
    if variable.quantiles:
        group = np.full(len(values), np.nan)
        for rows in rows_by_wave:
            grouped = _by_midrank if variable.ties == "midrank" else _by_cut_points
            group[rows] = _groups(values[rows], weight[rows], len(variable.quantiles), grouped)
        number = pl.Series(group, nan_to_null=True).cast(pl.UInt32)
        levels = [*variable.quantiles]
        columns.append(pl.Series(levels).gather(number).cast(pl.Enum(levels)).alias(name))
    else:
        columns.append(pl.Series(name, values, nan_to_null=True))
    return columns


def _imputed(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Return values (n,) with their weighted mean where they are NaN.

    The sums are exact (`math.fsum`), so they do not depend on the order of rows.
    """
    known = ~np.isnan(values)
    total = math.fsum(weight[known])
    mean = math.fsum(weight[known] * values[known]) / total if total > 0 else np.nan
    return np.where(known, values, mean)


def _by_midrank(inside: FloatArray, k: int) -> FloatArray:
    """Return the group in which the mid-rank of each distinct value lies, given their weights (m,)."""
    below = np.cumsum(inside) - inside
    with np.errstate(invalid="ignore"):
        rank = (below + 0.5 * inside) / inside.sum()
    number: FloatArray = np.minimum(np.floor(rank * k), k - 1)
    return number


def _by_cut_points(inside: FloatArray, k: int) -> FloatArray:
    """Return how many of the k - 1 cut points lie below each distinct value, given their weights (m,).

    A cut point is the first value at which more than its share of the weight is reached (Stata's _pctile); if
    exactly its share is reached before, it lies between two values.
    """
    reached = np.cumsum(inside)
    targets = reached[-1] * np.arange(1, k) / k
    # What only rounding tells apart counts as reached.
    cut = np.searchsorted(reached, targets * (1.0 - NEARLY))
    is_between = reached[cut] <= targets * (1.0 + NEARLY)
    number = np.searchsorted(cut + np.where(is_between, 0.5, 0.0), np.arange(len(inside)))
    return number.astype(np.float64)


Grouped = Callable[[FloatArray, int], FloatArray]


def _groups(values: FloatArray, weight: FloatArray, k: int, grouped: Grouped = _by_midrank) -> FloatArray:
    """Return which of k groups of equal weight each value is in (n,), NaN for NaN.

    `grouped` puts the distinct values (m,), by their weights from the lowest, into groups.
    """
    group = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if len(known) == 0:
        return group
    # Sorted by weight too, so that sums have the same bits for any row order.
    order = known[np.lexsort((weight[known], values[known]))]
    first = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
    inside = np.add.reduceat(weight[order], first)
    group[order] = np.repeat(grouped(inside, k), np.diff(first, append=len(order)))
    return group
