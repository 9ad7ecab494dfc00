"""The result of `mixed_logit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.rows import TidyRow, frame_of_measure
from engine.results.shown import Shown, readable

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MixedLogitResult(Shown):
    """A logit with random intercepts.

    Attributes
    ----------
    variances
        Level -> variance of its random intercepts; 0 at the boundary.
    icc
        Level -> correlation of the latent outcomes of two people of one cluster of that level.
    log_likelihood
        At the maximum.
    aic, bic
        NaN with weights.
    points_check
        Change of the log-likelihood with more quadrature points.
    points
        Level -> quadrature points.
    variance_check
        Level -> relative change of its variance with more points.
    n_obs, n_events
        People used, and those with the event.
    rows
        The tidy rows.
    """

    variances: Mapping[str, float]
    icc: Mapping[str, float]
    log_likelihood: float
    aic: float
    bic: float
    points_check: float
    points: Mapping[str, int]
    variance_check: Mapping[str, float]
    n_obs: int
    n_events: int
    rows: tuple[TidyRow, ...]

    @classmethod
    def of(cls, rows: tuple[TidyRow, ...]) -> MixedLogitResult:
        """Return the result of a model's tidy rows."""
        whole = {row.measure: row for row in rows if row.term is None and row.estimate is not None}
        values = {measure: float(row.estimate or 0.0) for measure, row in whole.items()}
        return cls(
            variances=_by_level(rows, "variance"),
            icc=_by_level(rows, "icc"),
            log_likelihood=values["log_likelihood"],
            aic=values.get("aic", float("nan")),
            bic=values.get("bic", float("nan")),
            points_check=values["points_check"],
            points={level: int(count) for level, count in _by_level(rows, "points").items()},
            variance_check=_by_level(rows, "points_check"),
            n_obs=int(whole["log_likelihood"].n_obs or 0),
            n_events=int(whole["log_likelihood"].n_events or 0),
            rows=rows,
        )

    @property
    def coefficients(self) -> pl.DataFrame:
        """The coefficients, the constant first."""
        return frame_of_measure(self.rows, "coefficient")

    @property
    def odds_ratios(self) -> pl.DataFrame:
        """The odds ratios, each factor's reference first."""
        return frame_of_measure(self.rows, "odds_ratio")

    @property
    def modes(self) -> pl.DataFrame:
        """The clusters' effects with their errors, the smallest of each level first."""
        return frame_of_measure(self.rows, "conditional_mode")

    def table(self) -> pl.DataFrame:
        """Return the odds ratios with their intervals."""
        return readable(self.odds_ratios)


def _by_level(rows: tuple[TidyRow, ...], measure: str) -> dict[str, float]:
    """Return level -> estimate of one measure."""
    return {str(row.term): float(row.estimate or 0.0) for row in rows if row.measure == measure and row.term}
