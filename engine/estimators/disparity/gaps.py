"""Simple measures: difference, ratio, and what all people would gain at the mean of a reference group.

Definitions: WHO, Health inequality monitoring (2023), as in the R package healthequal 1.0.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray
from engine.estimators.disparity.group_table import Derivatives, GroupTable, at, overall_mean, quotient

Groups = NDArray[np.int64]


def difference(table: GroupTable) -> Derivatives:
    """Return D = y1 - y2, above 0 for the usual gap in favourable and in adverse outcomes alike."""
    first, second = _compared(table)
    return Derivatives(
        value=_at(table.mean, first) - _at(table.mean, second),
        by_mean=at(first, table.mean.shape[-1]) - at(second, table.mean.shape[-1]),
        by_share=np.zeros_like(table.mean),
    )


def ratio(table: GroupTable) -> Derivatives:
    """Return R = y1 / y2, above 1 for the usual gap; undefined where y2 is 0."""
    above, below = (_mean_as_measure(table, group) for group in _compared(table))
    return quotient(above, below)


def population_attributable_risk(table: GroupTable) -> Derivatives:
    """Return PAR = y_ref - mean: what all would gain at the reference; 0 where the mean is already better.

    There the derivatives stay those of the gain: a 0 that another sample would not give is not certain.
    """
    reference = _reference(table)
    gain = _at(table.away, reference)
    is_gain = (gain > 0) == table.is_favourable
    by_mean = at(reference, table.mean.shape[-1]) - table.share
    return Derivatives(
        value=np.where(np.isnan(gain), np.nan, np.where(is_gain, gain, 0.0)),
        by_mean=by_mean,
        by_share=-table.away,
    )


def population_attributable_fraction(table: GroupTable) -> Derivatives:
    """Return PAF = 100 PAR / mean; undefined where the mean is 0."""
    return quotient(population_attributable_risk(table), overall_mean(table), 100.0)


def are_compared(table: GroupTable) -> NDArray[np.bool_]:
    """Say which groups (..., k) a difference or ratio compares."""
    first, second = _compared(table)
    k = table.mean.shape[-1]
    return (at(first, k) + at(second, k)) > 0.0


def is_goal(table: GroupTable) -> NDArray[np.bool_]:
    """Say which group (..., k) has the mean that all people might gain."""
    return at(_reference(table), table.mean.shape[-1]) > 0.0


def _compared(table: GroupTable) -> tuple[Groups, Groups]:
    """Return the groups (...,) whose means y1 and y2 are compared."""
    shape, k = table.mean.shape[:-1], table.mean.shape[-1]
    if table.reference is not None:
        others = np.where(np.arange(k) == table.reference, np.nan, table.mean)
        reference = np.full(shape, table.reference)
        return (reference, _extreme(others, -1)) if table.is_favourable else (_extreme(others, 1), reference)
    if not table.is_ordered:
        return _extreme(table.mean, 1), _extreme(table.mean, -1)
    bottom, top = np.zeros(shape, np.int64), np.full(shape, k - 1)
    return (top, bottom) if table.is_favourable else (bottom, top)


def _extreme(values: FloatArray, sign: int) -> Groups:
    """Return where the largest (sign 1) or smallest (-1) value stands, without NaN."""
    where: Groups = np.argmax(np.where(np.isnan(values), -np.inf, sign * values), axis=-1)
    return where


def _reference(table: GroupTable) -> Groups:
    if table.reference is not None:
        return np.full(table.mean.shape[:-1], table.reference)
    if table.is_ordered:
        return np.full(table.mean.shape[:-1], table.mean.shape[-1] - 1)
    return table.best


def _at(values: FloatArray, group: Groups) -> FloatArray:
    found: FloatArray = np.take_along_axis(values, group[..., None], axis=-1)[..., 0]
    return found


def _mean_as_measure(table: GroupTable, group: Groups) -> Derivatives:
    return Derivatives(
        value=_at(table.level, group),
        by_mean=at(group, table.mean.shape[-1]),
        by_share=np.zeros_like(table.mean),
    )
