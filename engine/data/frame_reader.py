"""Frames handed to the Python functions -> numpy columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.errors import DataError, UsageError, nearest

if TYPE_CHECKING:
    import polars as pl


def as_polars(frame: Any) -> pl.DataFrame:  # noqa: ANN401 - any of four libraries
    """Return a Polars frame of a Polars frame, a DuckDB relation, an Arrow table or a pandas frame.

    Raises
    ------
    UsageError
        If it is something else.
    """
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect(engine="in-memory")
    kind = type(frame).__module__.split(".")[0]
    if kind in ("duckdb", "_duckdb") and type(frame).__name__ == "DuckDBPyRelation":
        return cast("pl.DataFrame", frame.pl())
    if kind == "pyarrow" and type(frame).__name__ in ("Table", "RecordBatch"):
        return cast("pl.DataFrame", pl.from_arrow(frame))
    if kind == "pandas" and type(frame).__name__ == "DataFrame":
        converted: pl.DataFrame = pl.from_pandas(frame, nan_to_null=True)
        return converted
    raise UsageError(
        f"frame: found {type(frame).__name__}; expected a Polars frame, a DuckDB relation, an Arrow table or a "
        "pandas frame. Convert it to one of these."
    )


def _column(frame: pl.DataFrame, name: str, role: str) -> pl.Series:
    if name not in frame.columns:
        raise DataError(
            f"{role}: no column '{name}'; expected one of the frame's {frame.width} columns. "
            f"{nearest(name, frame.columns)}"
        )
    return frame[name]


def number_column(frame: pl.DataFrame, name: str, role: str) -> FloatArray:
    """Return a column as (N,) float64, NaN where missing; booleans are 0 and 1, an Enum its order."""
    import polars as pl

    series = _column(frame, name, role)
    if series.dtype == pl.Enum:
        series = series.to_physical()
    elif not (series.dtype.is_numeric() or series.dtype == pl.Boolean or series.dtype == pl.Null):
        raise DataError(
            f"{role} '{name}': found {series.dtype}; expected numbers, booleans or an ordered Enum. Recode it."
        )
    values: FloatArray = series.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    return values


def factor_column(
    frame: pl.DataFrame, name: str, role: str, reference: str | None = None
) -> tuple[tuple[str, ...], IntArray | None, tuple[int, ...]]:
    """Return a column's levels, the reference first, each row's level (N,), -1 where missing, and the levels' scores.

    Strings are sorted, an Enum keeps its order; a score is a level's place in that order from the reference. A
    number has no levels.

    Raises
    ------
    UsageError
        If the reference is none of the levels.
    """
    import polars as pl

    series = _column(frame, name, role)
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum):
        if reference is not None:
            raise UsageError(
                f"references['{name}']: found a number; expected a factor. Cast the column to strings."
            )
        return (), None, ()
    kept = (
        series.dtype.categories
        if isinstance(series.dtype, pl.Enum)
        else series.cast(pl.String).drop_nulls().unique().sort()
    )
    natural = levels = [str(level) for level in kept]
    if reference is not None:
        if reference not in levels:
            raise UsageError(
                f"references['{name}']: found '{reference}'; expected one of its levels. {nearest(reference, levels)}"
            )
        levels = [reference, *(level for level in levels if level != reference)]
    codes = series.cast(pl.String).cast(pl.Enum(levels)).to_physical().cast(pl.Int64).fill_null(-1)
    scores = tuple(natural.index(level) - natural.index(levels[0]) for level in levels)
    return tuple(levels), codes.to_numpy().astype(np.int64), scores


def id_column(frame: pl.DataFrame, name: str | None, role: str) -> IntArray | None:
    """Return a column of ids as (N,) codes in the order of the ids, -1 where missing; None for no column."""
    import polars as pl

    if name is None:
        return None
    series = _column(frame, name, role)
    if series.dtype.is_float():
        series = series.fill_nan(None)
    series = series.cast(pl.String)
    codes = series.cast(pl.Enum(series.drop_nulls().unique().sort())).to_physical().cast(pl.Int64)
    return codes.fill_null(-1).to_numpy().astype(np.int64)


def is_boolean(frame: pl.DataFrame, name: str) -> bool:
    """Whether a column holds booleans."""
    import polars as pl

    return name in frame.columns and frame[name].dtype == pl.Boolean
