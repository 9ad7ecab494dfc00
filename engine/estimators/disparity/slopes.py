"""The model of a mean on the rank, with three links, for groups with shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray

_MOST_STEPS = 100
_TOLERANCE = 1e-13  # of the largest last step of a coefficient, relative to the largest coefficient

_SETTLED = 1e-6  # of the same, where steps end without reaching it


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """A fitted model f(b0 + b1 R).

    Attributes
    ----------
    coefficients
        (..., 2) float64: b0 and b1, NaN where the model has no maximum.
    share, rank, residual, variance
        (..., k) float64: shares, mid-ranks, e - f, and the derivative of f.
    information
        (..., 2, 2) float64: A = sum p f' (1, R)(1, R)'.
    top, bottom, top_slope, bottom_slope
        (...,) float64: prediction at R = 1 and R = 0, and the derivative of f there.
    """

    coefficients: FloatArray
    share: FloatArray
    rank: FloatArray
    residual: FloatArray
    variance: FloatArray
    information: FloatArray
    top: FloatArray
    bottom: FloatArray
    top_slope: FloatArray
    bottom_slope: FloatArray


def fit_slope(mean: FloatArray, share: FloatArray, rank: FloatArray, link: str) -> Slope:
    """Fit the means of groups (..., k) on their ranks by Newton steps from the overall mean."""
    curve = _LINKS[link]
    overall = (share * mean).sum(axis=-1)
    with np.errstate(all="ignore"):
        start = curve.start(overall)
        b = np.stack([start, np.zeros_like(start)], axis=-1)
        for _ in range(_MOST_STEPS):
            fitted, slope = curve.mean(b[..., :1] + b[..., 1:] * rank)
            step = _newton_step(share, rank, mean - fitted, slope)
            b = b + step
            size = np.nanmax(abs(step) / (1.0 + abs(b)), initial=0.0)
            if size < _TOLERANCE:
                break
        # Relative to the largest: the slope of amounts around 1e12 is known to the last digits of these only.
        largest = abs(b).max(axis=-1, keepdims=True)
        is_settled = (abs(step) < _SETTLED * (1.0 + largest)).all(axis=-1, keepdims=True)
        b = np.where(is_settled, b, np.nan)
        fitted, slope = curve.mean(b[..., :1] + b[..., 1:] * rank)
        bottom, bottom_slope = curve.mean(b[..., 0])
        top, top_slope = curve.mean(b[..., 0] + b[..., 1])
    return Slope(
        coefficients=b,
        share=share,
        rank=rank,
        residual=mean - fitted,
        variance=slope,
        information=_information(share, rank, slope),
        top=top,
        bottom=bottom,
        top_slope=top_slope,
        bottom_slope=bottom_slope,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """`mean` takes the linear predictor to (f, f'); `start` takes the overall mean to b0."""

    mean: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    start: Callable[[FloatArray], FloatArray]


def _linear(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    return eta, np.where(np.isnan(eta), np.nan, 1.0)


def _logit(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    f = 1.0 / (1.0 + np.exp(-eta))
    return f, f * (1.0 - f)


def _log(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    f = np.exp(eta)
    return f, f


def _log_odds(mean: FloatArray) -> FloatArray:
    odds: FloatArray = np.log(mean / (1.0 - mean))
    return odds


def _unchanged(mean: FloatArray) -> FloatArray:
    return mean


_LINKS = {
    "linear": _Link(mean=_linear, start=_unchanged),
    "logit": _Link(mean=_logit, start=_log_odds),
    "log": _Link(mean=_log, start=np.log),
}


def _information(share: FloatArray, rank: FloatArray, slope: FloatArray) -> FloatArray:
    """Return A (..., 2, 2)."""
    weight = share * slope
    a, b, c = weight.sum(axis=-1), (weight * rank).sum(axis=-1), (weight * rank * rank).sum(axis=-1)
    return np.stack([np.stack([a, b], axis=-1), np.stack([b, c], axis=-1)], axis=-2)


def _newton_step(share: FloatArray, rank: FloatArray, residual: FloatArray, slope: FloatArray) -> FloatArray:
    """Return A^-1 times the score (..., 2), by the inverse of a matrix of two."""
    weight = share * residual
    first, second = weight.sum(axis=-1), (weight * rank).sum(axis=-1)
    A = _information(share, rank, slope)
    a, b, c = A[..., 0, 0], A[..., 0, 1], A[..., 1, 1]
    determinant = a * c - b * b
    return np.stack([(c * first - b * second) / determinant, (a * second - b * first) / determinant], axis=-1)
