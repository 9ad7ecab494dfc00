"""Weights that give groups the covariates of a reference: entropy balancing, and inverse probabilities.

Entropy balancing (Hainmueller 2012) multiplies the weights of a group by exp(x'l), so that its means of the
covariates are those of the reference. Inverse probabilities come from a logit of belonging to a group. Either
way a group keeps its sum of weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.balance import ALL, NO_GROUP, BalanceCells
from engine.errors import EstimationError
from engine.kernels.regression.glm import CONVERGED, Patterns, fit
from engine.kernels.regression.links import LOGIT
from engine.kernels.regression.small_matrices import (
    dot,
    exponentials,
    inverse,
    logit_means,
    product,
    times,
    weighted_rows,
)
from engine.kernels.survey.calibration import Constraints, calibration_factors


def balance_cells(
    codes: Sequence[FloatArray], numbers: Sequence[FloatArray], group: IntArray, sums: FloatArray
) -> FloatArray:
    """Return the covariates x (c, q) of cells: a constant, indicators of levels but the first, and numbers.

    Parameters
    ----------
    codes
        Number of the level (c,) of each factor.
    numbers
        Values (c,) of each number. They are scaled to a mean of 0 and a spread of 1.
    group
        (c,) the groups; cells of `NO_GROUP` get zeros.
    sums
        (c,) their sums of weights.
    """
    inside = (group != NO_GROUP) & (sums > 0.0)
    columns = [np.ones(len(sums))]
    for of_factor in codes:
        levels = np.unique(of_factor[inside])[1:]
        columns += [(of_factor == level).astype(np.float64) for level in levels]
    weight = np.where(inside, sums, 0.0)
    for values in numbers:
        known = np.where(inside, values, 0.0)
        deviation = np.where(inside, known - dot(weight, known) / dot(weight, columns[0]), 0.0)
        spread = np.sqrt(dot(weight, deviation**2) / dot(weight, columns[0]))
        if spread > 0.0:
            columns.append(deviation / spread)
    x = np.column_stack(columns)
    x[group == NO_GROUP] = 0.0
    return np.ascontiguousarray(x)


def balanced(cells: BalanceCells, sums: FloatArray) -> BalanceCells:
    """Return cells with the factors, and probabilities, that balance sums of weights (c,); NaN if none do."""
    factor = np.ones(len(sums))
    n_groups = int(cells.group.max(initial=NO_GROUP)) + 1
    probability = np.zeros((0 if cells.is_entropy else n_groups, len(sums)))
    for g in cells.adjusted_groups:
        inside = cells.group == g
        if cells.is_entropy:
            of_group = _tilted(cells, sums, inside)
        else:
            of_group = _inverse_probabilities(cells, sums, inside, probability[g])
        if of_group is None:
            factor[:] = np.nan
            break
        factor[inside] = of_group
    return replace(cells, factor=factor, probability=probability)


def _means(x: FloatArray, sums: FloatArray) -> tuple[FloatArray, float]:
    """Return the weighted means (q,) of x, whose first column is a constant, and the sum of the weights."""
    totals = weighted_rows(sums, x)
    return totals / totals[0], float(totals[0])


def _tilted(cells: BalanceCells, sums: FloatArray, inside: np.ndarray) -> FloatArray | None:
    """Return the factors of a group's cells whose means are those of the reference."""
    of_reference = cells.is_reference
    x, of_group = np.ascontiguousarray(cells.x[inside]), sums[inside]
    W = weighted_rows(of_group, x)[0]
    if not W > 0.0 or not (sums[of_reference] > 0.0).any():
        return None
    target, _ = _means(np.ascontiguousarray(cells.x[of_reference]), sums[of_reference])
    factor = np.ones(len(of_group))
    steps = calibration_factors(of_group, Constraints(x=x, totals=W * target, is_raking=True), factor)
    return factor if steps >= 0 and np.isfinite(factor).all() else None


