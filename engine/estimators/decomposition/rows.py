"""Tidy rows of a group's decomposition, with linearised errors and intervals or those of replicates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from engine.arrays import Group
from engine.estimators.decomposition.covariates import Covariates
from engine.estimators.decomposition.doubts import UNDEFINED, doubt_of
from engine.estimators.decomposition.group_fit import BOUNDARY, GroupFit
from engine.estimators.decomposition.quantities import Quantities, Quantity
from engine.estimators.replicates.intervals import replicate_variance
from engine.estimators.replicates.pending_rows import EstimateRow, pending_row
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.design_variance import NO_DEGREES, finite_or_none, t_interval
from engine.results import TidyRow
from engine.study import DecompositionSpec


def group_rows(
    rank_name: str,
    group: Group,
    spec: DecompositionSpec,
    fit: GroupFit,
    plan: ResamplingPlan | None,
    replicates: Quantities,
) -> Iterator[EstimateRow]:
    """Yield the rows of every quantity of a group, or one row with a status if there are none."""
    sample = fit.sample
    base = TidyRow(
        outcome=spec.outcome,
        rank_by=rank_name,
        measure=spec.index,
        wave=group.wave,
        subgroup=group.subgroup,
        method=spec.model,
        conf_level=spec.conf_level,
        n_obs=sample.n_people,
        n_events=sample.n_events,
        n_clusters=sample.n_clusters,
        sum_weights=sample.sum_weights,
        status=fit.status,
    )
    if fit.covariates is None:
        yield base
        return
    index_error = _index_error(spec.index, fit, plan, replicates)
    for quantity, values in fit.quantities.items():
        row = _with_estimate(_labelled(base, fit.covariates, quantity), float(values[0]), spec.index)
        if row.status in ("ok", UNDEFINED):
            row = replace(row, status=doubt_of(quantity, fit, spec.index, index_error) or row.status)
        if plan is None:
            yield with_linearised_error(row, fit.linearised.std_errors.get(quantity), sample.degrees)
            continue
        if quantity not in replicates or row.estimate is None:
            yield row
            continue
        for interval in plan.intervals(spec.bootstrap):
            yield pending_row(row, replicates[quantity], plan, interval, sample.degrees)


def _index_error(index: str, fit: GroupFit, plan: ResamplingPlan | None, replicates: Quantities) -> float:
    """Return the standard error of the index; a share of the replicates must not decide it."""
    whole = (index, "")
    if plan is None or not plan.replaces_weight or whole not in replicates:
        return fit.index_error
    centre = float(fit.quantities[whole][0]) if plan.centre == "estimate" else None
    return float(np.sqrt(replicate_variance(replicates[whole], plan.factors, centre)))


def with_linearised_error(row: TidyRow, std_error: float | None, degrees: int) -> TidyRow:
    """Return a row with its linearised standard error, interval and test against 0; as it is without one."""
    if row.estimate is None or std_error is None:
        return row
    if degrees < 1:
        return replace(row, status=NO_DEGREES if row.status == "ok" else row.status)
    low, high, p = t_interval(row.estimate, std_error, degrees, row.conf_level or 0.95)
    return replace(
        row,
        std_error=finite_or_none(std_error),
        conf_low=finite_or_none(low),
        conf_high=finite_or_none(high),
        p_value=finite_or_none(p),
        method=f"{row.method}, linearised",
        df2=degrees,
    )


def _with_estimate(row: TidyRow, estimate: float, index: str) -> TidyRow:
    """Add the estimate; the index itself needs no model, so that a failed fit is not its status."""
    status = row.status
    if row.measure == index and status != BOUNDARY:
        status = "ok"
    if status == "ok" and not np.isfinite(estimate):
        status = UNDEFINED
    return replace(row, estimate=finite_or_none(estimate), status=status)


def _labelled(base: TidyRow, covariates: Covariates, quantity: Quantity) -> TidyRow:
    """Say what a quantity is about: a covariate, a factor as a whole, need, or the index."""
    measure, about = quantity
    if isinstance(about, int):
        column = covariates.columns[about - 1]
        return replace(base, measure=measure, term=column.term, level=column.level)
    if measure == "horizontal_inequity":
        return replace(base, measure=measure, level=about)
    if about.startswith("term "):
        return replace(base, measure=measure, term=about.removeprefix("term "), level="all")
    level = "all" if about in ("need", "non-need") else None
    return replace(base, measure=measure, term=about or None, level=level)
