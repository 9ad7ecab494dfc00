"""Generalized entropy and Atkinson: inequality of positive amounts between groups, or between people.

Between people a group is a set of people with the same amount. Sources: Shorrocks (1980), Atkinson (1970);
between groups, times 1,000, as WHO's programs print the Theil index and the mean log deviation.
"""

from __future__ import annotations

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.disparity.group_table import Derivatives, GroupTable, weighted_sum

PER_THOUSAND = 1000.0


def theil(table: GroupTable) -> Derivatives:
    """Return T = sum p r ln r with r = e / mean; a mean of 0 adds nothing, a negative one leaves none."""
    e, mean = _amounts(table, zero_is_defined=True), table.overall[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(e > 0, np.log(np.where(e > 0, e / mean, 1.0)), 0.0)
        value = weighted_sum(table.share, e / mean * log)
        by_mean = table.share * (np.where(e > 0, log, -np.inf) - value[..., None]) / mean
        by_share = e / mean * (log - value[..., None] - 1.0)
    return Derivatives(value=value, by_mean=np.where(e > 0, by_mean, 0.0), by_share=by_share)


def mean_log_deviation(table: GroupTable) -> Derivatives:
    """Return L = -sum p ln(e / mean); undefined with a mean of 0 or less."""
    e, mean = _amounts(table, zero_is_defined=False), table.overall[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(e / mean)
        return Derivatives(
            value=-weighted_sum(table.share, log),
            by_mean=table.share * (1.0 / mean - 1.0 / e),
            by_share=e / mean - log - 1.0,
        )


def generalized_entropy(table: GroupTable) -> Derivatives:
    """Return GE(a) = (sum p r^a - 1) / (a^2 - a), MLD at a = 0 and Theil at a = 1."""
    a = table.parameter
    if a == 0.0:
        return mean_log_deviation(table)
    if a == 1.0:
        return theil(table)
    e, mean = _amounts(table, zero_is_defined=a > 0), table.overall[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        power = (e / mean) ** a
        total = weighted_sum(table.share, power)
        scale = 1.0 / (a * a - a)
        return Derivatives(
            value=scale * (total - 1.0),
            by_mean=scale * a * table.share * (np.where(e > 0, power / e, 0.0) - total[..., None] / mean),
            by_share=scale * (power - a * total[..., None] * e / mean),
        )


def atkinson(table: GroupTable) -> Derivatives:
    """Return A(epsilon) = 1 - ede / mean, ede the equally distributed equivalent of the amounts."""
    epsilon = table.parameter
    e, mean = _amounts(table, zero_is_defined=epsilon < 1), table.overall[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        if epsilon == 1.0:
            equivalent = np.exp(weighted_sum(table.share, np.log(e)))[..., None]
            by_mean, by_share = equivalent * table.share / e, equivalent * np.log(e)
        else:
            power = e ** (1.0 - epsilon)
            total = weighted_sum(table.share, power)[..., None]
            equivalent = total ** (1.0 / (1.0 - epsilon))
            slope = equivalent / total
            by_mean = slope * table.share * np.where(e > 0, power / e, 0.0)
            by_share = slope / (1.0 - epsilon) * power
    relative = equivalent / mean
    return Derivatives(
        value=(1.0 - relative)[..., 0],
        by_mean=(relative * table.share - by_mean) / mean,
        by_share=(relative * e - by_share) / mean,
    )


def theil_per_thousand(table: GroupTable) -> Derivatives:
    """Return TI = 1,000 T of the means of groups."""
    return _times(theil(table), PER_THOUSAND)


def mean_log_deviation_per_thousand(table: GroupTable) -> Derivatives:
    """Return MLD = 1,000 L of the means of groups."""
    return _times(mean_log_deviation(table), PER_THOUSAND)


def _amounts(table: GroupTable, *, zero_is_defined: bool) -> FloatArray:
    """Return the means of groups, all NaN where one of them has no place in the measure."""
    is_outside = (table.mean < 0) if zero_is_defined else (table.mean <= 0)
    is_refused = (is_outside & (table.share > 0)).any(axis=-1, keepdims=True)
    return np.where(is_refused, np.nan, table.mean)


def _times(derivatives: Derivatives, factor: float) -> Derivatives:
    return Derivatives(
        value=factor * derivatives.value,
        by_mean=factor * derivatives.by_mean,
        by_share=factor * derivatives.by_share,
    )
