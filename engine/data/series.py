"""Polars series -> numpy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl


def as_codes(series: pl.Series) -> IntArray:
    """Return an Enum as (n,) int64 numbers of its categories, -1 where missing."""
    codes: IntArray = series.to_physical().cast(int).fill_null(-1).to_numpy().astype(np.int64)
    return codes


def as_floats(series: pl.Series) -> FloatArray:
    """Return a copy of numbers as (n,) float64, NaN where missing."""
    import polars as pl

    values: FloatArray = series.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    return values
