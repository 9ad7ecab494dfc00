"""Rows that wait for their replicates: those may come from several shares before intervals are computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.pooled_rows import pooled_rows
from engine.estimators.replicates.enough import bound_error
from engine.estimators.replicates.intervals import IntervalSpec, ReplicateSummary, VarianceRule, summarise
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.design_variance import finite_or_none
from engine.estimators.sample.group_sample import TOTAL_NEAR_ZERO
from engine.results import TidyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRow:
    """A row whose standard error and interval come from its replicates.

    Attributes
    ----------
    row
        The row with its estimate; `method` lacks the interval.
    values
        (r,) replicates, NaN where undefined; of a share, only those of the share.
    interval, degrees, acceleration, errors, std_error, null
        See `IntervalSpec`.
    """

    row: TidyRow
    values: FloatArray
    interval: str
    degrees: int
    acceleration: float = 0.0
    errors: FloatArray | None = None
    std_error: float = float("nan")
    null: float = 0.0


EstimateRow = TidyRow | PendingRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """The result of an analysis: rows, some of them pending, and how replicates make their variance.

    Of several completed data sets it holds the estimates of each, and its rows are the pooled ones.
    """

    entries: tuple[EstimateRow, ...] = ()
    variance_rule: VarianceRule | None = None
    completed: tuple[Estimates, ...] = ()

    @property
    def rows(self) -> tuple[TidyRow, ...]:
        """The tidy rows, with standard errors and intervals."""
        if self.completed:
            return pooled_rows([one.rows for one in self.completed])
        return tuple(
            self._finished(entry) if isinstance(entry, PendingRow) else entry for entry in self.entries
        )

    def _finished(self, entry: PendingRow) -> TidyRow:
        assert self.variance_rule is not None  # noqa: S101 - narrowing for mypy; pending rows come with a rule
        return finished_row(entry, self.variance_rule)


def finished_row(entry: PendingRow, rule: VarianceRule) -> TidyRow:
    """Return a row with the standard error and interval of its replicates."""
    row = entry.row
    assert row.estimate is not None  # noqa: S101 - narrowing for mypy; an undefined estimate has no replicates
    interval = IntervalSpec(
        interval=entry.interval,
        conf_level=row.conf_level or 0.95,
        degrees=entry.degrees,
        acceleration=entry.acceleration,
        errors=entry.errors,
        std_error=entry.std_error,
        null=entry.null,
    )
    summary = summarise(row.estimate, entry.values, interval, rule)
    return replace(
        row,
        std_error=finite_or_none(summary.std_error),
        conf_low=finite_or_none(summary.conf_low),
        conf_high=finite_or_none(summary.conf_high),
        p_value=finite_or_none(summary.p_value),
        method=f"{row.method}, {entry.interval}",
        n_replicates=len(rule.factors),
        n_failed=summary.n_failed,
        status=summary.status if _own_status(entry, rule) == "ok" else row.status,
        df2=entry.degrees if entry.interval == "normal" else None,
        mc_error=_monte_carlo_error(entry, summary) if rule.is_drawn else None,
    )


def _own_status(entry: PendingRow, rule: VarianceRule) -> str:
    """Return the status that a row has before its replicates are looked at.

    Draws know how skewed a share of a total near 0 is, and basic intervals turn that round.
    """
    knows_the_skew = entry.row.status == TOTAL_NEAR_ZERO and rule.is_drawn and entry.interval != "basic"
    return "ok" if knows_the_skew else entry.row.status


def _monte_carlo_error(entry: PendingRow, summary: ReplicateSummary) -> float | None:
    """Return the Monte-Carlo error of the worse bound of a row's interval; None without an interval."""
    if not np.isfinite([summary.conf_low, summary.conf_high]).all():
        return None
    drawn = entry.values[np.isfinite(entry.values)]
    share = bound_error(drawn, entry.interval, entry.row.conf_level or 0.95)
    return finite_or_none(share * float(drawn.std()))


def pending_row(
    row: TidyRow, values: FloatArray, plan: ResamplingPlan, interval: str, degrees: int
) -> PendingRow:
    """Return a row with its replicates (r,); its method says what comes before those."""
    method = plan.name if row.method is None else f"{row.method}, {plan.name}"
    return PendingRow(
        row=replace(row, method=method),
        values=values,
        interval=interval,
        degrees=degrees,
    )


def beside(row: TidyRow, plan: ResamplingPlan) -> list[EstimateRow]:
    """Return the linearised row that stands beside replicates: none where their weights are the design."""
    return [] if plan.replaces_weight else [row]


def join_shares(shares: Sequence[Estimates]) -> Estimates:
    """Join the shares of one analysis, in their order, to the estimates of a run of all replicates.

    Raises
    ------
    ValueError
        If the shares hold different rows, so that they are not shares of one analysis.
    """
    if shares[0].completed:
        of_each = zip(*(share.completed for share in shares), strict=True)
        return Estimates(completed=tuple(join_shares(own) for own in of_each))
    entries = tuple(_join_rows(rows) for rows in zip(*(share.entries for share in shares), strict=True))
    return Estimates(entries=entries, variance_rule=shares[0].variance_rule)


def _join_rows(rows: Iterable[EstimateRow]) -> EstimateRow:
    """Join one row of all shares."""
    first, *others = rows
    if not isinstance(first, PendingRow):
        if any(other != first for other in others):
            raise ValueError(first.measure)
        return first
    pending = [first]
    for other in others:
        if not isinstance(other, PendingRow) or other.row != first.row or other.interval != first.interval:
            raise ValueError(first.row.measure)
        pending.append(other)
    errors = [share.errors for share in pending if share.errors is not None]
    return replace(
        first,
        values=np.concatenate([share.values for share in pending]),
        errors=np.concatenate(errors) if errors else None,
    )
