"""`rates`: an event's rate in total and by the levels of factors, by group and overall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, TableArrays, UnitArray, VariableArrays
from engine.errors import EstimationError
from engine.estimators.tables.domain_means import (
    DomainMeans,
    Proportion,
    domain_means,
    proportion_interval,
)
from engine.estimators.tables.domain_rows import NO_OBSERVATIONS, domain_row, groupings, with_interval
from engine.results import TidyRow
from engine.study import RatesSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """An event: its name, who has it (N,), 0 or 1, and where it is known (N,)."""

    name: str
    values: FloatArray
    is_known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breakdown:
    """What a rate is broken down by: name, levels, and each row's level (N,), -1 for rows left out."""

    term: str
    levels: Sequence[str | None]
    codes: UnitArray


def rates(
    table: TableArrays, outcome: VariableArrays, factors: Sequence[VariableArrays], spec: RatesSpec
) -> tuple[TidyRow, ...]:
    """Estimate an event's rate in total and by the levels of factors, in every group and overall.

    Rows without the outcome are left out of the denominator; `describe` counts them.

    Parameters
    ----------
    table
        Weights, units and groups of the N rows.
    outcome
        The event.
    factors
        The factors; numbers among them are passed over.
    spec
        The analysis.

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
    event = _Event(name=outcome.name, values=np.where(is_known, outcome.values, 0.0), is_known=is_known)
    rows: list[TidyRow] = []
    for breakdown in _breakdowns(event, factors):
        rows.extend(_rate_rows(table, event, breakdown, spec))
    return tuple(rows)


def _breakdowns(event: _Event, factors: Sequence[VariableArrays]) -> Iterator[_Breakdown]:
    """Yield the total, then each factor."""
    yield _Breakdown(term="total", levels=(None,), codes=np.where(event.is_known, 0, -1).astype(np.int32))
    for factor in factors:
        if factor.codes is not None:
            codes = np.where(event.is_known, factor.codes, -1).astype(np.int32)
            yield _Breakdown(term=factor.name, levels=factor.levels, codes=codes)


def _rate_rows(
    table: TableArrays, event: _Event, breakdown: _Breakdown, spec: RatesSpec
) -> Iterator[TidyRow]:
    """Yield the rate of each group and level; a domain is one level in one group."""
    codes, n_levels = breakdown.codes, len(breakdown.levels)
    everybody = np.where(event.is_known & (table.weight > 0), 0, -1).astype(np.int32)
    for group_of_row, groups in groupings(table):
        is_inside = (codes >= 0) & (group_of_row >= 0)
        domain = np.where(is_inside, group_of_row * n_levels + codes, -1).astype(np.int32)
        means = domain_means(table, domain, len(groups) * n_levels, event.values)
        design_effect = means.design_effect_of_all(lambda: domain_means(table, everybody, 1, event.values))
        n_events = np.bincount(domain[(domain >= 0) & (event.values == 1.0)], minlength=len(means.n_obs))
        for d in range(len(means.n_obs)):
            row = replace(
                domain_row(means, d, groups[d // n_levels]),
                outcome=event.name,
                term=breakdown.term,
                level=breakdown.levels[d % n_levels],
                measure="rate",
                n_events=int(n_events[d]),
            )
            yield _with_rate(row, means, d, spec, design_effect)


def _with_rate(row: TidyRow, means: DomainMeans, d: int, spec: RatesSpec, design_effect: float) -> TidyRow:
    """Return a row with the rate of a domain and its interval."""
    n = int(means.n_obs[d])
    if n == 0:
        return replace(row, status=NO_OBSERVATIONS)
    p, std_error = float(means.mean[d]), float(means.std_error[d])
    rate = Proportion(
        p=p, std_error=std_error, n=n, degrees=int(means.degrees[d]), design_effect=design_effect
    )
    low, high, method = proportion_interval(rate, spec.conf_level, spec.interval)
    return with_interval(row, p, std_error, (low, high), conf_level=spec.conf_level, method=method)
