"""The maximum of a model's likelihood, or as much of it as exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.estimators.models.families import FAMILIES, Family, is_overdispersed
from engine.estimators.models.likelihoods import is_far
from engine.estimators.models.newton import Cells, Maximum, climb, moments
from engine.estimators.regression.logit_maximum import COMBINATION
from engine.estimators.regression.patterns import submatrix
from engine.estimators.regression.separation import find_separation
from engine.kernels.regression.small_matrices import dot, inverse, times

DOES_NOT_CONVERGE = "does not converge"
ALL_SEPARATED = "separated: the covariates predict the outcome perfectly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimable:
    """What can be estimated.

    Attributes
    ----------
    family
        The model: Poisson in place of a negative binomial whose alpha is 0.
    kept
        (e,) numbers of the estimated columns.
    used
        Numbers of the cells behind them: all but those that are fitted perfectly.
    categories
        (j,) the outcomes of these cells where the model is ordered, else none; `cells.y` counts them from 0.
    cells
        The used cells and estimated columns.
    maximum
        Its parameters; of no meaning where the status is not ``ok``.
    status
        For each of the q columns ``ok``, or why it has no estimate.
    log_likelihood
        Of the weights as they stand; cells that are fitted perfectly add 0.
    """

    family: Family
    kept: IntArray
    used: IntArray
    categories: FloatArray
    cells: Cells
    maximum: Maximum
    status: list[str]
    log_likelihood: float


def maximise(family: Family, Z: FloatArray, n: FloatArray, y: FloatArray, offset: FloatArray) -> Estimable:
    """Find the maximum of the likelihood of cells.

    Columns that are combinations of others are left out. So are cells that separating columns fit perfectly:
    they change neither the likelihood nor the finite estimates.

    Parameters
    ----------
    family
        The model.
    Z
        (c, q) the matrix in standard units, the constant first.
    n, y, offset
        (c,) sums of weights, outcomes, and what is added to the linear predictor.
    """
    q = Z.shape[1]
    status = ["ok"] * q
    kept, used = np.arange(int(family.is_through_origin), q), np.flatnonzero(n > 0.0)
    while True:
        kept = _independent(submatrix(Z, used, kept), n[used], kept, status)
        own = kept if family.has_constant else kept[kept > 0]
        categories = np.unique(y[used]) if family.has_thresholds else np.empty(0)
        numbers = (
            np.searchsorted(categories, y[used]).astype(np.float64) if family.has_thresholds else y[used]
        )
        cells = Cells(X=np.ascontiguousarray(Z[np.ix_(used, own)]), n=n[used], y=numbers, offset=offset[used])
        fitted, maximum = _climb(family, cells)
        eta = times(cells.X, maximum.beta) + cells.offset
        if family.has_scale or (maximum.has_converged and not is_far(eta)):
            break
        X = submatrix(Z, used, kept)
        separation = find_separation(X, *_extremes(family, y[used], len(categories)))
        if separation is None or not separation.perfect.any():
            status = status if maximum.has_converged else [DOES_NOT_CONVERGE] * q
            break
        for k in np.flatnonzero(separation.direction):
            sign = "plus" if separation.direction[k] > 0 else "minus"
            status[kept[k]] = f"separated: the estimate is {sign} infinity"
        left = used[~separation.perfect]
        if len(left) == 0 or (not family.is_count and y[left].min() == y[left].max()):
            status = [ALL_SEPARATED] * q
            break
        used = left
    return Estimable(
        family=fitted,
        kept=own,
        used=used,
        categories=categories,
        cells=cells,
        maximum=maximum,
        status=status,
        log_likelihood=dot(cells.n, maximum.at.value),
    )


def _climb(family: Family, cells: Cells) -> tuple[Family, Maximum]:
    """Return the model that is fitted and its maximum."""
    if family.name == "negative-binomial":
        poisson = FAMILIES["poisson"]
        without = climb(poisson.likelihood, cells, *_start(poisson, cells))
        if without.has_converged and not is_overdispersed(cells, without.beta):
            return poisson, without
    return family, climb(family.likelihood, cells, *_start(family, cells))


def _start(family: Family, cells: Cells) -> tuple[FloatArray, FloatArray]:
    constant, extra = family.start(cells)
    beta = np.zeros(cells.X.shape[1])
    if family.has_constant and len(beta):
        beta[0] = constant
    return beta, extra


def _independent(X: FloatArray, n: FloatArray, kept: IntArray, status: list[str]) -> IntArray:
    """Return the columns that are no combination of earlier ones, and say so of the others."""
    of_all = moments(X, n)
    place = [*range(len(kept))]
    while True:
        _, singular = inverse(np.ascontiguousarray(of_all[np.ix_(place, place)]))
        if singular < 0:
            return kept[place]
        column = place.pop(singular)
        if status[kept[column]] == "ok":
            status[kept[column]] = COMBINATION


def _extremes(family: Family, y: FloatArray, n_categories: int) -> tuple[FloatArray, FloatArray]:
    """Return cells as a binary outcome sees them: none has the event, all have it, or some.

    A lowest outcome can be approached for ever from below, a highest one from above; others cannot.
    """
    size, events = np.full(len(y), 2.0), np.ones(len(y))
    lowest = y == 0.0 if family.is_count else y == y.min()
    size[lowest], events[lowest] = 1.0, 0.0
    if n_categories:
        size[y == y.max()] = 1.0
    return size, events
