"""What depends on who is in the sample: means for missing values, and groups of equal weight such as quintiles."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import FloatArray
from engine.data.harmonise import DESIGN_PREFIX, KIND_SUFFIX
from engine.errors import DataError
from engine.study import StudySpec, VariableSpec

if TYPE_CHECKING:
    import polars as pl


def derive(spec: StudySpec, path: Path) -> Mapping[str, int]:
    """Fill missing numbers with their mean and cut numbers at quantiles, in the file of a sample.

    Means and quantiles are weighted and of each wave alone. Ties stay together: everybody with one number has its
    mid-rank, as in the indices (O'Donnell et al. 2008, chapter 8).

    Returns
    -------
    Mapping
        Variable -> how many of its values are means.

    Raises
    ------
    DataError
        If more of a variable is missing than its ``impute_most``.
    """
    import polars as pl

    asked = {name: own for name, own in spec.variables.items() if own.impute or own.quantiles}
    if not asked:
        return {}
    frame = pl.scan_parquet(path, glob=False).collect(engine="in-memory")
    weight = np.ones(frame.height)
    if spec.design.weight:
        weight = frame[DESIGN_PREFIX + "weight"].cast(pl.Float64).fill_null(0.0).to_numpy()
    waves = frame["wave"].fill_null("").rank("dense").to_numpy() - 1
    rows_of_waves = [np.flatnonzero(waves == wave) for wave in range(int(waves.max()) + 1)]
    filled = {name: _check_share(name, own, frame) for name, own in asked.items() if own.impute}
    for name, own in asked.items():
        values = frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        if own.impute:
            for rows in rows_of_waves:
                values[rows] = _filled(values[rows], weight[rows])
            frame = frame.with_columns(pl.lit(0, pl.UInt8).alias(name + KIND_SUFFIX))
        column = pl.Series(name, values, nan_to_null=True)
        if own.quantiles:
            group = np.full(len(values), np.nan)
            for rows in rows_of_waves:
                group[rows] = _groups(values[rows], weight[rows], len(own.quantiles))
            number = pl.Series(group, nan_to_null=True).cast(pl.UInt32)
            column = pl.Series([*own.quantiles]).gather(number).cast(pl.Enum([*own.quantiles])).alias(name)
        frame = frame.with_columns(column)
    temporary = path.with_suffix(".derived")
    frame.write_parquet(temporary, compression="zstd")
    temporary.chmod(0o600)
    os.replace(temporary, path)  # noqa: PTH105 - atomic
    return {name: n for name, n in filled.items() if n}


def _check_share(name: str, variable: VariableSpec, frame: pl.DataFrame) -> int:
    missing = frame[name].null_count()
    if missing > variable.impute_most * frame.height or missing == frame.height:
        raise DataError(
            f"variables.{name}.impute: {missing / frame.height:.1%} of the sample are missing; expected at most "
            f"{variable.impute_most:.0%}. Leave these rows out by a sample rule, or raise impute_most."
        )
    return missing


def _filled(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Return values (n,) with their weighted mean where they are NaN; the sums do not depend on the order of rows."""
    known = ~np.isnan(values)
    total = math.fsum(weight[known])
    mean = math.fsum(weight[known] * values[known]) / total if total > 0 else np.nan
    return np.where(known, values, mean)


def _groups(values: FloatArray, weight: FloatArray, k: int) -> FloatArray:
    """Return in which of k groups each value's weighted mid-rank lies (n,), NaN for NaN."""
    group = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if len(known) == 0:
        return group
    order = known[
        np.lexsort((weight[known], values[known]))
    ]  # by weight too, so that sums are those of any row order
    first = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
    inside = np.add.reduceat(weight[order], first)
    below = np.cumsum(inside) - inside
    with np.errstate(invalid="ignore"):
        rank = (below + 0.5 * inside) / inside.sum()
    number = np.minimum(np.floor(rank * k), k - 1)
    group[order] = np.repeat(number, np.diff(first, append=len(order)))
    return group
