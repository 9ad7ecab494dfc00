"""Results of the Python functions: frozen, each with its tidy rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.results.rows import TidyRow, to_frame

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexResult:
    """One rank-dependent index.

    Attributes
    ----------
    measure
        The index.
    estimate
        Its value.
    std_error
        Of the replicates when there are any, otherwise linearised.
    linearised_std_error
        From the influence values and the survey design, always.
    conf_low, conf_high, conf_level
        The interval.
    p_value
        Two-sided, of the estimate being 0.
    n_obs
        Rows used.
    method
        How standard error and interval were made.
    replicates
        (b,) float64, or None; NaN where a replicate was undefined.
    rows
        The tidy rows: linearised first, replicates beside it.
    """

    measure: str
    estimate: float
    std_error: float
    linearised_std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    p_value: float
    n_obs: int
    method: str
    replicates: NDArray[np.float64] | None
    rows: tuple[TidyRow, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return the tidy rows as a Polars frame."""
        return to_frame(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveResult:
    """A concentration curve.

    Attributes
    ----------
    share_of_people, share_of_outcome
        (m,) float64: the curve.
    std_error, conf_low, conf_high
        (m,) float64: pointwise.
    band_low, band_high
        (m,) float64: the simultaneous band.
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

        names = (
            "share_of_people",
            "share_of_outcome",
            "std_error",
            "conf_low",
            "conf_high",
            "band_low",
            "band_high",
        )
        return pl.DataFrame({name: getattr(self, name) for name in names})