def _of_logit(cells: BalanceCells, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which cells (c,) the logit of a group is fitted to, and which have the event."""
    if cells.reference == ALL:
        return cells.group != NO_GROUP, inside
    return inside | cells.is_reference, cells.is_reference


def _patterns(x: FloatArray) -> Patterns:
    n, q = x.shape
    return Patterns(
        indptr=np.arange(n + 1, dtype=np.int64) * q,
        column=np.tile(np.arange(q, dtype=np.int64), n),
        value=np.ascontiguousarray(x).ravel(),
    )


def _inverse_probabilities(
    cells: BalanceCells, sums: FloatArray, inside: np.ndarray, probability: FloatArray
) -> FloatArray | None:
    """Return the factors of a group's cells; put the probabilities of the logit into probability (c,)."""
    fitted, has_event = _of_logit(cells, inside)
    x, weight = np.ascontiguousarray(cells.x[fitted]), np.ascontiguousarray(sums[fitted])
    events = weight * has_event[fitted]
    beta = np.zeros(x.shape[1])
    if not 0.0 < events.sum() < weight.sum():
        return None
    status, _ = fit(LOGIT, _patterns(x), weight, events, beta)
    if status != CONVERGED:
        return None
    probability[fitted] = logit_means(x, beta)
    of_group, own = np.ascontiguousarray(cells.x[inside]), sums[inside]
    if cells.reference == ALL:
        raw = 1.0 + exponentials(-times(of_group, beta))
    else:
        raw = exponentials(times(of_group, beta))
    W = dot(own, np.ones(len(own)))
    factor: FloatArray = raw * (W / dot(own, raw))
    return factor if np.isfinite(factor).all() else None


def balance_influence(cells: BalanceCells, before: FloatArray, of_cell: FloatArray) -> FloatArray:
    """Return what a weight before the balance adds to the influence of its record by changing the factors.

    The estimate changes with every record of group and reference: through the means of the reference, the
    multipliers, the logit and the sums of weights.

    Parameters
    ----------
    before
        (c,) sums of weights before the balance.
    of_cell
        (c,) sums of the influence values with the balanced weights.

    Returns
    -------
    FloatArray
        (c,) to be multiplied by the weight before the balance.
    """
    added = np.zeros(len(before))
    for g in cells.adjusted_groups:
        inside = cells.group == g
        if cells.is_entropy:
            _add_of_tilting(cells, before, of_cell, inside, added)
        else:
            _add_of_logit(cells, before, of_cell, inside, cells.probability[g], added)
    return added


def _inverse(matrix: FloatArray) -> FloatArray:
    found, singular = inverse(matrix)
    if singular >= 0:
        raise EstimationError(
            "design.balance: found covariates that follow from each other; expected each to add something. "
            "Leave one out."
        )
    return found


def _add_of_tilting(
    cells: BalanceCells, before: FloatArray, of_cell: FloatArray, inside: np.ndarray, added: FloatArray
) -> None:
    x, factor = np.ascontiguousarray(cells.x[inside]), cells.factor[inside]
    weighted = np.ascontiguousarray((x * (before[inside] * factor)[:, None]).T)
    b = times(_inverse(product(weighted, x)), weighted_rows(of_cell[inside], x))
    reference = cells.is_reference
    of_reference = np.ascontiguousarray(cells.x[reference])
    target, W_reference = _means(of_reference, before[reference])
    W = weighted_rows(before[inside], x)[0]
    added[inside] += dot(target, b) - factor * times(x, b)
    added[reference] += W / W_reference * times(of_reference - target, b)


def _add_of_logit(
    cells: BalanceCells,
    before: FloatArray,
    of_cell: FloatArray,
    inside: np.ndarray,
    probability: FloatArray,
    added: FloatArray,
) -> None:
    x, factor = np.ascontiguousarray(cells.x[inside]), cells.factor[inside]
    ones = np.ones(len(factor))
    mean = dot(of_cell[inside], ones) / dot(before[inside], ones)
    added[inside] += mean * (1.0 - factor)
    # How the logarithm of a factor moves with x'beta, before the sum of the weights is restored.
    slope = -(1.0 - probability[inside]) if cells.reference == ALL else ones
    centred = slope * (of_cell[inside] - before[inside] * factor * mean)
    gradient = weighted_rows(centred, x)
    fitted, has_event = _of_logit(cells, inside)
    of_fitted, p = np.ascontiguousarray(cells.x[fitted]), probability[fitted]
    spread = np.ascontiguousarray((of_fitted * (before[fitted] * p * (1.0 - p))[:, None]).T)
    moved = times(_inverse(product(spread, of_fitted)), gradient)
    added[fitted] += (has_event[fitted] - p) * times(of_fitted, moved)
