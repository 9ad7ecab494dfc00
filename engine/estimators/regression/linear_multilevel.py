"""Linear models with random intercepts of one or two nested levels, by maximum likelihood in closed form.

Steps are those of Fisher's scoring. Every variance is 0 or above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.errors import EstimationError
from engine.estimators.regression.cluster_weights import ClusterWeights
from engine.estimators.regression.clusters import Clusters
from engine.estimators.regression.linear_multilevel_likelihood import (
    ERROR,
    INNER,
    OUTER,
    ClusterMoments,
    LikelihoodPoint,
    likelihood_at,
    moments_of,
    within,
)
from engine.estimators.regression.linear_multilevel_sandwich import sandwich
from engine.estimators.regression.logit_maximum import COMBINATION
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.regression.patterns import in_study_units, standardised, submatrix
from engine.kernels.regression.glm import cholesky_solve
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.small_matrices import dot, inverse, product, times

MOST_STEPS, MOST_HALVINGS = 500, 60
CLOSE = 1e-11  # size of the last step, over the sum of the variances


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


def fit_linear_multilevel(
    frame: ModelFrame, y: FloatArray, clusters: Clusters, weights: ClusterWeights, *, robust: bool
) -> LinearMultilevelFit:
    """Fit by maximum likelihood to outcomes y (n,) of the rows of a design matrix by pattern.

    With `robust`, errors are sandwich errors by the outermost clusters.

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
    moments, rows = moments_of(
        submatrix(Z, np.arange(len(Z)), kept),
        frame.pattern.astype(np.int64),
        (y - centre) / unit,
        clusters,
        weights,
    )
    alone = _without_effects(moments)
    theta, point, converged = _climb(moments, has_outer=clusters.has_outer)
    places = [*[INNER, OUTER][: len(clusters.names)], ERROR]
    if robust:
        spread, covariance = sandwich(moments, rows, point, theta)
    else:
        spread, covariance = point.spread, _of_variances(point, theta)
    beta, of_beta = in_study_units(A, kept, point.beta * unit, spread * unit**2)
    beta[0] += centre
    shift = math.fsum(moments.n * moments.weight) * logarithm(unit)
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


def _of_variances(point: LikelihoodPoint, theta: FloatArray) -> FloatArray:
    """Return the inverse of the expected information of the variances theta (3,), NaN for one of 0."""
    covariance = np.full((3, 3), np.nan)
    free = np.flatnonzero(theta > 0.0)
    covariance[np.ix_(free, free)] = inverse(np.ascontiguousarray(point.information[np.ix_(free, free)]))[0]
    return covariance


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


def _without_effects(moments: ClusterMoments) -> float:
    """Return the log-likelihood of the regression without random effects."""
    one = likelihood_at(moments, np.array([1.0, 0.0, 0.0]))
    people = moments.n * moments.weight
    residual = within(moments, one.beta)
    residual += dot(people, (moments.y - times(moments.x, one.beta)) ** 2)
    if not residual > 1e-20 * (moments.yy + dot(people, moments.y**2)):
        raise EstimationError(
            "terms: they predict the outcome perfectly; expected terms that leave some doubt. Leave some out."
        )
    e = residual / math.fsum(people)
    return likelihood_at(moments, np.array([e, 0.0, 0.0])).log_likelihood


def _climb(moments: ClusterMoments, *, has_outer: bool) -> tuple[FloatArray, LikelihoodPoint, bool]:
    """Return the variances (3,) of the largest likelihood, the likelihood there, and whether it converged."""
    theta = np.array([0.8, 0.1, 0.1 if has_outer else 0.0])
    point = likelihood_at(moments, theta)
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
                there = likelihood_at(moments, moved)
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
