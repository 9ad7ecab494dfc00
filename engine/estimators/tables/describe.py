"""`describe`: counts, percentages and means of variables, by group and overall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.arrays import IntArray, TableArrays, UnitArray, VariableArrays
from engine.estimators.sample.design_variance import t_interval
from engine.estimators.tables.domain_degrees import domain_degrees
from engine.estimators.tables.domain_means import (
    DomainMeans,
    Proportion,
    domain_means,
    proportion_interval,
)
from engine.estimators.tables.domain_rows import (
    NO_OBSERVATIONS,
    domain_row,
    finite,
    groupings,
    with_interval,
)
from engine.estimators.tables.independence import independence_row
from engine.results import TidyRow
from engine.study import MISSING_KINDS, DescribeSpec

_VALID = "(valid)"
_MISSING = tuple(f"({kind.replace('_', ' ')})" for kind in MISSING_KINDS)


def describe(table: TableArrays, variable: VariableArrays, spec: DescribeSpec) -> tuple[TidyRow, ...]:
    """Describe a variable in every group and overall.

    A factor has counts and percentages of its levels and of each kind of missing, all of the same total; a
    number has mean and standard deviation of its values. Unweighted: ``count``, ``percent``; weighted:
    ``weighted_count``, ``weighted_percent``, ``mean``, ``sd``.

    Parameters
    ----------
    table
        Weights, units and groups of the N rows.
    variable
        The variable.
    spec
        The analysis.
    """
    counts = _count_rows(table, variable, spec)
    if variable.codes is None:
        return (*_number_rows(table, variable, spec), *counts)
    return (*counts, *_test_rows(table, variable, spec))


def _test_rows(table: TableArrays, variable: VariableArrays, spec: DescribeSpec) -> Iterator[TidyRow]:
    """Yield the test that a factor is independent of the groups, if the analysis asks for it."""
    if spec.test and variable.codes is not None:
        base = TidyRow(measure="count", term=variable.name)
        yield independence_row(table, table.group.astype(np.int64), variable.codes.astype(np.int64), base)


def _number_rows(table: TableArrays, variable: VariableArrays, spec: DescribeSpec) -> Iterator[TidyRow]:
    """Yield mean and standard deviation of the values that are present, by group."""
    assert variable.values is not None  # noqa: S101 - a variable without codes is a number
    is_present = ~np.isnan(variable.values)
    values = np.where(is_present, variable.values, 0.0)
    for group_of_row, groups in groupings(table):
        domain = np.where(is_present, group_of_row, -1).astype(np.int32)
        means = domain_means(table, domain, len(groups), values)
        for g, group in enumerate(groups):
            row = replace(domain_row(means, g, group), term=variable.name, measure="mean")
            yield from _mean_and_sd(row, means, g, spec.conf_level)


def _mean_and_sd(row: TidyRow, means: DomainMeans, g: int, conf_level: float) -> Iterator[TidyRow]:
    if means.n_obs[g] == 0:
        yield replace(row, status=NO_OBSERVATIONS)
        return
    mean, std_error, degrees = float(means.mean[g]), float(means.std_error[g]), int(means.degrees[g])
    limits = t_interval(mean, std_error, degrees, conf_level)[:2]
    yield with_interval(
        row, mean, std_error, limits, conf_level=conf_level, method=means.errors, degrees=degrees
    )
    yield replace(row, measure="sd", estimate=finite(means.sd[g]), n_replicates=None, n_failed=None)


def _count_rows(table: TableArrays, variable: VariableArrays, spec: DescribeSpec) -> Iterator[TidyRow]:
    """Yield counts and percentages of each level and each kind of missing, by group.

    A kind of missing that does not occur has no row; a level has one in every group.
    """
    names, level_of_row = _levels(variable)
    for group_of_row, groups in groupings(table):
        counts = _counts(table, group_of_row, len(groups), level_of_row, len(names))
        overall = counts.sum(axis=0)
        degrees = domain_degrees(table, group_of_row, len(groups))
        for code, name in enumerate(names):
            is_missing = name.startswith("(") and name != _VALID
            if is_missing and not overall[code]:
                continue
            is_level = level_of_row == code
            means = domain_means(table, group_of_row, len(groups), is_level.astype(np.float64), degrees)
            design_effect = _design_effect(table, means, is_level)
            for g, group in enumerate(groups):
                count = int(counts[g, code])
                if count or not is_missing:
                    row = replace(
                        domain_row(means, g, group), term=variable.name, level=name, measure="count"
                    )
                    share = _share(means, g, design_effect)
                    yield from _percentages(row, share, count, spec.conf_level)


def _counts(table: TableArrays, group: UnitArray, n_groups: int, level: UnitArray, n_levels: int) -> IntArray:
    """Return how many people of each group (g,) have each level (l,): (g, l)."""
    inside = group >= 0
    place = group[inside].astype(np.int64) * n_levels + level[inside]
    people = np.bincount(place, table.count[inside], minlength=n_groups * n_levels)
    counts: IntArray = people.astype(np.int64).reshape(n_groups, n_levels)
    return counts


def _levels(variable: VariableArrays) -> tuple[tuple[str, ...], UnitArray]:
    """Return names of the levels and kinds of missing, and which of them each row has (N,)."""
    kinds = variable.missing.astype(np.int32)
    if variable.codes is None:
        return (_VALID, *_MISSING), kinds
    names = (*variable.levels, *_MISSING)
    return names, np.where(variable.codes >= 0, variable.codes, len(variable.levels) + kinds - 1)


def _design_effect(table: TableArrays, means: DomainMeans, is_level: NDArray[np.bool_]) -> float:
    """Return the design effect of a level's share among all rows, if a group's share is 0 or 1."""
    everybody = np.where(table.weight > 0, 0, -1).astype(np.int32)
    return means.design_effect_of_all(lambda: domain_means(table, everybody, 1, is_level.astype(np.float64)))


def _share(means: DomainMeans, g: int, design_effect: float) -> Proportion:
    return Proportion(
        p=float(means.mean[g]),
        std_error=float(means.std_error[g]),
        n=int(means.n_obs[g]),
        degrees=int(means.degrees[g]),
        design_effect=design_effect,
        errors=means.errors,
    )


def _percentages(row: TidyRow, share: Proportion, count: int, conf_level: float) -> Iterator[TidyRow]:
    """Yield count and percentage of a level, unweighted and weighted."""
    n, p, std_error = share.n, share.p, share.std_error
    if n == 0:
        yield replace(row, estimate=0.0, status=NO_OBSERVATIONS)
        return
    low, high, method = proportion_interval(share, conf_level, "logit")
    count_row = replace(row, n_replicates=None, n_failed=None)
    yield replace(count_row, estimate=float(count))
    yield replace(count_row, measure="percent", estimate=100.0 * count / n)
    yield replace(count_row, measure="weighted_count", estimate=p * (row.sum_weights or 0.0))
    weighted = replace(row, measure="weighted_percent")
    limits = (100.0 * low, 100.0 * high)
    yield with_interval(
        weighted,
        100.0 * p,
        100.0 * std_error,
        limits,
        conf_level=conf_level,
        method=method,
        degrees=share.degrees,
    )
