"""Sandwich errors of a linear multilevel model, by the outermost clusters.

A^-1 K A^-1 G / (G - 1): A is minus the second derivatives of the log-likelihood by coefficients and
variances, in closed form, and K sums the squared scores of the G outermost clusters.
"""

from __future__ import annotations

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.regression.linear_multilevel_likelihood import (
    ERROR,
    ClusterMoments,
    ClusterPrecision,
    LikelihoodPoint,
    RowsAboutMeans,
    within,
)
from engine.kernels.regression.small_matrices import dot, inverse, product, times


def sandwich(
    moments: ClusterMoments, rows: RowsAboutMeans, point: LikelihoodPoint, theta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the covariance of the coefficients (q, q) and of the variances theta (3,), NaN for one of 0."""
    precision = ClusterPrecision.of(moments, theta)
    r = moments.y - times(moments.x, point.beta)
    means = _inverse_times(moments, precision, r)
    scores = _scores(moments, rows, point, theta, means)
    A = _curvature(moments, point, theta, means)
    q, n_clusters = len(point.beta), len(moments.outer_weight)
    free = np.concatenate([np.arange(q), q + np.flatnonzero(theta > 0.0)])
    bread = inverse(np.ascontiguousarray(A[np.ix_(free, free)]))[0]
    own = np.ascontiguousarray(scores[:, free])
    squares = product(np.ascontiguousarray(own.T), own)
    covariance = np.full_like(A, np.nan)
    factor = n_clusters / max(n_clusters - 1, 1)
    covariance[np.ix_(free, free)] = product(product(bread, squares), bread) * factor
    return covariance[:q, :q], covariance[q:, q:]


def _inverse_times(moments: ClusterMoments, precision: ClusterPrecision, means: FloatArray) -> FloatArray:
    """Return the means by inner cluster (J,) of V^-1 z, for a vector z with these means (J,)."""
    taken = precision.k * moments.by_outer(precision.u * means)
    solved: FloatArray = (means - taken[moments.outer]) / precision.f
    return solved


def _directions(moments: ClusterMoments, means: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the means (J,) of dV/de p, dV/da p and dV/db p, for p = V^-1 r with these means (J,)."""
    inner = moments.n * means
    return means, inner, moments.by_outer(inner)[moments.outer]


def _scores(
    moments: ClusterMoments,
    rows: RowsAboutMeans,
    point: LikelihoodPoint,
    theta: FloatArray,
    means: FloatArray,
) -> FloatArray:
    """Return the weighted scores (I, q + 3) of the outer clusters; means (J,) are those of V^-1 r."""
    f, u, h, more, k = ClusterPrecision.of(moments, theta)
    e, by_outer, n = float(theta[ERROR]), moments.by_outer, moments.n
    residual = rows.y - times(np.ascontiguousarray(rows.x), point.beta)
    inside = rows.weight * residual
    scores = np.empty((len(h), len(point.beta) + 3))
    for column in range(len(point.beta)):
        own = np.bincount(rows.outer, weights=rows.x[:, column] * inside) / e
        scores[:, column] = own + by_outer(n * means * moments.x[:, column])
    squares = np.bincount(rows.outer, weights=inside * residual) / e**2 + by_outer(n * means**2)
    trace = by_outer((n - 1.0) / e + 1.0 / f) - k * by_outer(n / f**2)
    scores[:, -3] = 0.5 * (squares - trace)
    scores[:, -2] = 0.5 * (by_outer((n * means) ** 2) - by_outer(u) + k * by_outer(u**2))
    scores[:, -1] = 0.5 * (by_outer(n * means) ** 2 - h / more)
    scores *= moments.outer_weight[:, None]
    return scores


def _curvature(
    moments: ClusterMoments, point: LikelihoodPoint, theta: FloatArray, means: FloatArray
) -> FloatArray:
    """Return minus the second derivatives (q + 3, q + 3) by coefficients and variances."""
    precision, e = ClusterPrecision.of(moments, theta), float(theta[ERROR])
    q, people = len(point.beta), moments.n * moments.weight
    directions = _directions(moments, means)
    A = np.empty((q + 3, q + 3))
    A[:q, :q] = inverse(np.ascontiguousarray(point.spread))[0]
    for i, direction in enumerate(directions):
        solved = people * _inverse_times(moments, precision, direction)
        across = times(np.ascontiguousarray(moments.x.T), solved)
        if i == ERROR:
            across = across + (moments.xy - times(moments.xx, point.beta)) / e**2
        A[:q, q + i] = A[q + i, :q] = across
        for j, other in enumerate(directions):
            A[q + j, q + i] = dot(other, solved) - point.information[j, i]
    A[q + ERROR, q + ERROR] += max(within(moments, point.beta), 0.0) / e**3
    return A
