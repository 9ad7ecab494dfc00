"""Linear models with random intercepts of one or two nested levels, by maximum likelihood in closed form.

y = x'beta + u + v + error, with variances b of the outer level, a of the inner and e of the error. The
covariance of a cluster has a closed inverse, so that the likelihood needs sums by inner cluster only; steps
are those of Fisher's scoring. Every variance is 0 or above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.errors import EstimationError
from engine.estimators.regression.clusters import Clusters
from engine.estimators.regression.logit_maximum import COMBINATION
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.regression.patterns import in_study_units, standardised, submatrix
from engine.kernels.regression.glm import cholesky_solve
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.small_matrices import dot, inverse, product, times

ERROR, INNER, OUTER = 0, 1, 2  # places of the variances e, a and b
MOST_STEPS, MOST_HALVINGS = 500, 60
CLOSE = 1e-11  # size of the last step, over the sum of the variances
_LOG_2PI = math.log(2.0 * math.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMoments:
    """What the likelihood needs of rows x (n, q) and y (n,), with J inner and I outer clusters.

    Attributes
    ----------
    n
        (J,) people of each inner cluster.
    outer
        (J,) the outer cluster of each.
    x, y
        (J, q), (J,) means.
    xx, xy, yy
        (q, q), (q,), scalar: products about these means, of all people.
    """

    n: FloatArray
    outer: IntArray
    x: FloatArray
    y: FloatArray
    xx: FloatArray
    xy: FloatArray
    yy: float

    def by_outer(self, values: FloatArray) -> FloatArray:
        """Return the sums of values (J,) by outer cluster (I,)."""
        return np.bincount(self.outer, weights=values).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearMultilevelFit:
    """A fitted model.

    Attributes
    ----------
    beta, covariance
        (q,), (q, q) in the units of the study, NaN where not estimated.
    status
        ``ok`` for each column, or why it has no estimate.
    variances, variance_covariance
        (l + 1,), (l + 1, l + 1): of the levels, innermost first, then of the error; NaN at the boundary.
    at_boundary
        (l + 1,) whether each is 0 at the maximum.
    log_likelihood, without_effects
        At the maximum, and of the regression without random effects.
    converged
        Whether the maximum was reached.
    """

    beta: FloatArray
    covariance: FloatArray
    status: tuple[str, ...]
    variances: FloatArray
    variance_covariance: FloatArray
    at_boundary: tuple[bool, ...]
    log_likelihood: float
    without_effects: float
    converged: bool

    @property
    def n_parameters(self) -> int:
        """Coefficients and variances; one at the boundary does not count."""
        return self.status.count("ok") + self.at_boundary.count(False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """The likelihood at some variances, with the coefficients that maximise it there."""

    beta: FloatArray
    spread: FloatArray
    log_likelihood: float
    score: FloatArray
    information: FloatArray


def fit_linear_multilevel(frame: ModelFrame, y: FloatArray, clusters: Clusters) -> LinearMultilevelFit:
    """Fit by maximum likelihood to outcomes y (n,) of the rows of a design matrix by pattern.

    Raises
    ------
    EstimationError
        If the covariates leave nothing of the outcome.
    """
    people = np.bincount(frame.pattern, minlength=len(frame.X)).astype(np.float64)
    Z, A = standardised(frame.X, people)
    kept, status = _independent(Z, people)
    centre = math.fsum(y) / len(y)
    unit = math.sqrt(math.fsum((y - centre) ** 2) / len(y))
    moments = _moments(
        submatrix(Z, np.arange(len(Z)), kept), frame.pattern.astype(np.int64), (y - centre) / unit, clusters
    )
    alone = _without_effects(moments)
    theta, point, converged = _climb(moments, has_outer=clusters.has_outer)
    places = [*[INNER, OUTER][: len(clusters.names)], ERROR]
    covariance = np.full((3, 3), np.nan)
    free = np.flatnonzero(theta > 0.0)
    covariance[np.ix_(free, free)] = inverse(np.ascontiguousarray(point.information[np.ix_(free, free)]))[0]
    beta, of_beta = in_study_units(A, kept, point.beta * unit, point.spread * unit**2)
    beta[0] += centre
    shift = len(y) * logarithm(unit)
    return LinearMultilevelFit(
        beta=beta,
        covariance=of_beta,
        status=status,
        variances=theta[places] * unit**2,
        variance_covariance=covariance[np.ix_(places, places)] * unit**4,
        at_boundary=tuple(bool(theta[place] == 0.0) for place in places),
        log_likelihood=point.log_likelihood - shift,
        without_effects=alone - shift,
        converged=converged,
    )


def _independent(Z: FloatArray, people: FloatArray) -> tuple[IntArray, tuple[str, ...]]:
    """Return the columns that are no combinations of those before them, and the status of each column."""
    kept = [*range(Z.shape[1])]
    while True:
        own = np.ascontiguousarray(Z[:, kept])
        information = product(np.ascontiguousarray((own * people[:, None]).T), own)
        singular = cholesky_solve(information, np.zeros(len(kept)), np.empty(len(kept)))
        if singular < 0:
            break
        del kept[singular]
    status = tuple("ok" if k in kept else COMBINATION for k in range(Z.shape[1]))
    return np.array(kept, np.int64), status


def _moments(X: FloatArray, pattern: IntArray, y: FloatArray, clusters: Clusters) -> ClusterMoments:
    """Return the moments of rows; their order does not matter."""
    order = np.lexsort((y, pattern, clusters.inner))
    pattern, y, inner = pattern[order], y[order], clusters.inner[order]
    x = X[pattern]
    n = np.bincount(inner).astype(np.float64)
    first = np.searchsorted(inner, np.arange(len(n)))
    mean_y = np.bincount(inner, weights=y) / n
    mean_x = np.column_stack([np.bincount(inner, weights=column) / n for column in x.T])
    x -= mean_x[inner]
    about = y - mean_y[inner]
    transposed = np.ascontiguousarray(x.T)
    return ClusterMoments(
        n=n,
        outer=clusters.outer[order][first] if clusters.has_outer else np.arange(len(n)),
        x=np.ascontiguousarray(mean_x),
        y=mean_y,
        xx=product(transposed, np.ascontiguousarray(x)),
        xy=times(transposed, about),
        yy=dot(about, about),
    )


def _without_effects(moments: ClusterMoments) -> float:
    """Return the log-likelihood of the regression without random effects."""
    one = _point(moments, np.array([1.0, 0.0, 0.0]))
    residual = _within(moments, one.beta)
    residual += dot(moments.n, (moments.y - times(moments.x, one.beta)) ** 2)
    if not residual > 1e-20 * (moments.yy + dot(moments.n, moments.y**2)):
        raise EstimationError(
            "terms: they predict the outcome perfectly; expected terms that leave some doubt. Leave some out."
        )
    n = math.fsum(moments.n)
    return _point(moments, np.array([residual / n, 0.0, 0.0])).log_likelihood


def _within(moments: ClusterMoments, beta: FloatArray) -> float:
    """Return the squared residuals about the means of inner clusters."""
    return moments.yy - 2.0 * dot(moments.xy, beta) + dot(beta, times(moments.xx, beta))


def _point(moments: ClusterMoments, theta: FloatArray) -> _Point:
    """Evaluate the likelihood, its score (3,) and the expected information (3, 3) of the variances."""
    e, a, b = (float(value) for value in theta)
    n, by_outer = moments.n, moments.by_outer
    f = e + n * a  # variance of a cluster's mean, times its people
    u, v = n / f, n / f**2
    h = by_outer(u)
    more = 1.0 + b * h
    k = b / more
    # X'V^-1 X and X'V^-1 y
    weighted = np.ascontiguousarray((moments.x * u[:, None]).T)
    t = np.column_stack([by_outer(row) for row in weighted])
    t_y = by_outer(u * moments.y)
    taken = np.ascontiguousarray((t * k[:, None]).T)
    XVX = moments.xx / e + product(weighted, moments.x) - product(taken, np.ascontiguousarray(t))
    XVy = moments.xy / e + times(weighted, moments.y) - times(taken, t_y)
    spread, _ = inverse(XVX)
    beta = times(spread, XVy)
    # residuals
    within = max(_within(moments, beta), 0.0)
    r = moments.y - times(moments.x, beta)
    T = by_outer(u * r)
    rest = r - (k * T)[moments.outer]
    n_people, n_inner = math.fsum(n), len(n)
    log_det = (n_people - n_inner) * logarithm(e)
    log_det += math.fsum(map(logarithm, f.tolist())) + math.fsum(map(logarithm, more.tolist()))
    square = within / e + dot(u, r * r) - dot(k, T * T)
    u2, u3, uv, S = by_outer(u * u), by_outer(u**3), by_outer(u * v), by_outer(v)
    g = h / more
    ones, each = np.ones(n_inner), np.ones(len(h))
    trace = np.array(
        [
            (n_people - n_inner) / e + dot(1.0 / f, ones) - dot(k, S),
            dot(u, ones) - dot(k, u2),
            dot(g, each) if b > 0.0 or len(h) < n_inner else 0.0,
        ]
    )
    squares = np.array(
        [within / e**2 + dot(v, rest * rest), dot(u * u, rest * rest), dot(T / more, T / more)]
    )
    information = np.zeros((3, 3))
    information[ERROR, ERROR] = (n_people - n_inner) / e**2 + dot(1.0 / f**2, ones)
    information[ERROR, ERROR] += dot(k**2, S**2) - 2.0 * dot(k, by_outer(n / f**3))
    information[INNER, INNER] = dot(u2, each) - 2.0 * dot(k, u3) + dot(k**2, u2**2)
    information[OUTER, OUTER] = dot(g, g)
    information[ERROR, INNER] = dot(S, each) - 2.0 * dot(k, uv) + dot(k**2, S * u2)
    information[ERROR, OUTER] = dot(S, 1.0 / more**2)
    information[INNER, OUTER] = dot(u2, 1.0 / more**2)
    information += np.triu(information, 1).T
    return _Point(
        beta=beta,
        spread=spread,
        log_likelihood=-0.5 * (n_people * _LOG_2PI + log_det + square),
        score=0.5 * (squares - trace),
        information=0.5 * information,
    )


def _climb(moments: ClusterMoments, *, has_outer: bool) -> tuple[FloatArray, _Point, bool]:
    """Return the variances (3,) of the largest likelihood, the likelihood there, and whether it converged."""
    theta = np.array([0.8, 0.1, 0.1 if has_outer else 0.0])
    point = _point(moments, theta)
    for _ in range(MOST_STEPS):
        may_move = (theta > 0.0) | (point.score > 0.0)
        may_move[OUTER] &= has_outer
        free = np.flatnonzero(may_move)
        spread, singular = inverse(np.ascontiguousarray(point.information[np.ix_(free, free)]))
        if singular >= 0:
            return theta, point, False
        step = np.zeros(3)
        step[free] = times(spread, np.ascontiguousarray(point.score[free]))
        length = 1.0
        for _ in range(MOST_HALVINGS):
            moved = np.maximum(theta + length * step, 0.0)
            if moved[ERROR] > 0.0:
                there = _point(moments, moved)
                if there.log_likelihood >= point.log_likelihood - 1e-12 * abs(point.log_likelihood):
                    break
            length *= 0.5
        else:
            return theta, point, False
        size = float(abs(moved - theta).max())
        theta, point = moved, there
        if size <= CLOSE * float(theta.sum()):
            return theta, point, True
    return theta, point, False
