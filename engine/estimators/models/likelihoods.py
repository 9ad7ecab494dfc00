"""The likelihood of one cell by its linear predictor and the further parameters, with two derivatives.

All that a model is stands here: its maximum, covariances and tests are made of these derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from engine.arrays import FloatArray
from engine.kernels.regression.small_matrices import exponentials

_FAR = 15.0  # of a linear predictor from its centre: beyond, an estimate may be infinite
_SMALL = 0.01  # below, a series replaces a difference that cancels
_TERMS = 9  # of that series


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivatives:
    """The log-likelihood of cells by (linear predictor, k further parameters).

    Attributes
    ----------
    value
        (c,) the log-likelihood; minus infinity or NaN where the parameters are impossible.
    gradient
        (c, 1 + k) its first derivatives.
    curvature
        (c, 1 + k, 1 + k) minus its second derivatives.
    """

    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray


Likelihood = Callable[[FloatArray, FloatArray, FloatArray], Derivatives]
"""(linear predictor (c,), further parameters (k,), outcome (c,)) -> derivatives."""


def _of_predictor_only(value: FloatArray, gradient: FloatArray, curvature: FloatArray) -> Derivatives:
    return Derivatives(value=value, gradient=gradient[:, None], curvature=curvature[:, None, None])


def linear(eta: FloatArray, _extra: FloatArray, y: FloatArray) -> Derivatives:
    """Return minus half the squared residual: least squares, in units of the residual variance."""
    residual = y - eta
    return _of_predictor_only(-0.5 * residual * residual, residual, np.ones(len(y)))


def poisson(eta: FloatArray, _extra: FloatArray, y: FloatArray) -> Derivatives:
    """Return the Poisson likelihood with log link."""
    mu = exponentials(eta)
    return _of_predictor_only(y * eta - mu - gammaln(y + 1.0), y - mu, mu)


def negative_binomial(eta: FloatArray, extra: FloatArray, y: FloatArray) -> Derivatives:
    """Return the NB2 likelihood with log link: variance mu + alpha mu^2, and log alpha as the parameter.

    Gamma functions of 1 / alpha cancel where alpha is small; sums over the counts below y do not.
    """
    mu, alpha = exponentials(eta), float(np.exp(extra[0]))
    t = alpha * mu
    log_t, whole = np.log1p(t), 1.0 + t
    below = np.arange(int(y.max(initial=0.0)) + 1, dtype=np.float64)
    share = below / (1.0 + alpha * below)
    place = y.astype(np.int64)
    logs, first, second = (
        (np.cumsum(each) - each)[place] for each in (np.log1p(alpha * below), share, share * share)
    )
    value = logs + y * eta - y * log_t - _ratio(log_t, alpha, mu) - gammaln(y + 1.0)
    f, f_slope = _rest(t, log_t)
    by_alpha = first + mu * mu * f - y * mu / whole
    by_alpha_twice = -second + mu**3 * f_slope + y * (mu / whole) ** 2
    residual = (y - mu) / whole
    gradient = np.stack([residual, alpha * by_alpha], axis=1)
    curvature = np.empty((len(y), 2, 2))
    curvature[:, 0, 0] = mu * (1.0 + alpha * y) / (whole * whole)
    curvature[:, 0, 1] = curvature[:, 1, 0] = alpha * mu * residual / whole
    curvature[:, 1, 1] = -alpha * by_alpha - alpha * alpha * by_alpha_twice
    return Derivatives(value=value, gradient=gradient, curvature=curvature)


def _ratio(log_t: FloatArray, alpha: float, mu: FloatArray) -> FloatArray:
    """Return log(1 + alpha mu) / alpha, which is mu where alpha vanishes."""
    return log_t / alpha if alpha > 0.0 else mu


def _rest(t: FloatArray, log_t: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return f(t) = (log(1 + t) - t / (1 + t)) / t^2 and its derivative, by a series where t is small."""
    at = np.where(t < _SMALL, 1.0, t)
    f = (np.where(t < _SMALL, 0.0, log_t) - at / (1.0 + at)) / (at * at)
    slope = 1.0 / (at * (1.0 + at) ** 2) - 2.0 * f / at
    series, series_slope = np.zeros(len(t)), np.zeros(len(t))
    for power in range(_TERMS):
        factor = (-1.0) ** power * (power + 1.0) / (power + 2.0)
        series += factor * t**power
        series_slope += factor * power * t ** max(power - 1, 0)
    return np.where(t < _SMALL, series, f), np.where(t < _SMALL, series_slope, slope)


def ordered_logit(eta: FloatArray, extra: FloatArray, y: FloatArray) -> Derivatives:
    """Return the cumulative logit: P(category <= j) = F(threshold j - eta), categories y from 0.

    P = F(u) F(-l) (1 - exp(l - u)) for the thresholds u above and l below, which does not cancel.
    """
    k, place = len(extra), y.astype(np.int64)
    ends = np.concatenate([[-np.inf], extra, [np.inf]])
    above, below = ends[place + 1] - eta, ends[place] - eta
    F_above, F_below = logistic(above), logistic(below)
    gap = ends[place + 1] - ends[place]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        odds = 1.0 / np.expm1(gap)
        value = -np.logaddexp(0.0, -above) - np.logaddexp(0.0, below) + np.log1p(-np.exp(-gap))
    to_both = odds * (1.0 + odds)
    by_above, by_below = 1.0 - F_above + odds, -F_below - odds
    of_above, of_below = F_above * (1.0 - F_above), F_below * (1.0 - F_below)
    rows = np.arange(len(y))
    # Derivatives of (u, l) by (eta, thresholds); the ends have no parameter.
    to_above, to_below = np.zeros((len(y), 1 + k)), np.zeros((len(y), 1 + k))
    to_above[:, 0] = to_below[:, 0] = -1.0
    has_above, has_below = place < k, place > 0
    to_above[rows[has_above], 1 + place[has_above]] = 1.0
    to_below[rows[has_below], place[has_below]] = 1.0
    gradient = by_above[:, None] * to_above + by_below[:, None] * to_below
    curvature = _outer(of_above, to_above) + _outer(of_below, to_below) + _outer(to_both, to_above - to_below)
    return Derivatives(value=value, gradient=gradient, curvature=curvature)


def _outer(weight: FloatArray, vectors: FloatArray) -> FloatArray:
    """Return weight v v' of each cell: (c, m, m)."""
    return weight[:, None, None] * vectors[:, :, None] * vectors[:, None, :]


def logistic(x: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-x)) of each value."""
    return 1.0 / (1.0 + exponentials(np.ascontiguousarray(-x)))


def is_far(eta: FloatArray) -> bool:
    """Whether a linear predictor (c,) lies so far from the others that an estimate may be infinite."""
    return bool(len(eta) and np.abs(eta - np.median(eta)).max() > _FAR)
