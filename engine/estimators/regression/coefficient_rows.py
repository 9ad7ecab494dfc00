"""Tidy rows of coefficients on the log-odds scale, and of their odds ratios."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from engine.arrays import FloatArray
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.sample.design_variance import NO_DEGREES, NO_ERROR, NO_STANDARD_ERROR
from engine.kernels.regression.links import exponential
from engine.results import TidyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """Estimated coefficients.

    Attributes
    ----------
    beta, covariance
        (q,) and (q, q), NaN where a column is not estimated.
    degrees
        Degrees of freedom of Student's t; infinite for the normal distribution.
    status
        ``ok`` for each of the q columns, or why it has no estimate.
    conf_level
        Of the confidence intervals.
    error_status
        ``ok``, or why estimates have no errors.
    """

    beta: FloatArray
    covariance: FloatArray
    degrees: float
    status: tuple[str, ...]
    conf_level: float
    error_status: str = "ok"

    def row(self, row: TidyRow, column: int, *, is_ratio: bool) -> TidyRow:
        """Return a row with a column's status and, where that is ``ok``, its estimate; 0 is the constant."""
        row = replace(row, status=self.status[column])
        if row.status != "ok":
            return row
        return self.estimate_row(row, self.beta[column], self.covariance[column, column], is_ratio=is_ratio)

    def estimate_row(self, row: TidyRow, value: float, variance: float, *, is_ratio: bool) -> TidyRow:
        """Return a row with an estimate, its standard error, interval and test against 0.

        Parameters
        ----------
        row
            The labels.
        value, variance
            The estimate and its variance; of a ratio, those of its logarithm.
        is_ratio
            Whether to report exp(value), with the standard error exp(value) x that of the logarithm.
        """
        std_error, low, high, p = self._interval(value, variance)
        if self.error_status != "ok":
            row = replace(row, status=self.error_status)
        elif std_error is None:
            row = replace(row, status=NO_DEGREES if self.degrees < 1 else NO_STANDARD_ERROR)
        if std_error is not None and np.isfinite(self.degrees):
            row = replace(row, df2=self.degrees)
        if not is_ratio:
            return replace(row, estimate=value, std_error=std_error, conf_low=low, conf_high=high, p_value=p)
        return replace(
            row,
            estimate=exponential(value),
            std_error=None if std_error is None else exponential(value) * std_error,
            conf_low=None if low is None else exponential(low),
            conf_high=None if high is None else exponential(high),
            p_value=p,
        )

    def _interval(self, value: float, variance: float) -> tuple[float | None, ...]:
        """Return (std_error, conf_low, conf_high, p_value), all None without a variance.

        A level of one sampling unit has none: the fit follows that unit, and rounding is left.
        """
        std_error, degrees = float(np.sqrt(variance)), self.degrees
        if not std_error > NO_ERROR * abs(value) or degrees < 1:
            return (None, None, None, None)
        tail = 0.5 + self.conf_level / 2
        half = float(ndtri(tail) if np.isinf(degrees) else stdtrit(degrees, tail)) * std_error
        z = -abs(value) / std_error
        p = 2.0 * float(ndtr(z) if np.isinf(degrees) else stdtr(degrees, z))
        return std_error, value - half, value + half, p


def coefficient_rows(frame: ModelFrame, coefficients: Coefficients, base: TidyRow) -> Iterator[TidyRow]:
    """Yield the ``coefficient`` of every column, the constant first, then every ``odds_ratio``."""
    for k, (term, level) in enumerate(frame.labels):
        row = replace(base, measure="coefficient", term=term, level=level)
        yield coefficients.row(row, k, is_ratio=False)
    yield from ratio_rows(frame, coefficients, base, "odds_ratio")


def ratio_rows(
    frame: ModelFrame, coefficients: Coefficients, base: TidyRow, measure: str
) -> Iterator[TidyRow]:
    """Yield the odds ratio of every column as `measure`; each factor begins with its reference."""
    factors_begun = set()
    for k, column in enumerate(frame.columns, start=1):
        row = replace(base, measure=measure, term=column.term)
        if column.term in frame.levels and column.term not in factors_begun:
            factors_begun.add(column.term)
            yield replace(row, level=frame.levels[column.term][0], estimate=1.0, status="reference")
        yield coefficients.row(replace(row, level=column.level), k, is_ratio=True)
