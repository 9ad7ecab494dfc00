"""The result of `logit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.rows import TidyRow, frame_of_measure
from engine.results.shown import Shown, readable

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LogitResult(Shown):
    """A logistic regression.

    Attributes
    ----------
    log_likelihood
        Of the model; with weights a pseudo-likelihood.
    n_obs, n_events
        People used, and those with the event.
    rows
        The tidy rows.
    """

    log_likelihood: float
    n_obs: int
    n_events: int
    rows: tuple[TidyRow, ...]

    @classmethod
    def of(cls, rows: tuple[TidyRow, ...]) -> LogitResult:
        """Return the result of a model's tidy rows."""
        whole = next(row for row in rows if row.measure == "log_likelihood")
        return cls(
            log_likelihood=float(whole.estimate or 0.0),
            n_obs=int(whole.n_obs or 0),
            n_events=int(whole.n_events or 0),
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

    def table(self) -> pl.DataFrame:
        """Return the odds ratios with their intervals."""
        return readable(self.odds_ratios)
