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
        (..., 2) float64: b0 and b1, NaN where the model has no maximum; b0 less that of the overall mean.
    share, rank, residual, variance
        (..., k) float64: shares, mid-ranks, e - f, and the derivative of f.
    information
        (..., 2, 2) float64: A = sum p f' (1, R)(1, R)'.
    gap
        (...,) float64: prediction at R = 1 less that at R = 0.
    top, bottom, top_slope, bottom_slope
        (...,) float64: prediction at R = 1 and R = 0, and the derivative of f there.
    """

    coefficients: FloatArray
    share: FloatArray
    rank: FloatArray
    residual: FloatArray
    variance: FloatArray
    information: FloatArray
    gap: FloatArray
    top: FloatArray
    bottom: FloatArray
    top_slope: FloatArray
    bottom_slope: FloatArray


def fit_slope(away: FloatArray, overall: FloatArray, share: FloatArray, rank: FloatArray, link: str) -> Slope:
    """Fit the means of groups on their ranks by Newton steps from the overall mean.

    Means are given and fitted as distances from the overall mean, so that means around a billion keep the
    digits of their differences.

    Parameters
    ----------
    away, share, rank
        (..., k) mean of each group less the overall mean, share and mid-rank.
    overall
        (...,) overall mean.
    link
        ``linear``, ``logit`` or ``log``.
    """
    curve, level = _LINKS[link], overall[..., None]
    with np.errstate(all="ignore"):
        b = np.zeros((*overall.shape, 2)) + np.where(np.isnan(level), np.nan, 0.0)
        for _ in range(_MOST_STEPS):
            fitted, _, slope = curve(b[..., :1] + b[..., 1:] * rank, level)
            step = _newton_step(share, rank, away - fitted, slope)
            b = b + step
            size = np.nanmax(abs(step) / (1.0 + abs(b)), initial=0.0)
            if size < _TOLERANCE:
                break
        # Relative to the largest: the slope of amounts around 1e12 is known to the last digits of these only.
        largest = abs(b).max(axis=-1, keepdims=True)
        is_settled = (abs(step) < _SETTLED * (1.0 + largest)).all(axis=-1, keepdims=True)
        b = np.where(is_settled, b, np.nan)
        fitted, _, slope = curve(b[..., :1] + b[..., 1:] * rank, level)
        low, bottom, bottom_slope = curve(b[..., 0], overall)
        high, top, top_slope = curve(b[..., 0] + b[..., 1], overall)
    return Slope(
        coefficients=b,
        share=share,
        rank=rank,
        residual=away - fitted,
        variance=slope,
        information=_information(share, rank, slope),
        gap=high - low,
        top=top,
        bottom=bottom,
        top_slope=top_slope,
        bottom_slope=bottom_slope,
    )


_Predictions = tuple[FloatArray, FloatArray, FloatArray]
"""f less the overall mean, f, and the derivative of f."""


def _linear(eta: FloatArray, overall: FloatArray) -> _Predictions:
    return eta, overall + eta, np.where(np.isnan(eta), np.nan, 1.0)


def _logit(eta: FloatArray, overall: FloatArray) -> _Predictions:
    """Return f = p e^eta / (1 - p + p e^eta): the odds of the overall mean p, times e^eta."""
    p = np.where((overall > 0.0) & (overall < 1.0), overall, np.nan)
    f = 1.0 / (1.0 + (1.0 - p) / p * np.exp(-eta))
    growth = np.expm1(eta)
    return p * (1.0 - p) * growth / (1.0 + p * growth), f, f * (1.0 - f)


def _log(eta: FloatArray, overall: FloatArray) -> _Predictions:
    mean = np.where(overall > 0.0, overall, np.nan)
    f = mean * np.exp(eta)
    return mean * np.expm1(eta), f, f


# From a linear predictor, less that of the overall mean, and the overall mean.
_LINKS: dict[str, Callable[[FloatArray, FloatArray], _Predictions]] = {
    "linear": _linear,
    "logit": _logit,
    "log": _log,
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
