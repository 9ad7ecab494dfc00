"""Tidy rows of one measure: in every group linearised and replicated; then differences between groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.disparity.measures import MeasureKind
from engine.estimators.index.differences import NO_DEGREES, Pair, difference_row, joint_rows, pairs_of
from engine.estimators.index.linearised import PointEstimates
from engine.estimators.replicates.pending_rows import EstimateRow, PendingRow, beside
from engine.estimators.replicates.replicate_weights import errors_method
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.design_variance import finite_or_none, t_interval
from engine.estimators.sample.group_sample import GroupSample, joint_degrees
from engine.results import TidyRow
from engine.study.analyses import DisparitySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureEstimates:
    """One measure of one outcome (by number) in all groups; `replicates` (g, r), None without any."""

    outcome: int
    name: str
    kind: MeasureKind
    samples: Sequence[GroupSample]
    point: PointEstimates
    plan: ResamplingPlan | None
    replicates: FloatArray | None


def measure_rows(arrays: SampleArrays, spec: DisparitySpec, estimates: MeasureEstimates) -> list[EstimateRow]:
    """Return the rows of a measure in every group, then of its differences between groups."""
    rows: list[EstimateRow] = []
    for g in range(len(arrays.groups)):
        rows += _group_rows(arrays, spec, estimates, g)
    if spec.compare and len(arrays.groups) > 1:
        base = _base_row(arrays, spec, estimates)
        for pair in pairs_of(estimates.point.values):
            rows += _difference_rows(arrays, spec, estimates, pair, base)
        rows += joint_rows(base, estimates.point, estimates.samples, arrays)
    return rows


def _base_row(arrays: SampleArrays, spec: DisparitySpec, estimates: MeasureEstimates) -> TidyRow:
    return TidyRow(
        outcome=arrays.outcome_names[estimates.outcome],
        rank_by=spec.rank_by or spec.group,
        measure=estimates.name,
    )


def _group_rows(
    arrays: SampleArrays, spec: DisparitySpec, estimates: MeasureEstimates, g: int
) -> list[EstimateRow]:
    row = _linearised_row(arrays, spec, estimates, g)
    plan, values = estimates.plan, estimates.replicates
    if plan is None or values is None or row.estimate is None:
        return [row]
    if row.status == NO_DEGREES:
        return [row]  # replicates of a single unit do not vary
    pending = [
        PendingRow(
            row=replace(row, method=plan.name),
            values=values[g],
            interval=interval,
            degrees=estimates.samples[g].degrees,
        )
        for interval in plan.intervals(spec.bootstrap)
    ]
    if plan.replaces_weight:
        # The row has the errors of the replicates: its interval knows ratios and measures without sign.
        n_failed = int((~np.isfinite(values[g])).sum())
        row = replace(row, method=f"{row.method}, normal", n_replicates=len(plan.factors), n_failed=n_failed)
        return [row if entry.interval == "normal" else entry for entry in pending]
    return [row, *pending]


def _linearised_row(
    arrays: SampleArrays, spec: DisparitySpec, estimates: MeasureEstimates, g: int
) -> TidyRow:
    sample, group = estimates.samples[g], arrays.groups[g]
    value, std_error = float(estimates.point.values[g]), float(estimates.point.std_errors[g])
    row = replace(
        _base_row(arrays, spec, estimates),
        wave=group.wave,
        subgroup=group.subgroup,
        conf_level=spec.conf_level,
        method=errors_method(arrays.replicate_weights),
        n_obs=sample.n_rows,
        n_events=sample.n_events,
        n_clusters=sample.n_clusters,
        sum_weights=sample.sum_weights,
    )
    if sample.n_rows == 0:
        return replace(row, status="no observations")
    if not np.isfinite(value):
        return replace(row, status="undefined")
    if sample.degrees < 1:
        return replace(row, estimate=value, status=NO_DEGREES)
    if not np.isfinite(std_error):
        return replace(row, estimate=value, status="no standard error")
    low, high, p = measure_interval(value, std_error, sample.degrees, spec.conf_level, estimates.kind)
    return replace(
        row,
        estimate=value,
        std_error=std_error,
        conf_low=finite_or_none(low),
        conf_high=finite_or_none(high),
        p_value=finite_or_none(p),
    )


def measure_interval(
    value: float, std_error: float, degrees: int, conf_level: float, kind: MeasureKind
) -> tuple[float, float, float]:
    """Return (low, high, p): of the logarithm of a ratio against 1, else of the measure against 0.

    A measure that cannot be negative has no test against 0, the end of its range.
    """
    if kind.is_ratio and value > 0:
        low, high, p = t_interval(float(np.log(value)), std_error / value, degrees, conf_level)
        return float(np.exp(low)), float(np.exp(high)), p
    low, high, p = t_interval(value, std_error, degrees, conf_level)
    return low, high, p if kind.has_sign else np.nan


def _difference_rows(
    arrays: SampleArrays, spec: DisparitySpec, estimates: MeasureEstimates, pair: Pair, base: TidyRow
) -> list[EstimateRow]:
    samples, plan, values = estimates.samples, estimates.plan, estimates.replicates
    row = difference_row(base, estimates.point, samples, arrays, pair, spec.conf_level)
    if plan is None or values is None or row.status == NO_DEGREES:
        return [row]
    compared = [samples[pair.first], samples[pair.second]]
    degrees = min(sample.degrees for sample in compared)
    if plan.replaces_weight:
        degrees = joint_degrees(arrays, compared)
    pending = [
        PendingRow(
            row=replace(row, method=plan.name),
            values=values[pair.second] - values[pair.first],
            interval=interval,
            degrees=degrees,
        )
        for interval in plan.intervals(spec.bootstrap)
    ]
    return [*beside(row, plan), *pending]
