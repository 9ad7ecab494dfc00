"""The result of `regression`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.rows import TidyRow, frame_of_measure
from engine.results.shown import Shown, readable

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegressionResult(Shown):
    """A regression of a number, a count or an ordered category.

    Attributes
    ----------
    n_obs
        People used.
    rows
        The tidy rows.
    """

    n_obs: int
    rows: tuple[TidyRow, ...]

    @property
    def coefficients(self) -> pl.DataFrame:
        """The coefficients, the constant first where there is one."""
        return frame_of_measure(self.rows, "coefficient")

    @property
    def ratios(self) -> pl.DataFrame:
        """The incidence rate ratios or odds ratios, each factor's reference first; none of a linear model."""
        has_odds = any(row.measure == "odds_ratio" for row in self.rows)
        return frame_of_measure(self.rows, "odds_ratio" if has_odds else "incidence_rate_ratio")

    @property
    def marginal_effects(self) -> pl.DataFrame:
        """The average marginal effects: on the mean, or on the probability of each ordered category."""
        return frame_of_measure(self.rows, "marginal_effect")

    def table(self) -> pl.DataFrame:
        """Return the ratios with their intervals; of a linear model the coefficients."""
        ratios = self.ratios
        return readable(ratios if ratios.height else self.coefficients)
