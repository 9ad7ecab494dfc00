"""What replicate weights make of a statistic, for every kind: variances, covariances, undefined replicates.

A kind computes its statistic with each replicate's weights; what becomes of the values stands here alone. R's
survey package does the same in `svrVar`; degrees of freedom are in `engine.estimators.sample.degrees`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.arrays import DesignArrays, FloatArray, IntArray, ReplicateWeights
from engine.estimators.replicates.intervals import MOST_FAILED, VarianceRule, mean_of_counted
from engine.estimators.sample.design_variance import covariance_of

METHOD = "replicate weights"
UNDEFINED_REPLICATES = "too many undefined replicates"


def variance_rule(given: ReplicateWeights) -> VarianceRule:
    """Return how replicate weights make a variance."""
    return VarianceRule(name=METHOD, factors=given.factors, centre=given.centre, is_drawn=False)


def errors_method(given: ReplicateWeights | None) -> str:
    """Return what the `method` column says of errors that a design or its replicate weights give."""
    return "linearised" if given is None else METHOD


def replicate_covariance(
    values: FloatArray, estimates: FloatArray, given: ReplicateWeights
) -> tuple[FloatArray, int]:
    """Return the covariance (q, q) of estimates (q,), and how many of their replicates (q, r) are undefined.

    A replicate in which any estimate is undefined is left out and the factors are scaled up for it; with more
    than MOST_FAILED of them undefined the covariance is NaN.
    """
    present: NDArray[np.bool_] = np.isfinite(values.sum(axis=0))
    n_failed = int((~present).sum())
    if too_many_failed(n_failed, len(present)):
        return np.full((len(values), len(values)), np.nan), n_failed
    factors = given.factors[present]
    middle = estimates if given.centre == "estimate" else mean_of_counted(values[:, present], factors)
    scaled = (values[:, present] - middle[:, None]) * np.sqrt(factors * given.factors.sum() / factors.sum())
    return scaled @ scaled.T, n_failed


def replicate_variances(deviations: FloatArray, given: ReplicateWeights) -> tuple[FloatArray, IntArray]:
    """Return the variances (q,) of q estimates, and how many replicates of each are undefined (q,).

    `deviations` (q, r) are those of the replicates from the estimate. The rules are those of
    `replicate_covariance`, for each estimate alone.
    """
    variances, failed = np.empty(len(deviations)), np.empty(len(deviations), np.int64)
    for q, values in enumerate(deviations):
        covariance, failed[q] = replicate_covariance(values[None, :], np.zeros(1), given)
        variances[q] = covariance[0, 0]
    return variances, failed


def too_many_failed(n_failed: int, n_replicates: int) -> bool:
    """Whether so many replicates are undefined that there is no variance."""
    return n_failed > MOST_FAILED * n_replicates or n_failed == n_replicates


def failed_status(n_failed: int, n_replicates: int) -> str:
    """Return the status of an estimate by its undefined replicates."""
    if too_many_failed(n_failed, n_replicates):
        return f"{n_failed} of {n_replicates} replicates undefined: no interval"
    return "ok"


def spread_covariance(
    spread: FloatArray, estimates: FloatArray, design: DesignArrays, given: ReplicateWeights | None
) -> FloatArray:
    """Return the covariance (q, q) of estimates (q,) from their spread.

    The spread is their replicates (q, r) where the study has replicate weights, and else their linearised
    totals (q, u) by sampling unit. Both are linear: that of a difference is the difference of both.
    """
    if given is None:
        return covariance_of(spread, design)
    return replicate_covariance(spread, estimates, given)[0]
