"""The result of `decompose`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.rows import TidyRow
from engine.results.shown import MOST_LINES, Shown, cell, text_table, without_empty_columns

if TYPE_CHECKING:
    import polars as pl

_QUANTITIES = ("mean", "effect", "elasticity", "concentration_index", "contribution", "share")
_ERRORS = ("std_error", "conf_low", "conf_high", "p_value")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DecompositionResult(Shown):
    """An index decomposed.

    Attributes
    ----------
    index, residual
        The index, and what the covariates do not explain of it. Contributions and residual add up to the
        index exactly.
    horizontal_inequity
        The index less the contributions of need; None without need.
    standardised_inequity
        The index of the outcome less what need predicts of it, with other covariates at their means; None
        without need and for linear models, where it is the same.
    n_obs
        Rows used.
    method
        The model, and how standard errors were made.
    status
        ``ok``, or what is doubtful about the model.
    rows
        The tidy rows: every quantity with its standard error and interval.
    """

    index: float
    residual: float
    horizontal_inequity: float | None
    standardised_inequity: float | None
    n_obs: int
    method: str
    status: str
    rows: tuple[TidyRow, ...]

    @property
    def contributions(self) -> pl.DataFrame:
        """Each covariate's mean, effect, elasticity, concentration index, contribution and share.

        One row a number or level of a factor. ``std_error``, interval and ``p_value`` belong to the
        contribution, ``share_std_error`` to the share.
        """
        import polars as pl

        lines: dict[tuple[str, str | None], dict[str, object]] = {}
        for row in self.rows:
            if row.term is None or row.level == "all" or row.term == "residual":
                continue
            line = lines.setdefault((row.term, row.level), {"term": row.term, "level": row.level})
            line[str(row.measure)] = row.estimate
            if row.measure == "contribution":
                line |= {name: getattr(row, name) for name in _ERRORS}
            elif row.measure == "share":
                line["share_std_error"] = row.std_error
        numbers = (*_QUANTITIES, *_ERRORS, "share_std_error")
        schema = {"term": pl.String, "level": pl.String, **dict.fromkeys(numbers, pl.Float64)}
        return pl.DataFrame([*lines.values()], schema=schema)

    def table(self) -> pl.DataFrame:
        """Return `contributions` without empty columns, then the residual."""
        import polars as pl

        parts = self.contributions
        rest = pl.DataFrame({"term": ["residual"], "contribution": [self.residual]})
        return without_empty_columns(pl.concat([parts, rest], how="diagonal"))

    def summary(self) -> str:
        """Return the index and horizontal inequity in one sentence, then the contributions."""
        inequity = self.horizontal_inequity
        said = "" if inequity is None else f", horizontal inequity {cell(inequity)}"
        first = f"index {cell(self.index)}{said}, n = {self.n_obs:,}, {self.method}"
        return f"{first}\n{text_table(self.table(), None)}"

    def __repr__(self) -> str:
        return "\n".join(f"DecompositionResult: {self.summary()}".splitlines()[:MOST_LINES])
