"""The Python function that calibrates weights, and all replicate weights, to totals of the population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.design_columns import matching_columns
from engine.data.frame_reader import as_polars, number_column
from engine.errors import DataError, UsageError
from engine.estimators.sample.calibration import Calibration, CalibrationMethod, Margin, indicators

if TYPE_CHECKING:
    import polars as pl

    from engine.arrays import FloatArray

Levels = str | tuple[str, ...]
Margins = Mapping[Levels, Mapping[Levels, float] | float]


def calibrate_weights(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    weight: str,
    replicate_weights: str | Sequence[str],
    margins: Margins,
    *,
    method: CalibrationMethod = "raking",
) -> pl.DataFrame:
    """Calibrate a weight and its replicate weights to known totals of the population.

    Every replicate is adjusted to the same totals, so that errors computed from the replicate weights take
    the adjustment in. Weights alone would not: hence both are needed.

    Parameters
    ----------
    frame
        A Polars frame, DuckDB relation, Arrow table or pandas frame.
    weight
        Column of the weight.
    replicate_weights
        Columns of whole replicate weights, or one pattern such as ``"rw_*"``; `equirank weights` makes them.
    margins
        Column -> totals by level; several columns in a tuple -> totals by tuples of levels; a column of
        numbers -> its total. A single margin is post-stratification.
    method
        ``raking`` (exponential factors, weights stay above 0) or ``linear`` (generalised regression).

    Returns
    -------
    polars.DataFrame
        The frame with the adjusted columns in place of the given ones, to be used with ``replicate_weights``.

    Raises
    ------
    UsageError
        Without margins or replicate weights, or for an unknown method.
    DataError
        For missing or unknown levels, an empty level, totals of different populations or that cannot be met.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"sex": [*"fmfm"], "w": [1, 1, 1, 1], "r1": [2, 2, 0, 0], "r2": [0, 0, 2, 2]})
    >>> calibrated = calibrate_weights(frame, "w", ["r1", "r2"], {"sex": {"f": 30, "m": 10}})
    >>> calibrated["w"].round(6).to_list()
    [15.0, 5.0, 15.0, 5.0]
    """
    import polars as pl

    if method not in ("linear", "raking"):
        raise UsageError(f"method: found '{method}'; expected 'linear' or 'raking'. Correct it.")
    data = as_polars(frame)
    names = replicate_columns(data, replicate_weights)
    if not margins:
        raise UsageError("margins: found none; expected one or more. Give totals of the population.")
    calibration = Calibration([_margin(data, key, totals) for key, totals in margins.items()], method)
    adjusted = {}
    for name in (weight, *names):
        adjusted[name] = calibration.adjusted(whole_weights(data, name), f"weight '{name}'")
    return data.with_columns(pl.Series(name, values) for name, values in adjusted.items())


def replicate_columns(data: pl.DataFrame, given: str | Sequence[str]) -> list[str]:
    """Return the names of columns of replicate weights.

    Raises
    ------
    UsageError
        If there are none.
    """
    names = matching_columns(given, data.columns) if isinstance(given, str) else [*given]
    if not names:
        raise UsageError(
            "replicate_weights: found no columns; expected those of replicate weights, because errors of an "
            "adjusted weight alone would be wrong. Make some with `equirank weights`."
        )
    return names


def whole_weights(data: pl.DataFrame, name: str) -> FloatArray:
    """Return a column of weights (N,).

    Raises
    ------
    DataError
        If one is missing or below 0.
    """
    values = number_column(data, name, "weight")
    if not (np.isfinite(values).all() and (values >= 0.0).all()):
        raise DataError(f"weight '{name}': found missing or negative weights; expected 0 or more.")
    return values


def _margin(data: pl.DataFrame, key: Levels, totals: Mapping[Levels, float] | float) -> Margin:
    """Return a margin: the indicators of its levels, or its number."""
    import polars as pl

    columns = (key,) if isinstance(key, str) else tuple(key)
    name = " x ".join(columns)
    if not isinstance(totals, Mapping):
        values = number_column(data, columns[0], "margins")
        if not np.isfinite(values).all():
            raise DataError(f"margins '{name}': found missing numbers; expected one in every row. Fill them.")
        total = np.array([float(totals)])
        return Margin(name=name, columns=values[:, None], labels=("total",), totals=total, is_factor=False)
    for column in columns:
        if column not in data.columns:
            raise DataError(f"margins: found no column '{column}'; expected one of the frame. Correct it.")
    levels = [(level,) if isinstance(level, str) else tuple(level) for level in totals]
    number = {level: code for code, level in enumerate(levels)}
    rows = data.select(pl.col(column).cast(pl.String) for column in columns).rows()
    codes = np.array([number.get(row, -1) for row in rows], np.int64)
    if count := int((codes < 0).sum()):
        raise DataError(
            f"margins '{name}': found {count:,} rows without one of its levels; expected one in every row. "
            "Add the missing levels, or leave these rows out."
        )
    sizes = np.array([float(total) for total in totals.values()])
    if not (np.isfinite(sizes).all() and (sizes >= 0.0).all() and sizes.sum() > 0.0):
        raise DataError(
            f"margins '{name}': found a total below 0, or none above; expected numbers of people. Correct it."
        )
    labels = tuple(", ".join(level) for level in levels)
    return Margin(
        name=name, columns=indicators(codes, len(levels)), labels=labels, totals=sizes, is_factor=True
    )
