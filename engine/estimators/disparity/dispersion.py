"""Measures of how far the means of groups lie apart, whatever the order of the groups.

Definitions: WHO, Health inequality monitoring (2023), as in the R package healthequal 1.0.1.
"""

from __future__ import annotations

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.disparity.group_table import (
    Derivatives,
    GroupTable,
    at,
    overall_mean,
    quotient,
    weighted_sum,
)


def between_group_variance(table: GroupTable) -> Derivatives:
    """Return BGV = sum p (e - mean)^2."""
    away = table.away
    return Derivatives(
        value=weighted_sum(table.share, away * away), by_mean=2.0 * table.share * away, by_share=away * away
    )


def between_group_sd(table: GroupTable) -> Derivatives:
    """Return BGSD = sqrt(BGV); its standard error is undefined where all means are equal."""
    variance = between_group_variance(table)
    root = np.sqrt(variance.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = 1.0 / (2.0 * root[..., None])
        return Derivatives(value=root, by_mean=slope * variance.by_mean, by_share=slope * variance.by_share)


def coefficient_of_variation(table: GroupTable) -> Derivatives:
    """Return COV = 100 BGSD / mean."""
    return quotient(between_group_sd(table), overall_mean(table), 100.0)


def mean_difference_from_best(table: GroupTable) -> Derivatives:
    """Return MDBU = mean of abs(e - best), each group once."""
    return _distance_from_group(table, at(table.best, table.mean.shape[-1]), is_weighted=False)


def weighted_mean_difference_from_best(table: GroupTable) -> Derivatives:
    """Return MDBW = sum p abs(e - best)."""
    return _distance_from_group(table, at(table.best, table.mean.shape[-1]), is_weighted=True)


def mean_difference_from_reference(table: GroupTable) -> Derivatives:
    """Return MDRU = mean of abs(e - e_ref), each group once; NaN without a reference."""
    return _distance_from_group(table, _at_reference(table), is_weighted=False)


def weighted_mean_difference_from_reference(table: GroupTable) -> Derivatives:
    """Return MDRW = sum p abs(e - e_ref); NaN without a reference."""
    return _distance_from_group(table, _at_reference(table), is_weighted=True)


def mean_difference_from_mean(table: GroupTable) -> Derivatives:
    """Return MDMU = mean of abs(e - mean), each group once."""
    away = table.away
    sign, k = np.sign(away), table.mean.shape[-1]
    total = sign.sum(axis=-1, keepdims=True)
    return Derivatives(
        value=abs(away).mean(axis=-1),
        by_mean=(sign - table.share * total) / k,
        by_share=-away * total / k,
    )


def weighted_mean_difference_from_mean(table: GroupTable) -> Derivatives:
    """Return MDMW = sum p abs(e - mean)."""
    away = table.away
    sign = np.sign(away)
    total = weighted_sum(table.share, sign)[..., None]
    return Derivatives(
        value=weighted_sum(table.share, abs(away)),
        by_mean=table.share * (sign - total),
        by_share=abs(away) - away * total,
    )


def index_of_disparity(table: GroupTable) -> Derivatives:
    """Return IDISU = 100 MDMU / mean."""
    return quotient(mean_difference_from_mean(table), overall_mean(table), 100.0)


def weighted_index_of_disparity(table: GroupTable) -> Derivatives:
    """Return IDISW = 100 MDMW / mean."""
    return quotient(weighted_mean_difference_from_mean(table), overall_mean(table), 100.0)


def _at_reference(table: GroupTable) -> FloatArray:
    if table.reference is None:
        return np.full(table.mean.shape, np.nan)
    return at(np.full(table.mean.shape[:-1], table.reference), table.mean.shape[-1])


def _distance_from_group(table: GroupTable, target: FloatArray, *, is_weighted: bool) -> Derivatives:
    """Return the mean distance from the mean of a group; `target` (..., k) is 1 there and 0 elsewhere."""
    k = table.mean.shape[-1]
    away = table.mean - np.where(target == 0.0, 0.0, target * table.mean).sum(axis=-1, keepdims=True)
    weight = table.share if is_weighted else np.full(table.mean.shape, 1.0 / k)
    signed = weight * np.sign(away)
    return Derivatives(
        value=(weight * abs(away)).sum(axis=-1),
        by_mean=signed - target * signed.sum(axis=-1, keepdims=True),
        by_share=abs(away) if is_weighted else np.zeros_like(away),
    )
