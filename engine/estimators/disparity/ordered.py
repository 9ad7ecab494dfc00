"""Measures on the order of the groups: concentration indices, slope and relative index of inequality.

R is the mid-rank of a group on the scale of shares, 0 for the worst off and 1 for the best off. Sources:
Wagstaff, Paci and van Doorslaer (1991); for slopes with a link, Spinakis et al. (2011).
"""

from __future__ import annotations

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.disparity.group_table import Derivatives, GroupTable, overall_mean, quotient
from engine.estimators.disparity.slopes import Slope, fit_slope


def absolute_concentration_index(table: GroupTable) -> Derivatives:
    """Return ACI = 2 sum p (R - 1/2) e, the generalized concentration index of grouped data.

    It is the sum of F (1 - F) over the steps from a group to the next, times what the mean rises there, with
    F the share of people below the step: so no digit is lost where one group has nearly all people.
    """
    away, share = _with_zeros(table, table.away), table.share
    below, above = np.cumsum(share, axis=-1), np.cumsum(share[..., ::-1], axis=-1)[..., ::-1]
    rise = away[..., 1:] - away[..., :-1]
    centred = 0.5 * (_shifted(below, 1) - _shifted(above, -1))
    return Derivatives(
        value=(below[..., :-1] * above[..., 1:] * rise).sum(axis=-1),
        by_mean=2.0 * share * centred,
        by_share=2.0 * (centred * away + through_ranks(share * away)),
    )


def relative_concentration_index(table: GroupTable) -> Derivatives:
    """Return RCI = ACI / mean; undefined where the mean is 0."""
    return quotient(absolute_concentration_index(table), overall_mean(table))


def slope_index(table: GroupTable) -> Derivatives:
    """Return SII = p1 - p0, predictions at R = 1 and 0 of a line."""
    return _slope_index(table, "linear")


def slope_index_logit(table: GroupTable) -> Derivatives:
    """Return SII = p1 - p0 of a logit on R."""
    return _slope_index(table, "logit")


def slope_index_log(table: GroupTable) -> Derivatives:
    """Return SII = p1 - p0 of a model with log link on R, by its Poisson score."""
    return _slope_index(table, "log")


def relative_slope_index(table: GroupTable) -> Derivatives:
    """Return RII = p1 / p0 of a line; undefined where a prediction is 0 or less."""
    return _relative_slope_index(table, "linear")


def relative_slope_index_logit(table: GroupTable) -> Derivatives:
    """Return RII = p1 / p0 of a logit on R."""
    return _relative_slope_index(table, "logit")


def relative_slope_index_log(table: GroupTable) -> Derivatives:
    """Return RII = p1 / p0 of a model with log link on R, by its Poisson score."""
    return _relative_slope_index(table, "log")


def mid_ranks(share: FloatArray) -> FloatArray:
    """Return R of each group (..., k): the share of people below it, and half of its own."""
    return np.cumsum(share, axis=-1) - 0.5 * share


def through_ranks(by_rank: FloatArray) -> FloatArray:
    """Return derivatives by shares (..., k), given those by ranks: a share lifts the ranks above it."""
    above = np.cumsum(by_rank[..., ::-1], axis=-1)[..., ::-1] - by_rank
    return above + 0.5 * by_rank


def _shifted(sums: FloatArray, by: int) -> FloatArray:
    """Return the sums (..., k) one group further (1) or back (-1), with 0 where there is none."""
    none = np.zeros_like(sums[..., :1])
    return np.concatenate([none, sums[..., :-1]] if by > 0 else [sums[..., 1:], none], axis=-1)


def _with_zeros(table: GroupTable, values: FloatArray) -> FloatArray:
    """Return values (..., k) with 0 for groups without people, which have no place in the order."""
    return np.where(table.share > 0, values, 0.0)


def _fitted(table: GroupTable, link: str) -> Slope:
    away = _with_zeros(table, table.away)
    return fit_slope(away, table.overall, table.share, mid_ranks(table.share), link)


def _slope_index(table: GroupTable, link: str) -> Derivatives:
    fitted = _fitted(table, link)
    return _derivatives(fitted, fitted.gap, fitted.top_slope, -fitted.bottom_slope)


def _relative_slope_index(table: GroupTable, link: str) -> Derivatives:
    fitted = _fitted(table, link)
    is_defined = (fitted.top > 0) & (fitted.bottom > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(is_defined, fitted.top / fitted.bottom, np.nan)
        by_top = fitted.top_slope / fitted.bottom
        by_bottom = -value * fitted.bottom_slope / fitted.bottom
    return _derivatives(fitted, value, by_top, by_bottom)


def _derivatives(fitted: Slope, value: FloatArray, by_top: FloatArray, by_bottom: FloatArray) -> Derivatives:
    """Return the derivatives of a measure, given those by the linear predictor at R = 1 and R = 0.

    The estimating equations sum p (1, R)' (e - f) = 0 hold whatever the shares and means; their differential
    gives that of the coefficients, with v = A^-1 (derivatives by the coefficients) once for all groups.
    """
    v = _solve_two(fitted.information, by_top + by_bottom, by_top)
    along = v[..., 0, :] + v[..., 1, :] * fitted.rank
    by_rank = fitted.share * (
        v[..., 1, :] * fitted.residual - along * fitted.variance * fitted.coefficients[..., 1:]
    )
    return Derivatives(
        value=value,
        by_mean=fitted.share * along,
        by_share=along * fitted.residual + through_ranks(by_rank),
    )


def _solve_two(matrix: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Return matrix^-1 (first, second)' of symmetric matrices of two: (..., 2, 1)."""
    a, b, c = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = a * c - b * b
        solved = np.stack([c * first - b * second, a * second - b * first], axis=-1)
        return (solved / determinant[..., None])[..., None]
