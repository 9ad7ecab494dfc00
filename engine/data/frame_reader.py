"""Frames passed to the Python functions -> numpy columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from engine.arrays import FloatArray, IntArray
from engine.data.series import as_codes, as_floats
from engine.errors import DataError, Fault, UsageError, nearest

if TYPE_CHECKING:
    import polars as pl


def as_polars(frame: Any) -> pl.DataFrame:  # noqa: ANN401 - any of four libraries
    """Return a Polars frame of a Polars frame, a DuckDB relation, an Arrow table or a pandas frame.

    Raises
    ------
    UsageError
        If it is anything else.
    """
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect(engine="in-memory")
    library, name = type(frame).__module__.split(".")[0], type(frame).__name__
    if library in ("duckdb", "_duckdb") and name == "DuckDBPyRelation":
        return cast("pl.DataFrame", frame.pl())
    if library == "pyarrow" and name in ("Table", "RecordBatch"):
        return cast("pl.DataFrame", pl.from_arrow(frame))
    if library == "pandas" and name == "DataFrame":
        converted: pl.DataFrame = pl.from_pandas(frame, nan_to_null=True)
        return converted
    expected = "a Polars frame, a DuckDB relation, an Arrow table or a pandas frame"
    raise UsageError(Fault("frame", f"found {name}", expected, "Convert it to one of these."))


def _column(frame: pl.DataFrame, name: str, role: str) -> pl.Series:
    if name not in frame.columns:
        expected = f"one of the frame's {frame.width} columns"
        raise DataError(Fault(role, f"no column '{name}'", expected, nearest(name, frame.columns)))
    return frame[name]


def number_column(frame: pl.DataFrame, name: str, role: str) -> FloatArray:
    """Return a column as (n,) float64, NaN where missing; booleans are 0 and 1, an Enum its order.

    Raises
    ------
    DataError
        If there is no such column, or it holds something else.
    """
    import polars as pl

    series = _column(frame, name, role)
    kind = series.dtype
    if kind == pl.Enum:
        return as_floats(series.to_physical())
    if not (kind.is_numeric() or kind in (pl.Boolean, pl.Null)):
        expected = "numbers, booleans or an ordered Enum"
        raise DataError(Fault(f"{role} '{name}'", f"found {kind}", expected, "Recode it."))
    return as_floats(series)


def factor_column(
    frame: pl.DataFrame, name: str, role: str, reference: str | None = None
) -> tuple[tuple[str, ...], IntArray | None, tuple[int, ...]]:
    """Return the levels of a column, the level of each row, and the scores of the levels.

    Parameters
    ----------
    frame, name
        The column.
    role
        What it is used for, for messages.
    reference
        The level to put first.

    Returns
    -------
    levels
        Sorted, or in the order of an Enum, the reference first; none for a number.
    codes
        (n,) int64: each row's level, -1 where missing; None for a number.
    scores
        Place of each level in that order, counted from the reference.

    Raises
    ------
    UsageError
        If the reference is not one of the levels.
    """
    import polars as pl

    series = _column(frame, name, role)
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum):
        if reference is not None:
            raise UsageError(
                Fault(f"references['{name}']", "found a number", "a factor", "Cast the column to strings.")
            )
        return (), None, ()
    natural = _natural_levels(series)
    levels = natural
    if reference is not None:
        _refuse_unknown_reference(name, reference, natural)
        levels = [reference, *(level for level in natural if level != reference)]
    codes = as_codes(series.cast(pl.String).cast(pl.Enum(levels)))
    scores = tuple(natural.index(level) - natural.index(levels[0]) for level in levels)
    return tuple(levels), codes, scores


def _natural_levels(series: pl.Series) -> list[str]:
    """Return the levels in the order of an Enum, of other text sorted."""
    import polars as pl

    if isinstance(series.dtype, pl.Enum):
        return [str(level) for level in series.dtype.categories]
    return [str(level) for level in series.cast(pl.String).drop_nulls().unique().sort()]


def _refuse_unknown_reference(name: str, reference: str, levels: list[str]) -> None:
    if reference not in levels:
        raise UsageError(
            Fault(
                f"references['{name}']",
                f"found '{reference}'",
                "one of its levels",
                nearest(reference, levels),
            )
        )


def id_column(frame: pl.DataFrame, name: str | None, role: str) -> IntArray | None:
    """Return a column of ids as (n,) codes in the order of the ids, -1 where missing; None for no column."""
    import polars as pl

    if name is None:
        return None
    series = _column(frame, name, role)
    if series.dtype.is_float():
        series = series.fill_nan(None)
    series = series.cast(pl.String)
    return as_codes(series.cast(pl.Enum(series.drop_nulls().unique().sort())))


def is_boolean(frame: pl.DataFrame, name: str) -> bool:
    """Whether a column holds booleans."""
    import polars as pl

    return name in frame.columns and frame[name].dtype == pl.Boolean
