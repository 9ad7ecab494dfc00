"""Generalized entropy and Atkinson: inequality of positive amounts between groups, or between people.

Between people a group is a set of people with the same amount. Sources: Shorrocks (1980), Atkinson (1970);
between groups, times 1,000, as WHO's programs print the Theil index and the mean log deviation.

With d = e / mean - 1, the distance of a mean from that of all, generalized entropy is
  GE(a) = sum p phi(d), phi(d) = ((1 + d)^a - 1 - a d) / (a^2 - a),
with the limits d - ln(1 + d) at a = 0 and (1 + d) ln(1 + d) - d at a = 1. The terms of first order add up to
zero. In this form they are left out, so that amounts that are nearly equal keep their digits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import boxcox1p, xlog1py

from engine.arrays import FloatArray
from engine.estimators.disparity.group_table import Derivatives, GroupTable, weighted_sum

PER_THOUSAND = 1000.0
_NEAR = 0.0625  # of the mean: below it phi is a series, because its terms cancel
_ROUNDING = 2.0**-54  # of the first term of the series


def theil(table: GroupTable) -> Derivatives:
    """Return T = sum p r ln r with r = e / mean; a mean of 0 adds nothing, a negative one leaves none."""
    return generalized_entropy(replace(table, parameter=1.0))


def mean_log_deviation(table: GroupTable) -> Derivatives:
    """Return L = -sum p ln(e / mean); undefined with a mean of 0 or less."""
    return generalized_entropy(replace(table, parameter=0.0))


def generalized_entropy(table: GroupTable) -> Derivatives:
    """Return GE(a) = (sum p r^a - 1) / (a^2 - a), MLD at a = 0 and Theil at a = 1."""
    a, mean = table.parameter, table.overall[..., None]
    d = _distances(table, zero_is_defined=a > 0)
    phi = _phi(d, a)
    value = weighted_sum(table.share, phi)
    slope_at_0 = a * value[..., None] if a == 1.0 else 1.0 / (1.0 - a)  # in place of an infinite one
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(d > -1.0, boxcox1p(d, a - 1.0), slope_at_0)
        by_mean = table.share * (slope - a * value[..., None]) / mean
        by_share = phi - a * value[..., None] * d
    return Derivatives(value=value, by_mean=by_mean, by_share=by_share)


def atkinson(table: GroupTable) -> Derivatives:
    """Return A(epsilon) = 1 - ede / mean, ede the equally distributed equivalent of the amounts.

    With a = 1 - epsilon it is 1 - (1 + (a^2 - a) GE(a))^(1 / a), and 1 - exp(-GE(0)) at a = 0.
    """
    a = 1.0 - table.parameter
    entropy = generalized_entropy(replace(table, parameter=a))
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = (a * a - a) * entropy.value
        value = -np.expm1(-entropy.value if a == 0.0 else np.log1p(growth) / a)
        slope = ((1.0 - a) * (1.0 - value) / (1.0 + growth))[..., None]
        return Derivatives(value=value, by_mean=slope * entropy.by_mean, by_share=slope * entropy.by_share)


def theil_per_thousand(table: GroupTable) -> Derivatives:
    """Return TI = 1,000 T of the means of groups."""
    return _times(theil(table), PER_THOUSAND)


def mean_log_deviation_per_thousand(table: GroupTable) -> Derivatives:
    """Return MLD = 1,000 L of the means of groups."""
    return _times(mean_log_deviation(table), PER_THOUSAND)


def _distances(table: GroupTable, *, zero_is_defined: bool) -> FloatArray:
    """Return e / mean - 1 (..., k), all NaN where one of the groups has no place in the measure."""
    level = table.level
    is_outside = (level < 0) if zero_is_defined else (level <= 0)
    is_refused = (is_outside & (table.share > 0)).any(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        d = np.where(level == 0.0, -1.0, table.away / table.overall[..., None])
        return np.where(is_refused | (table.overall[..., None] == 0.0), np.nan, d)


def _phi(d: FloatArray, a: float) -> FloatArray:
    """Return phi (..., k) of distances d."""
    with np.errstate(divide="ignore", invalid="ignore"):
        phi = xlog1py(1.0 + d, d) - d if a == 1.0 else (boxcox1p(d, a) - d) / (a - 1.0)
    is_near = abs(d) < _NEAR
    phi[is_near] = _series(d[is_near], a)
    return phi


def _series(d: FloatArray, a: float) -> FloatArray:
    """Return phi of small d (n,): the sum over j of binomial(a - 2, j) d^(j + 2) / ((j + 1) (j + 2))."""
    total, power = np.zeros_like(d), d * d
    binomial, j = 1.0, 0
    while binomial != 0.0 and abs(binomial) * _NEAR**j > _ROUNDING:
        total += binomial / ((j + 1.0) * (j + 2.0)) * power
        binomial *= (a - 2.0 - j) / (j + 1.0)
        power *= d
        j += 1
    return total


def _times(derivatives: Derivatives, factor: float) -> Derivatives:
    return Derivatives(
        value=factor * derivatives.value,
        by_mean=factor * derivatives.by_mean,
        by_share=factor * derivatives.by_share,
    )
