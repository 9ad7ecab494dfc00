"""`rates`: an event's rate or a number's mean in total and by the levels of factors, by group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, TableArrays, UnitArray, VariableArrays
from engine.errors import EstimationError
from engine.estimators.sample.design_variance import t_interval
from engine.estimators.sample.standard import Standard
from engine.estimators.tables.domain_means import (
    DomainMeans,
    Proportion,
    domain_means,
    proportion_interval,
)
from engine.estimators.tables.domain_rows import NO_OBSERVATIONS, domain_row, groupings, with_interval
from engine.estimators.tables.independence import independence_row
from engine.estimators.tables.standardised import standardised_means
from engine.results import TidyRow
from engine.study import RatesSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """An event or a number: its name, its values (N,), 0 or 1 for an event, and where it is known (N,)."""

    name: str
    is_event: bool
    values: FloatArray
    is_known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breakdown:
    """What a rate is broken down by: name, levels, and each row's level (N,), -1 for rows left out."""

    term: str
    levels: Sequence[str | None]
    codes: UnitArray


def rates(
    table: TableArrays,
    outcome: VariableArrays,
    factor: VariableArrays | None,
    spec: RatesSpec,
    standard: Standard | None = None,
) -> tuple[TidyRow, ...]:
    """Estimate a rate or a mean in total or by the levels of a factor, in every group and overall.

    Rows without the outcome are left out of the denominator; `describe` counts them.

    Parameters
    ----------
    table
        Weights, units and groups of the N rows.
    outcome
        The event, or the number.
    factor
        The factor; None for the total. A number gives no row.
    spec
        The analysis.
    standard
        The standard population of directly standardised rates; None: crude ones.

    Raises
    ------
    EstimationError
        If no row of the sample has a value of the outcome.
    """
    assert outcome.values is not None  # noqa: S101 - the study check refuses an outcome without event
    is_known = ~np.isnan(outcome.values)
    if not is_known.any():
        raise EstimationError(
            f"outcome '{outcome.name}': no row of the sample has a value; expected some. Check its codes."
        )
    known = _Outcome(
        name=outcome.name,
        is_event=outcome.codes is not None,
        values=np.where(is_known, outcome.values, 0.0),
        is_known=is_known,
    )
    if factor is None:
        everybody = np.where(is_known, 0, -1).astype(np.int32)
        total = _Breakdown(term="total", levels=(None,), codes=everybody)
        return tuple(_rate_rows(table, known, total, spec, standard))
    if factor.codes is None:
        return ()
    codes = np.where(is_known, factor.codes, -1).astype(np.int32)
    breakdown = _Breakdown(term=factor.name, levels=factor.levels, codes=codes)
    return tuple(_rate_rows(table, known, breakdown, spec, standard))


def _rate_rows(
    table: TableArrays,
    outcome: _Outcome,
    breakdown: _Breakdown,
    spec: RatesSpec,
    standard: Standard | None,
) -> Iterator[TidyRow]:
    """Yield the rate of each group and level; a domain is one level in one group."""
    codes, n_levels = breakdown.codes, len(breakdown.levels)
    is_tested = spec.test and outcome.is_event and standard is None and breakdown.levels != (None,)
    for group_of_row, groups in groupings(table):
        is_inside = (codes >= 0) & (group_of_row >= 0)
        domain = np.where(is_inside, group_of_row * n_levels + codes, -1).astype(np.int32)
        n_domains = len(groups) * n_levels
        undefined: dict[int, str] = {}
        if standard is None:
            means = domain_means(table, domain, n_domains, outcome.values)
        else:
            means, undefined = standardised_means(table, domain, n_domains, outcome.values, standard)
            domain = np.where(standard.cell >= 0, domain, -1).astype(np.int32)
        design_effect = _design_effect(table, means, outcome)
        is_event = (domain >= 0) & (outcome.values == 1.0)
        n_events = np.bincount(domain[is_event], table.count[is_event], minlength=len(means.n_obs))
        for d in range(len(means.n_obs)):
            row = replace(
                domain_row(means, d, groups[d // n_levels]),
                outcome=outcome.name,
                term=breakdown.term,
                level=breakdown.levels[d % n_levels],
                measure=_measure(outcome, standard),
                n_events=int(n_events[d]) if outcome.is_event else None,
            )
            if d in undefined and means.n_obs[d]:
                yield replace(row, status=undefined[d])
            elif outcome.is_event:
                yield _with_rate(row, means, d, spec, design_effect)
            else:
                yield _with_mean(row, means, d, spec)
        for g, group in enumerate(groups if is_tested else ()):
            base = TidyRow(
                measure="rate",
                outcome=outcome.name,
                term=breakdown.term,
                wave=group.wave,
                subgroup=group.subgroup,
            )
            place = np.where(group_of_row == g, codes, -1).astype(np.int64)
            yield independence_row(table, place, outcome.values.astype(np.int64), base)


def _measure(outcome: _Outcome, standard: Standard | None) -> str:
    crude = "rate" if outcome.is_event else "mean"
    return crude if standard is None else f"standardised_{crude}"


def _design_effect(table: TableArrays, means: DomainMeans, outcome: _Outcome) -> float:
    """Return the design effect of an event's rate among all people, if one of these rates is 0 or 1."""
    if not outcome.is_event:
        return 1.0
    everybody = np.where(outcome.is_known & (table.weight > 0), 0, -1).astype(np.int32)
    return means.design_effect_of_all(lambda: domain_means(table, everybody, 1, outcome.values))


def _with_rate(row: TidyRow, means: DomainMeans, d: int, spec: RatesSpec, design_effect: float) -> TidyRow:
    """Return a row with the rate of a domain and its interval."""
    n = int(means.n_obs[d])
    if n == 0:
        return replace(row, status=NO_OBSERVATIONS)
    p, std_error = float(means.mean[d]), float(means.std_error[d])
    rate = Proportion(
        p=p,
        std_error=std_error,
        n=n,
        degrees=int(means.degrees[d]),
        design_effect=design_effect,
        errors=means.errors,
    )
    low, high, method = proportion_interval(rate, spec.conf_level, spec.interval)
    return with_interval(
        row,
        p,
        std_error,
        (low, high),
        conf_level=spec.conf_level,
        method=method,
        degrees=rate.degrees,
    )


def _with_mean(row: TidyRow, means: DomainMeans, d: int, spec: RatesSpec) -> TidyRow:
    """Return a row with the mean of a number in a domain and its interval by Student's t."""
    if means.n_obs[d] == 0:
        return replace(row, status=NO_OBSERVATIONS)
    mean, std_error, degrees = float(means.mean[d]), float(means.std_error[d]), int(means.degrees[d])
    low, high, _ = t_interval(mean, std_error, degrees, spec.conf_level)
    return with_interval(
        row,
        mean,
        std_error,
        (low, high),
        conf_level=spec.conf_level,
        method=means.errors,
        degrees=degrees,
    )
