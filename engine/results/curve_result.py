"""The result of `concentration_curve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.results.rows import TidyRow
from engine.results.shown import Shown

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = (
    "share_of_people",
    "share_of_outcome",
    "std_error",
    "conf_low",
    "conf_high",
    "band_low",
    "band_high",
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CurveResult(Shown):
    """A concentration curve.

    Attributes
    ----------
    share_of_people, share_of_outcome
        (m,) float64: the points of the curve.
    std_error, conf_low, conf_high
        (m,) float64: pointwise standard error and interval of the share of the outcome.
    band_low, band_high
        (m,) float64: the simultaneous band around the whole curve.
    conf_level
        Of the intervals and the band.
    n_obs
        Rows used.
    rows
        The tidy rows, with the dominance tests.
    """

    share_of_people: NDArray[np.float64]
    share_of_outcome: NDArray[np.float64]
    std_error: NDArray[np.float64]
    conf_low: NDArray[np.float64]
    conf_high: NDArray[np.float64]
    band_low: NDArray[np.float64]
    band_high: NDArray[np.float64]
    conf_level: float
    n_obs: int
    rows: tuple[TidyRow, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return the curve as a Polars frame: shares of people and outcome, interval and band."""
        import polars as pl

        return pl.DataFrame({name: getattr(self, name) for name in _COLUMNS})

    def table(self) -> pl.DataFrame:
        """Return the curve: shares of people and outcome, interval and band."""
        return self.to_frame()
