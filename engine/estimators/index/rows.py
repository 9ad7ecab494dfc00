"""Tidy rows of one index: in every group linearised, replicated and as conindex prints it; then compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.index.comparisons import Compared, PairReplicates, comparison_rows
from engine.estimators.index.conindex import conindex_rows
from engine.estimators.index.indices import Index
from engine.estimators.index.linearised import PointEstimates
from engine.estimators.replicates.pending_rows import EstimateRow, PendingRow, beside
from engine.estimators.replicates.replicate_weights import errors_method
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.design_variance import NO_DEGREES, finite_or_none, t_interval
from engine.estimators.sample.group_sample import MEAN_ZERO, GroupSample
from engine.kernels.survey.design_variance import cubed_and_squared
from engine.results import TidyRow
from engine.study import ConcentrationSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReplicates:
    """The replicates of one index of one outcome.

    Attributes
    ----------
    plan
        The resampling plan.
    values, errors
        (g, r) replicates and, for studentized intervals, the standard errors inside them.
    drawn
        The estimates with the linearised totals of the drawn units. These are not the design's units if rows
        of a clustered sample are drawn: BCa and studentized intervals refer to the draws.
    """

    plan: ResamplingPlan
    values: FloatArray
    errors: FloatArray | None
    drawn: PointEstimates


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEstimates:
    """One index of one outcome (by number) in all groups, with its replicates if there are any."""

    outcome: int
    index: Index
    samples: Sequence[GroupSample]
    point: PointEstimates
    replicates: IndexReplicates | None


def index_rows(arrays: SampleArrays, spec: ConcentrationSpec, estimates: IndexEstimates) -> list[EstimateRow]:
    """Return the rows of an index in every group, then of its differences between groups."""
    rows: list[EstimateRow] = []
    for g in range(len(arrays.groups)):
        rows += _group_rows(arrays, spec, estimates, g)
    if spec.compare and len(arrays.groups) > 1:
        rows += comparison_rows(arrays, _compared(spec, arrays, estimates))
    return rows


def _group_rows(
    arrays: SampleArrays, spec: ConcentrationSpec, estimates: IndexEstimates, g: int
) -> list[EstimateRow]:
    sample, replicates = estimates.samples[g], estimates.replicates
    row = _linearised_row(arrays, spec, estimates, g)
    rows: list[EstimateRow] = [row]
    if replicates is not None and row.estimate is not None and row.status != NO_DEGREES:
        rows = beside(row, replicates.plan)
        rows += [
            _pending_row(row, replicates, g, interval, sample.degrees)
            for interval in replicates.plan.intervals(spec.bootstrap)
        ]
    if spec.peer == "conindex" and sample.status == "ok":
        rows += conindex_rows(row, sample, estimates.index)
    return rows


def _base_row(arrays: SampleArrays, estimates: IndexEstimates) -> TidyRow:
    return TidyRow(
        outcome=arrays.outcome_names[estimates.outcome],
        rank_by=arrays.rank_name,
        measure=estimates.index.name,
        parameter=estimates.index.own_parameter,
    )


def _linearised_row(
    arrays: SampleArrays, spec: ConcentrationSpec, estimates: IndexEstimates, g: int
) -> TidyRow:
    sample, group = estimates.samples[g], arrays.groups[g]
    value = float(estimates.point.values[g])
    status = sample.status
    if status == "ok" and not np.isfinite(value):
        status = MEAN_ZERO if estimates.index.is_relative else "undefined"
    row = replace(
        _base_row(arrays, estimates),
        wave=group.wave,
        subgroup=group.subgroup,
        conf_level=spec.conf_level,
        method=errors_method(arrays.replicate_weights),
        n_obs=sample.n_people,
        n_events=sample.n_events,
        n_clusters=sample.n_clusters,
        sum_weights=sample.sum_weights,
        status=status,
    )
    if status != "ok":
        return row
    if sample.degrees < 1:
        return replace(row, estimate=value, status=NO_DEGREES)
    std_error = float(estimates.point.std_errors[g])
    low, high, p = t_interval(value, std_error, sample.degrees, spec.conf_level)
    return replace(
        row,
        status=_doubt(estimates, g),
        estimate=value,
        std_error=finite_or_none(std_error),
        conf_low=finite_or_none(low),
        conf_high=finite_or_none(high),
        p_value=finite_or_none(p),
        df2=sample.degrees,
    )


def _doubt(estimates: IndexEstimates, *groups: int) -> str:
    """Return the status of a defined index: a share of a total means little where parts are negative."""
    if estimates.index.needs_positive_mean:
        for g in groups:
            if estimates.samples[g].doubt is not None:
                return str(estimates.samples[g].doubt)
    return "ok"


def _pending_row(
    row: TidyRow, replicates: IndexReplicates, g: int, interval: str, degrees: int
) -> PendingRow:
    return PendingRow(
        row=replace(row, method=replicates.plan.name),
        values=replicates.values[g],
        interval=interval,
        degrees=degrees,
        acceleration=_acceleration(replicates.drawn, (g,), replicates.plan, interval),
        errors=None if replicates.errors is None else replicates.errors[g],
        std_error=float(replicates.drawn.std_errors[g]),
    )


def _acceleration(
    drawn: PointEstimates, groups: tuple[int, ...], plan: ResamplingPlan, interval: str
) -> float:
    """Return the acceleration of BCa: the skewness of the drawn units' influence, over 6.

    `groups` is one group, or first and second of a difference.
    """
    if interval != "bca":
        return 0.0
    totals = drawn.totals_of(groups[-1])
    if len(groups) > 1:
        totals -= drawn.totals_of(groups[0])
    third, second = cubed_and_squared(totals, plan.stratum_end)
    return third / (6.0 * second**1.5) if second > 0 else 0.0


def _compared(spec: ConcentrationSpec, arrays: SampleArrays, estimates: IndexEstimates) -> Compared:
    made = None
    if estimates.replicates is not None:
        plan, drawn = estimates.replicates.plan, estimates.replicates.drawn
        # The replicates hold no standard error of a difference: percentile in place of studentized.
        intervals = dict.fromkeys(
            "percentile" if interval == "studentized" else interval
            for interval in plan.intervals(spec.bootstrap)
        )
        made = PairReplicates(
            plan=plan,
            values=estimates.replicates.values,
            intervals=[*intervals],
            acceleration=lambda pair, name: _acceleration(drawn, (pair.first, pair.second), plan, name),
        )
    return Compared(
        base=_base_row(arrays, estimates),
        point=estimates.point,
        samples=estimates.samples,
        conf_level=spec.conf_level,
        replicates=made,
        doubt=lambda pair: _doubt(estimates, pair.first, pair.second),
    )
