"""Measures of groups from published tables: means with standard errors, and known shares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.disparity.group_table import Derivatives, GroupTable
from engine.estimators.disparity.measures import OF_GROUPS


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedEstimate:
    """A measure of a table: its value and standard error, NaN where undefined."""

    value: float
    std_error: float


def estimate_grouped(
    table: GroupTable, std_errors: FloatArray, name: str, link: str, scale: float
) -> GroupedEstimate:
    """Estimate a measure from means with independent standard errors (k,) and known shares.

    By the delta method, SE^2 = sum (dM/de_k)^2 s_k^2; of the between-group variance exactly, for normal
    means. Models with a link need means between 0 and 1: `scale` is what 1 is in the table, such as 100 for
    per cent.
    """
    by_link = OF_GROUPS[name].derivatives
    is_scaled = link != "linear" and len(by_link) > 1
    factor = scale if is_scaled else 1.0
    derivatives = by_link.get(link, by_link["linear"])(replace(table, mean=table.mean / factor))
    value, std_error = float(derivatives.value), _delta_error(derivatives, std_errors / factor)
    if name == "bgv":
        return _exact_variance(table, value, std_errors)
    if OF_GROUPS[name].is_ratio or not is_scaled:
        return GroupedEstimate(value=value, std_error=std_error)
    return GroupedEstimate(value=factor * value, std_error=factor * std_error)


def _delta_error(derivatives: Derivatives, std_errors: FloatArray) -> float:
    return float(np.sqrt(((derivatives.by_mean * std_errors) ** 2).sum()))


def _exact_variance(table: GroupTable, value: float, std_errors: FloatArray) -> GroupedEstimate:
    """Return BGV with the standard error for normal means, as healthequal has it."""
    p, s2, away = table.share, std_errors**2, table.away
    first = 4.0 * (p**2 * s2 * away**2).sum()
    second = 2.0 * ((p**2 * s2).sum() ** 2 - (p**4 * s2**2).sum() + (p**2 * (1.0 - p) ** 2 * s2**2).sum())
    return GroupedEstimate(value=value, std_error=float(np.sqrt(first + second)))
