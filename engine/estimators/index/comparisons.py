"""Rows of one quantity compared between groups: differences with and without replicates, and a joint test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.index.differences import Pair, difference_row, joint_rows, pairs_of
from engine.estimators.index.linearised import PointEstimates
from engine.estimators.replicates.pending_rows import EstimateRow, PendingRow, beside
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.design_variance import NO_DEGREES, NO_STANDARD_ERROR
from engine.estimators.sample.group_sample import GroupSample, joint_degrees
from engine.results import TidyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PairReplicates:
    """Replicates of a quantity in all groups.

    Attributes
    ----------
    plan
        The resampling plan.
    values
        (g, r) replicates.
    intervals
        The intervals to make.
    acceleration
        That of BCa: (pair, interval) -> number; None for quantities without BCa intervals.
    """

    plan: ResamplingPlan
    values: FloatArray
    intervals: Sequence[str]
    acceleration: Callable[[Pair, str], float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A quantity in all groups, as far as comparisons need it.

    Attributes
    ----------
    base
        Its row, with what does not depend on a group.
    point, samples
        Its estimates, and the rows of each group.
    conf_level
        Of the intervals.
    replicates
        Its replicates; None without any.
    doubt
        Status of a defined difference of a pair; None where it is never in doubt.
    """

    base: TidyRow
    point: PointEstimates
    samples: Sequence[GroupSample]
    conf_level: float
    replicates: PairReplicates | None = None
    doubt: Callable[[Pair], str] | None = None


def comparison_rows(arrays: SampleArrays, compared: Compared) -> list[EstimateRow]:
    """Return the differences between pairs of groups, then the joint test."""
    rows: list[EstimateRow] = []
    for pair in pairs_of(compared.point.values):
        rows += _difference_rows(arrays, compared, pair)
    return [*rows, *joint_rows(compared.base, compared.point, compared.samples, arrays)]


def _difference_rows(arrays: SampleArrays, compared: Compared, pair: Pair) -> list[EstimateRow]:
    samples, replicates = compared.samples, compared.replicates
    row = difference_row(compared.base, compared.point, samples, arrays, pair, compared.conf_level)
    doubt = "ok" if compared.doubt is None else compared.doubt(pair)
    if row.status == "ok" or (row.status == NO_STANDARD_ERROR and doubt != "ok"):
        row = replace(row, status=doubt)
    if replicates is None or row.status == NO_DEGREES:
        return [row]
    plan, values = replicates.plan, replicates.values
    of_pair = [samples[pair.first], samples[pair.second]]
    degrees = min(sample.degrees for sample in of_pair)
    if plan.replaces_weight:
        degrees = joint_degrees(arrays, of_pair)
    acceleration = replicates.acceleration or (lambda _pair, _interval: 0.0)
    pending = [
        PendingRow(
            row=replace(row, method=plan.name),
            values=values[pair.second] - values[pair.first],
            interval=interval,
            degrees=degrees,
            acceleration=acceleration(pair, interval),
        )
        for interval in replicates.intervals
    ]
    return [*beside(row, plan), *pending]
