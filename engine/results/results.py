"""Results of the Python functions: frozen, each with its tidy rows."""

from __future__ import annotations

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogitResult:
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
        """Return the result that these rows tell of."""
        found = next(row for row in rows if row.measure == "log_likelihood")
        return cls(
            log_likelihood=float(found.estimate or 0.0),
            n_obs=int(found.n_obs or 0),
            n_events=int(found.n_events or 0),
            rows=rows,
        )

    @property
    def coefficients(self) -> pl.DataFrame:
        """The coefficients, the constant first."""
        return self._measure("coefficient")

    @property
    def odds_ratios(self) -> pl.DataFrame:
        """The odds ratios, each factor's reference first."""
        return self._measure("odds_ratio")

    def _measure(self, name: str) -> pl.DataFrame:
        return to_frame(row for row in self.rows if row.measure == name)

    def to_frame(self) -> pl.DataFrame:
        """Return the tidy rows as a Polars frame."""
        return to_frame(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedLogitResult:
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
        What the log-likelihood gains with twice the quadrature points.
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
    n_obs: int
    n_events: int
    rows: tuple[TidyRow, ...]

    @classmethod
    def of(cls, rows: tuple[TidyRow, ...]) -> MixedLogitResult:
        """Return the result that these rows tell of."""
        found = {row.measure: row for row in rows}
        values = {name: row.estimate for name, row in found.items() if row.estimate is not None}
        by_level = {
            measure: {str(row.term): float(row.estimate or 0.0) for row in rows if row.measure == measure}
            for measure in ("variance", "icc")
        }
        return cls(
            variances=by_level["variance"],
            icc=by_level["icc"],
            log_likelihood=values["log_likelihood"],
            aic=values.get("aic", float("nan")),
            bic=values.get("bic", float("nan")),
            points_check=values["points_check"],
            n_obs=int(found["log_likelihood"].n_obs or 0),
            n_events=int(found["log_likelihood"].n_events or 0),
            rows=rows,
        )

    @property
    def coefficients(self) -> pl.DataFrame:
        """The coefficients, the constant first."""
        return to_frame(row for row in self.rows if row.measure == "coefficient")

    @property
    def odds_ratios(self) -> pl.DataFrame:
        """The odds ratios, each factor's reference first."""
        return to_frame(row for row in self.rows if row.measure == "odds_ratio")

    @property
    def modes(self) -> pl.DataFrame:
        """The clusters' effects with their errors, the smallest of each level first."""
        return to_frame(row for row in self.rows if row.measure == "conditional_mode")

    def to_frame(self) -> pl.DataFrame:
        """Return the tidy rows as a Polars frame."""
        return to_frame(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecompositionResult:
    """An index decomposed.

    Attributes
    ----------
    index, residual
        The index, and what the covariates leave of it: contributions and residual add up to the index exactly.
    horizontal_inequity
        The index less the contributions of need; None without need.
    standardised_inequity
        The index of the outcome less what need predicts of it, with other covariates at their means; None
        without need and for linear models, where it is the same.
    n_obs
        Rows used.
    method
        Model, and how standard errors were made.
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
        """One row a covariate: mean, effect, elasticity, its own index, contribution and share, with errors."""
        import polars as pl

        found: dict[tuple[str, str | None], dict[str, object]] = {}
        for row in self.rows:
            if row.term is None or row.level == "all" or row.term == "residual":
                continue
            line = found.setdefault((row.term, row.level), {"term": row.term, "level": row.level})
            line[str(row.measure)] = row.estimate
            if row.measure == "contribution":
                line |= {
                    name: getattr(row, name) for name in ("std_error", "conf_low", "conf_high", "p_value")
                }
            elif row.measure == "share":
                line["share_std_error"] = row.std_error
        kinds = {
            "term": pl.String,
            "level": pl.String,
            "mean": pl.Float64,
            "effect": pl.Float64,
            "elasticity": pl.Float64,
            "concentration_index": pl.Float64,
            "contribution": pl.Float64,
            "share": pl.Float64,
            "std_error": pl.Float64,
            "conf_low": pl.Float64,
            "conf_high": pl.Float64,
            "p_value": pl.Float64,
            "share_std_error": pl.Float64,
        }
        return pl.DataFrame([*found.values()], schema=kinds)

    def to_frame(self) -> pl.DataFrame:
        """Return the tidy rows as a Polars frame."""
        return to_frame(self.rows)
