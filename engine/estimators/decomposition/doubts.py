"""Why a quantity of a decomposition means little: a share of a total that is 0, or has negative parts."""

from __future__ import annotations

import numpy as np

from engine.estimators.decomposition.covariates import Covariates
from engine.estimators.decomposition.group_fit import GroupFit
from engine.estimators.decomposition.quantities import Quantity
from engine.estimators.index.indices import requested_index
from engine.estimators.sample.group_sample import (
    MEAN_NOT_POSITIVE,
    MEAN_ZERO,
    NEGATIVE_VALUES,
    TOTAL_NEAR_ZERO,
    is_near_zero,
)

UNDEFINED = "undefined"
_OF_INDEX = {"contribution", "residual", "horizontal_inequity"}


def doubt_of(quantity: Quantity, fit: GroupFit, index: str, index_error: float) -> str | None:
    """Return the status of a quantity that a fitted model gives; None if nothing is doubtful.

    `index_error` is the standard error of the index, whose parts in per cent mean little where it is near 0.

    An index, its parts and an elasticity are shares of the mean of the outcome, where the index is relative
    to the mean; the concentration index of a covariate is one of the covariate's mean.
    """
    measure, about = quantity
    kind = requested_index(index)
    if measure == "share":
        is_near = is_near_zero(float(fit.quantities[index, ""][0]), index_error)
        return TOTAL_NEAR_ZERO if is_near and np.isfinite(fit.quantities[quantity][0]) else None
    if measure == "elasticity" or (measure in {index, *_OF_INDEX} and kind.needs_positive_mean):
        return MEAN_ZERO if fit.sample.has_mean_zero else fit.sample.doubt
    if measure in {index, *_OF_INDEX} and kind.is_relative and fit.sample.has_mean_zero:
        return MEAN_ZERO
    if measure == "concentration_index" and isinstance(about, int) and fit.covariates is not None:
        return _of_covariate(fit.covariates, about, float(fit.quantities["mean", about][0]))
    return None


def _of_covariate(covariates: Covariates, column: int, mean: float) -> str | None:
    if mean <= 0.0:
        return MEAN_ZERO if mean == 0.0 else MEAN_NOT_POSITIVE
    return NEGATIVE_VALUES if covariates.ranges()[0][column] < 0.0 else None
