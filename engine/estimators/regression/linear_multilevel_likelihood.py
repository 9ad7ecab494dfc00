"""The likelihood of a linear model with nested random intercepts, in closed form.

y = x'beta + u + v + error, with variances b of the outer level, a of the inner and e of the error. The
covariance of a cluster has a closed inverse, so that the likelihood needs sums by inner cluster only. The
weight of a person is the exponent of its density, that of a cluster the exponent of the likelihood of the
cluster: a weight of 2 counts as two such people, or two such clusters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.estimators.regression.cluster_weights import ClusterWeights
from engine.estimators.regression.clusters import Clusters
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.small_matrices import dot, inverse, product, times

ERROR, INNER, OUTER = 0, 1, 2  # places of the variances e, a and b
_LOG_2PI = math.log(2.0 * math.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMoments:
    """What the likelihood needs of rows x (n, q) and y (n,), with J inner and I outer clusters.

    Attributes
    ----------
    n
        (J,) people of each inner cluster, by their weights.
    inner_weight, outer_weight
        (J,), (I,) weights of the clusters.
    outer
        (J,) the outer cluster of each.
    x, y
        (J, q), (J,) means.
    xx, xy, yy
        (q, q), (q,), scalar: products about these means, of all people.
    """

    n: FloatArray
    inner_weight: FloatArray
    outer_weight: FloatArray
    outer: IntArray
    x: FloatArray
    y: FloatArray
    xx: FloatArray
    xy: FloatArray
    yy: float

    @property
    def weight(self) -> FloatArray:
        """The weight of each inner cluster (J,) times that of its outer one."""
        weight: FloatArray = self.inner_weight * self.outer_weight[self.outer]
        return weight

    def by_outer(self, values: FloatArray) -> FloatArray:
        """Return the weighted sums of values (J,) by outer cluster (I,)."""
        return np.bincount(self.outer, weights=values * self.inner_weight).astype(np.float64)


class RowsAboutMeans(NamedTuple):
    """The rows about the means of their inner clusters.

    x (n, q), y (n,)
        Covariates and outcome.
    weight (n,)
        Of the person, times that of its inner cluster.
    outer (n,)
        The outer cluster.
    """

    x: FloatArray
    y: FloatArray
    weight: FloatArray
    outer: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodPoint:
    """The likelihood at some variances, with the coefficients that maximise it there."""

    beta: FloatArray
    spread: FloatArray
    log_likelihood: float
    score: FloatArray
    information: FloatArray


class ClusterPrecision(NamedTuple):
    """The inverse covariance of each cluster, at some variances.

    f, u (J,)
        Variance of the mean of an inner cluster, times its people; and its people over that.
    h, more, k (I,)
        Sum of u in each outer cluster, 1 + b h, and b / (1 + b h).
    """

    f: FloatArray
    u: FloatArray
    h: FloatArray
    more: FloatArray
    k: FloatArray

    @classmethod
    def of(cls, moments: ClusterMoments, theta: FloatArray) -> ClusterPrecision:
        """Return the inverse covariance at the variances theta (3,) = e, a, b."""
        e, a, b = (float(value) for value in theta)
        f = e + moments.n * a
        u = moments.n / f
        h = moments.by_outer(u)
        more = 1.0 + b * h
        return cls(f, u, h, more, b / more)


def moments_of(
    X: FloatArray, pattern: IntArray, y: FloatArray, clusters: Clusters, weights: ClusterWeights
) -> tuple[ClusterMoments, RowsAboutMeans]:
    """Return the moments of rows of patterns (p, q), and the rows about them; their order does not matter."""
    order = np.lexsort((weights.people, y, pattern, clusters.inner))
    pattern, y, inner = pattern[order], y[order], clusters.inner[order]
    people = weights.people[order]
    x = X[pattern]
    first = np.searchsorted(inner, np.arange(len(weights.inner)))
    n = np.bincount(inner, weights=people).astype(np.float64)
    mean_y = np.bincount(inner, weights=people * y) / n
    mean_x = np.column_stack([np.bincount(inner, weights=people * column) / n for column in x.T])
    x -= mean_x[inner]
    about = y - mean_y[inner]
    outer = clusters.outer[order][first] if clusters.has_outer else np.arange(len(n))
    each = people * weights.inner[inner]
    whole = each * weights.outer[outer[inner]]
    transposed = np.ascontiguousarray((x * whole[:, None]).T)
    return (
        ClusterMoments(
            n=n,
            inner_weight=weights.inner,
            outer_weight=weights.outer,
            outer=outer,
            x=np.ascontiguousarray(mean_x),
            y=mean_y,
            xx=product(transposed, np.ascontiguousarray(x)),
            xy=times(transposed, about),
            yy=dot(about, about * whole),
        ),
        RowsAboutMeans(x, about, each, outer[inner]),
    )


def within(moments: ClusterMoments, beta: FloatArray) -> float:
    """Return the squared residuals about the means of inner clusters."""
    return moments.yy - 2.0 * dot(moments.xy, beta) + dot(beta, times(moments.xx, beta))


def likelihood_at(moments: ClusterMoments, theta: FloatArray) -> LikelihoodPoint:
    """Evaluate the likelihood, its score (3,) and the expected information (3, 3) of the variances."""
    e, b = float(theta[ERROR]), float(theta[OUTER])
    n, by_outer, w, outer_w = moments.n, moments.by_outer, moments.weight, moments.outer_weight
    f, u, h, more, k = ClusterPrecision.of(moments, theta)
    v = n / f**2
    # X'V^-1 X and X'V^-1 y
    weighted = np.ascontiguousarray((moments.x * (u * w)[:, None]).T)
    t = np.column_stack([by_outer(u * column) for column in moments.x.T])
    t_y = by_outer(u * moments.y)
    taken = np.ascontiguousarray((t * (k * outer_w)[:, None]).T)
    XVX = moments.xx / e + product(weighted, moments.x) - product(taken, np.ascontiguousarray(t))
    XVy = moments.xy / e + times(weighted, moments.y) - times(taken, t_y)
    spread, _ = inverse(XVX)
    beta = times(spread, XVy)
    # residuals
    inside = max(within(moments, beta), 0.0)
    r = moments.y - times(moments.x, beta)
    T = by_outer(u * r)
    rest = r - (k * T)[moments.outer]
    n_people, n_inner = math.fsum(n * w), math.fsum(w)
    log_det = (n_people - n_inner) * logarithm(e)
    logs = np.array([*map(logarithm, f.tolist())]), np.array([*map(logarithm, more.tolist())])
    log_det += math.fsum(w * logs[0]) + math.fsum(outer_w * logs[1])
    square = inside / e + dot(u * w, r * r) - dot(k * outer_w, T * T)
    u2, u3, uv, S = by_outer(u * u), by_outer(u**3), by_outer(u * v), by_outer(v)
    g = h / more
    k_w = k * outer_w
    trace = np.array(
        [
            (n_people - n_inner) / e + dot(1.0 / f, w) - dot(k_w, S),
            dot(u, w) - dot(k_w, u2),
            dot(g, outer_w) if b > 0.0 or len(h) < len(n) else 0.0,
        ]
    )
    squares = np.array(
        [
            inside / e**2 + dot(v * w, rest * rest),
            dot(u * u * w, rest * rest),
            dot(T / more * outer_w, T / more),
        ]
    )
    information = np.zeros((3, 3))
    information[ERROR, ERROR] = (n_people - n_inner) / e**2 + dot(1.0 / f**2, w)
    information[ERROR, ERROR] += dot(k**2 * outer_w, S**2) - 2.0 * dot(k_w, by_outer(n / f**3))
    information[INNER, INNER] = dot(u2, outer_w) - 2.0 * dot(k_w, u3) + dot(k**2 * outer_w, u2**2)
    information[OUTER, OUTER] = dot(g * outer_w, g)
    information[ERROR, INNER] = dot(S, outer_w) - 2.0 * dot(k_w, uv) + dot(k**2 * outer_w, S * u2)
    information[ERROR, OUTER] = dot(S * outer_w, 1.0 / more**2)
    information[INNER, OUTER] = dot(u2 * outer_w, 1.0 / more**2)
    information += np.triu(information, 1).T
    return LikelihoodPoint(
        beta=beta,
        spread=spread,
        log_likelihood=-0.5 * (n_people * _LOG_2PI + log_det + square),
        score=0.5 * (squares - trace),
        information=0.5 * information,
    )
