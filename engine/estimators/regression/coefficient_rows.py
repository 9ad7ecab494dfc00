"""Tidy rows of coefficients on the log scale, and of the odds ratios they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from engine.arrays import FloatArray
from engine.estimators.regression.model_frame import ModelFrame
from engine.results import TidyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Coefficients (q,) with covariance (q, q), degrees of freedom (infinite: normal) and the status of each."""

    beta: FloatArray
    covariance: FloatArray
    degrees: float
    status: tuple[str, ...]
    conf_level: float


def told(estimate: Estimate, row: TidyRow, value: float, variance: float, *, ratio: bool) -> TidyRow:
    """Fill in an estimate told on the log scale; the error of a ratio is ratio x error of its logarithm."""
    std_error, low, high, p = _interval(estimate, value, variance)
    if not ratio:
        return replace(row, estimate=value, std_error=std_error, conf_low=low, conf_high=high, p_value=p)
    return replace(
        row,
        estimate=float(np.exp(value)),
        p_value=p,
        std_error=None if std_error is None else float(np.exp(value)) * std_error,
        conf_low=None if low is None else float(np.exp(low)),
        conf_high=None if high is None else float(np.exp(high)),
    )


def _interval(estimate: Estimate, value: float, variance: float) -> tuple[float | None, ...]:
    """Return (std_error, low, high, p) of an estimate that is 0 without effect."""
    std_error, degrees = float(np.sqrt(variance)), estimate.degrees
    if not std_error > 0 or degrees < 1:
        return (None, None, None, None)
    tail = 0.5 + estimate.conf_level / 2
    half = float(ndtri(tail) if np.isinf(degrees) else stdtrit(degrees, tail)) * std_error
    z = -abs(value) / std_error
    p = 2.0 * float(ndtr(z) if np.isinf(degrees) else stdtr(degrees, z))
    return std_error, value - half, value + half, p


def coefficient_rows(frame: ModelFrame, estimate: Estimate, base: TidyRow) -> Iterator[TidyRow]:
    """Yield ``coefficient`` of every column, the constant first, then ``odds_ratio``."""
    names = [("(constant)", None), *((column.term, column.level) for column in frame.columns)]
    for k, (term, level) in enumerate(names):
        row = replace(base, measure="coefficient", term=term, level=level, status=estimate.status[k])
        if estimate.status[k] == "ok":
            row = told(estimate, row, estimate.beta[k], estimate.covariance[k, k], ratio=False)
        yield row
    yield from ratio_rows(frame, estimate, base, "odds_ratio")


def ratio_rows(frame: ModelFrame, estimate: Estimate, base: TidyRow, measure: str) -> Iterator[TidyRow]:
    """Yield odds ratios, each factor's reference first."""
    seen = set()
    for k, column in enumerate(frame.columns, start=1):
        row = replace(base, measure=measure, term=column.term, status=estimate.status[k])
        if column.term in frame.levels and column.term not in seen:
            seen.add(column.term)
            yield replace(row, level=frame.levels[column.term][0], estimate=1.0, status="reference")
        row = replace(row, level=column.level)
        if estimate.status[k] == "ok":
            row = told(estimate, row, estimate.beta[k], estimate.covariance[k, k], ratio=True)
        yield row
