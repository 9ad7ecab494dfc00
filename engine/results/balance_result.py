"""The result of `balance_weights`: the adjusted weights, and how alike the groups are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.shown import MOST_LINES, html_table, text_table

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BalanceResult:
    """Weights that balance covariates between groups.

    Attributes
    ----------
    frame
        The frame with the adjusted columns in place of the given ones.
    differences
        Of each group, covariate and level: the difference from the reference before and after, in standard
        deviations of the reference before.
    effective_sizes
        (sum w)^2 / sum w^2 of each group, before and after.
    """

    frame: pl.DataFrame
    differences: pl.DataFrame
    effective_sizes: pl.DataFrame

    def to_frame(self) -> pl.DataFrame:
        """Return the differences."""
        return self.differences

    def table(self) -> pl.DataFrame:
        """Return the differences."""
        return self.differences

    def __repr__(self) -> str:
        return f"BalanceResult\n{text_table(self.differences, MOST_LINES)}"

    def _repr_html_(self) -> str:
        return html_table(self.differences, MOST_LINES)
