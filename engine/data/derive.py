"""What depends on who is in the sample: means for missing values, and groups of equal weight such as quintiles."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.harmonise import DESIGN_PREFIX, KIND_SUFFIX
from engine.errors import DataError
from engine.study import StudySpec, VariableSpec

if TYPE_CHECKING:
    import polars as pl

_WEIGHT = "weight of the row"


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
    frame = pl.scan_parquet(path).collect(engine="in-memory")
    weight = pl.col(DESIGN_PREFIX + "weight") if spec.design.weight else pl.lit(1.0)
    frame = frame.with_columns(weight.cast(pl.Float64).fill_null(0.0).alias(_WEIGHT))
    filled = {name: _check_share(name, own, frame) for name, own in asked.items() if own.impute}
    for name, own in asked.items():
        if own.impute:
            frame = frame.with_columns(_filled(name), pl.lit(0, pl.UInt8).alias(name + KIND_SUFFIX))
        if own.quantiles:
            frame = _with_quantiles(frame, name, own.quantiles)
    temporary = path.with_suffix(".derived")
    frame.drop(_WEIGHT).write_parquet(temporary, compression="zstd")
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


def _filled(name: str) -> pl.Expr:
    import polars as pl

    value, weight = pl.col(name), pl.col(_WEIGHT)
    known = pl.when(value.is_not_null()).then(weight)
    mean = ((value * known).sum() / known.sum()).over("wave")
    return pl.when(value.is_null()).then(mean).otherwise(value).alias(name)


def _with_quantiles(frame: pl.DataFrame, name: str, levels: tuple[str, ...]) -> pl.DataFrame:
    """Replace a number by the group in which its weighted mid-rank lies."""
    import polars as pl

    ties = frame.filter(pl.col(name).is_not_null()).group_by("wave", name).agg(inside=pl.col(_WEIGHT).sum())
    ties = ties.sort("wave", name, nulls_last=True)
    before = pl.col("inside").cum_sum().over("wave") - pl.col("inside")
    rank = (before + 0.5 * pl.col("inside")) / pl.col("inside").sum().over("wave")
    group = (rank * len(levels)).floor().clip(0, len(levels) - 1).fill_nan(None).cast(pl.Int64)
    number = ties.select("wave", name, group.alias("group"))
    joined = frame.join(number, on=["wave", name], how="left", nulls_equal=True, maintain_order="left")
    names = pl.lit(pl.Series([*levels])).gather(pl.col("group"))
    return joined.with_columns(names.cast(pl.Enum([*levels])).alias(name)).drop("group")
