"""Average marginal effects of a regression: on the mean, or on the probability of each ordered category.

Everybody is given each level of a variable in turn while the other covariates stay. Standard errors follow
from the covariance of the parameters by the delta method; the covariates count as fixed, as in Stata's
`margins`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.models.fitted import FittedModel
from engine.estimators.models.likelihoods import logistic
from engine.estimators.regression.patterns import sums_by_key
from engine.kernels.regression.small_matrices import dot, exponentials, times, weighted_rows
from engine.results import TidyRow


class Prediction(NamedTuple):
    """What a model predicts for p patterns, with its derivatives by the linear predictor eta.

    mean, slope, bend (p,)
        The prediction, and its first and second derivative by eta.
    by_extra, slope_by_extra (p, k)
        Derivatives of `mean` and `slope` by the further parameters.
    """

    mean: FloatArray
    slope: FloatArray
    bend: FloatArray
    by_extra: FloatArray
    slope_by_extra: FloatArray


class Effect(NamedTuple):
    """An average effect, with its gradient (q + k,) by the parameters."""

    term: str
    level: str | None
    value: float
    gradient: FloatArray


def margin_rows(model: FittedModel) -> Iterator[TidyRow]:
    """Yield the ``marginal_effect`` of each variable, if every column has an estimate.

    Of an ordered outcome there is one for each category, with the level ``male → good``, or ``→ good`` of a
    number.
    """
    if not model.has_all_estimates:
        return
    q = len(model.frame.labels)
    estimated = np.flatnonzero(np.isfinite(model.fit.parameters))
    V = np.ascontiguousarray(model.fit.covariances.V[np.ix_(estimated, estimated)])
    beta, extra = np.nan_to_num(model.fit.parameters[:q]), model.fit.parameters[q:]
    share = _shares(model)
    for place, category in enumerate(_categories(model)):
        for effect in _effects(model, share, beta, extra, place):
            gradient = np.ascontiguousarray(effect.gradient[estimated])
            variance = dot(gradient, times(V, gradient))
            level = effect.level if category is None else f"{effect.level or ''} → {category}".strip()
            row = replace(model.base, measure="marginal_effect", term=effect.term, level=level)
            yield model.coefficients.estimate_row(row, effect.value, variance, is_ratio=False)


def _categories(model: FittedModel) -> list[str | None]:
    """Return the categories that occur, of an ordered outcome; one None for a mean."""
    if not model.family.has_thresholds:
        return [None]
    return [model.categories[int(code)] for code in model.fit.found.categories]


def _shares(model: FittedModel) -> FloatArray:
    """Return the weight of each pattern (p,) in the mean; exposures multiply the rates of counts."""
    weight = model.rows.weight
    if model.family.is_count:
        weight = weight * exponentials(model.offset)
    sums, _ = sums_by_key(model.frame.pattern, weight, np.zeros(len(weight)), len(model.frame.X))
    shares: FloatArray = sums / math.fsum(model.rows.weight)
    return shares


def _predicted(model: FittedModel, eta: FloatArray, extra: FloatArray, place: int) -> Prediction:
    """Return the prediction at linear predictors eta (p,): the mean, or the probability of a category."""
    nothing = np.zeros((len(eta), len(extra)))
    if model.family.is_count:
        mean = exponentials(eta)
        return Prediction(mean, mean, mean, nothing, nothing)
    if not model.family.has_thresholds:
        return Prediction(eta, np.ones(len(eta)), np.zeros(len(eta)), nothing, nothing)
    mean, slope, bend = np.zeros(len(eta)), np.zeros(len(eta)), np.zeros(len(eta))
    by_extra, slope_by_extra = nothing.copy(), nothing.copy()
    for threshold, sign in ((place, 1.0), (place - 1, -1.0)):  # below the upper one, not below the lower
        if threshold in (-1, len(extra)):
            mean += sign * (threshold >= 0)
            continue
        F = logistic(extra[threshold] - eta)
        f = F * (1.0 - F)
        df = f * (1.0 - 2.0 * F)
        mean, slope, bend = mean + sign * F, slope - sign * f, bend + sign * df
        by_extra[:, threshold], slope_by_extra[:, threshold] = sign * f, -sign * df
    return Prediction(mean, slope, bend, by_extra, slope_by_extra)


def _effects(
    model: FittedModel, share: FloatArray, beta: FloatArray, extra: FloatArray, place: int
) -> Iterator[Effect]:
    """Yield the effect of each variable on the mean, or on the probability of the category at a place."""
    frame = model.frame
    for term in frame.terms:
        if term.is_product:
            continue
        name = term.names[0]
        if name not in frame.levels:
            yield _derivative(model, name, share, beta, extra, place)
            continue
        means = [
            _mean(model, frame.at_level(name, level), share, beta, extra, place)
            for level in frame.levels[name]
        ]
        base, base_gradient = means[0]
        for level, (mean, gradient) in zip(frame.levels[name][1:], means[1:], strict=True):
            yield Effect(name, level, mean - base, gradient - base_gradient)


def _mean(
    model: FittedModel,
    X: FloatArray,
    share: FloatArray,
    beta: FloatArray,
    extra: FloatArray,
    place: int,
) -> tuple[float, FloatArray]:
    """Return the mean prediction for patterns X (p, q), and its gradient (q + k,)."""
    at = _predicted(model, times(X, beta), extra, place)
    gradient = np.concatenate([weighted_rows(share * at.slope, X), weighted_rows(share, at.by_extra)])
    return dot(share, at.mean), gradient


def _derivative(
    model: FittedModel, name: str, share: FloatArray, beta: FloatArray, extra: FloatArray, place: int
) -> Effect:
    """Return the mean derivative of the prediction by a number."""
    X = model.frame.X
    D = model.frame.raised(name) - X  # every column is linear in the number
    at, along = _predicted(model, times(X, beta), extra, place), times(D, beta)
    by_beta = weighted_rows(share * at.slope, D) + weighted_rows(share * at.bend * along, X)
    gradient = np.concatenate([by_beta, weighted_rows(share * along, at.slope_by_extra)])
    return Effect(name, None, dot(share, at.slope * along), gradient)
