"""Differences of an index between groups, with the covariance of groups that share sampling units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import fdtrc

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.index.linearised import PointEstimates
from engine.estimators.replicates.replicate_weights import (
    UNDEFINED_REPLICATES,
    errors_method,
    replicate_covariance,
)
from engine.estimators.sample.design_variance import (
    NO_DEGREES,
    NO_ERROR,
    NO_STANDARD_ERROR,
    covariance_of,
    finite_or_none,
    t_interval,
)
from engine.estimators.sample.group_sample import GroupSample, joint_degrees
from engine.kernels.regression.small_matrices import quadratic_form
from engine.results import TidyRow

ALL_PAIRS_UP_TO = 4  # groups; if there are more, each is compared with the first
MOST_COMPARED = 200  # groups; more would cost time and memory by the square of their number


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two groups, by number; the difference is second minus first."""

    first: int
    second: int


def too_many_groups(n_groups: int) -> str | None:
    """Return why so many groups are not compared; None if they are."""
    if n_groups <= MOST_COMPARED:
        return None
    return f"{n_groups:,} groups are not compared: at most {MOST_COMPARED} can be"


def pairs_of(values: FloatArray) -> list[Pair]:
    """Return the pairs of groups to compare among those that have a value (g,)."""
    present = [int(g) for g in np.flatnonzero(np.isfinite(values))]
    if too_many_groups(len(present)):
        return []
    if len(present) <= ALL_PAIRS_UP_TO:
        return [Pair(first=a, second=b) for a, b in combinations(present, 2)]
    return [Pair(first=present[0], second=g) for g in present[1:]]


def difference_row(
    base: TidyRow,
    point: PointEstimates,
    samples: Sequence[GroupSample],
    arrays: SampleArrays,
    pair: Pair,
    conf_level: float,
) -> TidyRow:
    """Return the row of a difference between two groups."""
    first, second = arrays.groups[pair.first], arrays.groups[pair.second]
    difference = float(point.values[pair.second] - point.values[pair.first])
    compared = [samples[pair.first], samples[pair.second]]
    row = replace(
        base,
        term=_compared_term(base),
        level=f"{second.label} - {first.label}",
        measure="difference",
        estimate=difference,
        conf_level=conf_level,
        method=errors_method(arrays.replicate_weights),
        **_totals(compared),
    )
    if min(sample.degrees for sample in compared) < 1:
        return replace(row, status=NO_DEGREES)
    totals = point.totals_of(pair.second) - point.totals_of(pair.first)
    std_error = float(np.sqrt(covariance_of(totals[None, :], arrays.design)[0, 0]))
    if not np.isfinite(std_error):
        return replace(row, status=NO_STANDARD_ERROR)
    degrees = joint_degrees(arrays, compared)
    low, high, p = t_interval(difference, std_error, degrees, conf_level)
    row = replace(row, std_error=std_error, conf_low=low, conf_high=high, p_value=finite_or_none(p))
    return replace(row, df2=degrees)


def joint_rows(
    base: TidyRow, point: PointEstimates, samples: Sequence[GroupSample], arrays: SampleArrays
) -> list[TidyRow]:
    """Return the adjusted Wald test that all groups have the same index; no row with fewer than two groups.

    F = (d - k + 1) / (k d) * D' V^-1 D with k differences D and d degrees of freedom, referred to
    F(k, d - k + 1) (Korn and Graubard 1990; Stata's `test` after `svy`).
    """
    present = [int(g) for g in np.flatnonzero(np.isfinite(point.values))]
    k = len(present) - 1
    if k < 1:
        return []
    not_compared = too_many_groups(k + 1)
    if not_compared is not None:
        row = replace(
            base, term=_compared_term(base), level="all equal", measure="wald_f", status=not_compared
        )
        return [row]
    # Differences in a fixed order: products of matrices have other last bits on other machines.
    D = point.values[present[1:]] - point.values[present[0]]
    covariance = _covariance(point, present, arrays)
    along = covariance[1:] - covariance[0]
    V = along[:, 1:] - along[:, :1]
    d = joint_degrees(arrays, [samples[g] for g in present])
    method = "adjusted Wald"
    if arrays.replicate_weights is not None:
        method = f"{errors_method(arrays.replicate_weights)}, adjusted Wald"
    row = replace(
        base,
        term=_compared_term(base),
        level="all equal",
        measure="wald_f",
        method=method,
        **_totals([samples[g] for g in present]),
    )
    if not np.isfinite(V).all():
        status = NO_STANDARD_ERROR if arrays.replicate_weights is None else UNDEFINED_REPLICATES
        return [replace(row, status=status)]
    is_rounding = np.sqrt(V.diagonal()) <= NO_ERROR * abs(point.values[present]).max()
    if is_rounding.any():
        return [replace(row, status=NO_DEGREES)]
    if d - k + 1 < 1 or min(samples[g].degrees for g in present) < 1 or np.linalg.matrix_rank(V) < k:
        return [replace(row, status=NO_DEGREES)]
    form = quadratic_form(np.ascontiguousarray(V), D)
    if not np.isfinite(form):
        return [replace(row, status=NO_DEGREES)]
    F = (d - k + 1) / (k * d) * form
    return [replace(row, estimate=F, p_value=float(fdtrc(k, d - k + 1, F)), df1=k, df2=d - k + 1)]


def _covariance(point: PointEstimates, groups: Sequence[int], arrays: SampleArrays) -> FloatArray:
    """Return the covariance of the estimates of some groups, from their replicates or linearised totals."""
    if point.replicates is not None and arrays.replicate_weights is not None:
        values = point.values[groups]
        return replicate_covariance(point.replicates[groups], values, arrays.replicate_weights)[0]
    return covariance_of(np.array([point.totals_of(g) for g in groups]), arrays.design)


def _compared_term(base: TidyRow) -> str:
    """Return what is compared: the measure, with its level if it has one, such as a threshold."""
    return base.measure if base.level is None else f"{base.measure} {base.level}"


def _totals(samples: Sequence[GroupSample]) -> dict[str, Any]:
    """Return the counts of several groups together, without clusters: groups can share these."""
    return {
        "n_obs": sum(sample.n_people for sample in samples),
        "sum_weights": sum(sample.sum_weights for sample in samples),
    }
