"""`describe` and `rates`: counts, percentages, means and an event's rates, by group and overall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.arrays import FloatArray, Group, TableArrays, UnitArray, VariableArrays
from engine.errors import EstimationError
from engine.estimators.sample.design_variance import t_interval
from engine.estimators.tables.domain_means import Means, domain_means, proportion_interval
from engine.results import TidyRow
from engine.study import MISSING_KINDS, DescribeSpec, RatesSpec


def describe(
    table: TableArrays, variables: Sequence[VariableArrays], spec: DescribeSpec
) -> tuple[TidyRow, ...]:
    """Describe variables in every group and overall.

    A factor gives counts and percentages of its levels and of each kind of missing, all of the same total;
    a number gives mean and standard deviation of its values. Unweighted: ``count``, ``percent``; weighted:
    ``weighted_count``, ``weighted_percent``, ``mean``, ``sd``.
    """
    rows: list[TidyRow] = []
    for variable in variables:
        if variable.codes is None:
            rows.extend(_number_rows(table, variable, spec))
        rows.extend(_count_rows(table, variable, spec))
    return tuple(rows)


def _groups(table: TableArrays) -> Iterator[tuple[UnitArray, Sequence[Group]]]:
    """Yield each way of splitting the rows: by group, and all together."""
    if len(table.groups) > 1:
        yield table.group, table.groups
    yield np.where(table.weight > 0, 0, -1).astype(np.int32), (Group(),)


def _number_rows(table: TableArrays, variable: VariableArrays, spec: DescribeSpec) -> Iterator[TidyRow]:
    assert variable.values is not None  # noqa: S101 - a variable without codes is a number
    present = ~np.isnan(variable.values)
    values = np.where(present, variable.values, 0.0)
    for group, groups in _groups(table):
        domain = np.where(present, group, -1).astype(np.int32)
        means = domain_means(table, domain, len(groups), values)
        for g, label in enumerate(groups):
            low, high, _ = t_interval(
                float(means.mean[g]), float(means.std_error[g]), int(means.degrees[g]), spec.conf_level
            )
            base = _row(means, g, replace(_named(label), term=variable.name, measure="mean"))
            if means.n_obs[g] == 0:
                yield replace(base, status="no observations")
                continue
            yield replace(
                base,
                estimate=float(means.mean[g]),
                std_error=_number(means.std_error[g]),
                conf_low=_number(low),
                conf_high=_number(high),
                conf_level=spec.conf_level,
                method="linearised",
            )
            yield replace(base, measure="sd", estimate=_number(means.spread[g]))


def _count_rows(table: TableArrays, variable: VariableArrays, spec: DescribeSpec) -> Iterator[TidyRow]:
    names = [*variable.levels, *(f"({kind.replace('_', ' ')})" for kind in MISSING_KINDS)]
    kinds = variable.missing.astype(np.int32)
    level = len(variable.levels) + kinds - 1
    if variable.codes is not None:
        level = np.where(variable.codes >= 0, variable.codes, level)
    else:
        names = ["(valid)", *names]
        level = kinds
    for group, groups in _groups(table):
        seen = np.bincount(level[group >= 0], minlength=len(names))
        for code in range(len(names)):
            if names[code].startswith("(") and names[code] != "(valid)" and not seen[code]:
                continue
            means = domain_means(table, group, len(groups), (level == code).astype(np.float64))
            is_missing = names[code].startswith("(") and names[code] != "(valid)"
            for g, label in enumerate(groups):
                count = int((level[group == g] == code).sum())
                if count or not is_missing:
                    base = replace(_named(label), term=variable.name, level=names[code], measure="count")
                    yield from _share_rows(_row(means, g, base), means, g, count, spec)


def _share_rows(base: TidyRow, means: Means, g: int, count: int, spec: DescribeSpec) -> Iterator[TidyRow]:
    n, p = int(means.n_obs[g]), float(means.mean[g])
    if n == 0:
        yield replace(base, estimate=0.0, status="no observations")
        return
    low, high, method = proportion_interval(
        p, float(means.std_error[g]), n, int(means.degrees[g]), spec.conf_level, "logit"
    )
    yield replace(base, estimate=float(count))
    yield replace(base, measure="percent", estimate=100.0 * count / n)
    yield replace(base, measure="weighted_count", estimate=p * float(means.sum_weights[g]))
    yield replace(
        base,
        measure="weighted_percent",
        estimate=100.0 * p,
        std_error=_number(100.0 * means.std_error[g]),
        conf_low=_number(100.0 * low),
        conf_high=_number(100.0 * high),
        conf_level=spec.conf_level,
        method=method,
    )


def rates(
    table: TableArrays, outcome: VariableArrays, factors: Sequence[VariableArrays], spec: RatesSpec
) -> tuple[TidyRow, ...]:
    """Estimate an event's rate in total and by the levels of factors, in every group and overall.

    Rows without the outcome are left out of the denominator and stand in `describe`.
    """
    assert outcome.values is not None  # noqa: S101 - the study check refuses an outcome without event
    present = ~np.isnan(outcome.values)
    if not present.any():
        raise EstimationError(
            f"outcome '{outcome.name}': no row of the sample has a value; expected some. Check its codes."
        )
    values = np.where(present, outcome.values, 0.0)
    rows = list(
        _rate_rows(table, outcome.name, None, np.where(present, 0, -1).astype(np.int32), values, spec)
    )
    for factor in factors:
        if factor.codes is not None:
            codes = np.where(present, factor.codes, -1).astype(np.int32)
            rows.extend(_rate_rows(table, outcome.name, factor, codes, values, spec))
    return tuple(rows)


def _rate_rows(
    table: TableArrays,
    outcome: str,
    factor: VariableArrays | None,
    codes: UnitArray,
    values: FloatArray,
    spec: RatesSpec,
) -> Iterator[TidyRow]:
    levels: Sequence[str | None] = factor.levels if factor is not None else (None,)
    term = factor.name if factor is not None else "total"
    for group, groups in _groups(table):
        domain = np.where((codes >= 0) & (group >= 0), group * len(levels) + codes, -1).astype(np.int32)
        means = domain_means(table, domain, len(groups) * len(levels), values)
        events = np.bincount(domain[(domain >= 0) & (values == 1.0)], minlength=len(means.n_obs))
        for d in range(len(means.n_obs)):
            label, level = groups[d // len(levels)], levels[d % len(levels)]
            base = replace(
                _named(label),
                outcome=outcome,
                term=term,
                level=level,
                measure="rate",
                n_events=int(events[d]),
            )
            base = _row(means, d, base)
            if means.n_obs[d] == 0:
                yield replace(base, status="no observations")
                continue
            p, std_error = float(means.mean[d]), float(means.std_error[d])
            low, high, method = proportion_interval(
                p, std_error, int(means.n_obs[d]), int(means.degrees[d]), spec.conf_level, spec.interval
            )
            yield replace(
                base,
                estimate=p,
                std_error=_number(std_error),
                conf_low=_number(low),
                conf_high=_number(high),
                conf_level=spec.conf_level,
                method=method,
            )


def _named(group: Group) -> TidyRow:
    return TidyRow(measure="", wave=group.wave, subgroup=group.subgroup)


def _row(means: Means, d: int, base: TidyRow) -> TidyRow:
    return replace(
        base,
        n_obs=int(means.n_obs[d]),
        n_clusters=None if means.n_clusters is None else int(means.n_clusters[d]),
        sum_weights=float(means.sum_weights[d]),
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
