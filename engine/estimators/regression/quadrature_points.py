"""Quadrature points of a multilevel logit: what more of them would change, and how many are enough.

Clusters of two or three people with large variances need many points: at 13 the variance of R's guPrenat is
14 % low, at 51 it is right to four digits. The likelihood alone does not tell, so variances are compared too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.regression.multilevel_likelihood import (
    LevelPoints,
    MultilevelData,
    MultilevelLikelihood,
)
from engine.estimators.regression.multilevel_maximum import MultilevelMaximum, maximise_multilevel
from engine.kernels.regression.small_matrices import dot, times
from engine.study import QuadraturePoints

# Each rung has about one and a half times the points below: errors fall with a power of the points, so that a
# rung shows what is left. The last one is compared, never taken.
LADDER = (7, 11, 17, 25, 37, 55, 81, 101, 151)
# Four digits of a variance. Its standard error is more than a hundred times as large with fewer than 20,000
# clusters: sqrt(2 / 20,000) = 0.01.
VARIANCE_TOLERANCE = 1e-4
# Of the log-likelihood, but never more than a tenth of what any test would notice, and never less than a
# change of an AIC in its fourth decimal place.
LIKELIHOOD_TOLERANCE, LARGEST_CHANGE, SMALLEST_CHANGE = 1e-7, 0.01, 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsCheck:
    """What more points change, by one Newton step from the maximum with fewer.

    Attributes
    ----------
    log_likelihood
        Change of the log-likelihood.
    variances
        (2,) change of the variances of the outer and the inner level, relative; 0 at the boundary.
    """

    log_likelihood: float
    variances: FloatArray

    def plus(self, other: PointsCheck) -> PointsCheck:
        """Return what both changes come to."""
        return PointsCheck(
            log_likelihood=self.log_likelihood + other.log_likelihood,
            variances=(1.0 + self.variances) * (1.0 + other.variances) - 1.0,
        )

    def stands_still(self, log_likelihood: float) -> bool:
        """Whether log-likelihood and variances are settled."""
        most = min(max(LIKELIHOOD_TOLERANCE * abs(log_likelihood), SMALLEST_CHANGE), LARGEST_CHANGE)
        return abs(self.log_likelihood) <= most and bool(np.all(np.abs(self.variances) <= VARIANCE_TOLERANCE))


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegratedMaximum:
    """A maximum, the likelihood at the points that were taken, and what more of them would change."""

    maximum: MultilevelMaximum
    likelihood: MultilevelLikelihood
    check: PointsCheck


def maximise_with_points(
    data: MultilevelData, points: QuadraturePoints, start: FloatArray
) -> IntegratedMaximum:
    """Maximise with some points for each level, or with as many as it takes (``auto``).

    Parameters
    ----------
    data
        What is fitted.
    points
        Of each level, or ``auto``.
    start
        (Q,) b, s3, s2.
    """
    if points == "auto":
        return _maximise_by_rungs(data, start)
    likelihood = MultilevelLikelihood(data=data, points=(points, points))
    maximum = maximise_multilevel(likelihood, start)
    more = 2 * points + 1
    return IntegratedMaximum(
        maximum=maximum, likelihood=likelihood, check=_check(likelihood, maximum, (more, more))
    )


def _maximise_by_rungs(data: MultilevelData, start: FloatArray) -> IntegratedMaximum:
    """Give a level more points while it moves; every fit begins where the last one ended."""
    rungs, last = (0, 0), len(LADDER) - 2
    likelihood = MultilevelLikelihood(data=data, points=(LADDER[0], LADDER[0]))
    theta = start
    while True:
        maximum = maximise_multilevel(likelihood, theta)
        theta, (outer, inner) = maximum.theta, likelihood.points
        by_level = (
            _check(likelihood, maximum, (LADDER[rungs[0] + 1], inner)),
            _check(likelihood, maximum, (outer, LADDER[rungs[1] + 1])),
        )
        stand_still = [maximum.converged and each.stands_still(maximum.log_likelihood) for each in by_level]
        raised = tuple(
            rung if stands_still else min(rung + 1, last)
            for rung, stands_still in zip(rungs, stand_still, strict=True)
        )
        if raised == rungs:
            return IntegratedMaximum(
                maximum=maximum, likelihood=likelihood, check=by_level[0].plus(by_level[1])
            )
        rungs = (raised[0], raised[1])
        likelihood = likelihood.with_points((LADDER[rungs[0]], LADDER[rungs[1]]))


def _check(likelihood: MultilevelLikelihood, maximum: MultilevelMaximum, more: LevelPoints) -> PointsCheck:
    """Compare the maximum with where one Newton step leads with more points."""
    if _rule_is_the_same(likelihood, maximum, more):
        return PointsCheck(log_likelihood=0.0, variances=np.zeros(2))
    finer = likelihood.with_points(more).derivatives(maximum.theta, information=False)
    moving = np.flatnonzero(maximum.free)
    gradient = finer.gradient[moving]
    step = np.zeros(len(maximum.theta))
    step[moving] = times(maximum.covariance[np.ix_(moving, moving)], gradient)
    gain = 0.5 * dot(gradient, step[moving])
    sd, change = maximum.theta[-2:], step[-2:]
    relative = np.divide(change, sd, out=np.zeros(2), where=sd > 0.0)
    return PointsCheck(
        log_likelihood=finer.log_likelihood + gain - maximum.log_likelihood,
        variances=(1.0 + relative) ** 2 - 1.0,
    )


def _rule_is_the_same(
    likelihood: MultilevelLikelihood, maximum: MultilevelMaximum, more: LevelPoints
) -> bool:
    """Whether only a level without variance is given more points: there is nothing to integrate."""
    levels = zip(maximum.theta[-2:], likelihood.points, more, strict=True)
    return all(sd == 0.0 or before == after for sd, before, after in levels)
