"""Tidy rows of one quantity: in every group linearised and replicated; then compared between groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.index.comparisons import Compared, PairReplicates, comparison_rows
from engine.estimators.index.linearised import PointEstimates
from engine.estimators.replicates.pending_rows import EstimateRow, PendingRow
from engine.estimators.replicates.replicate_weights import errors_method
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.design_variance import NO_DEGREES, NO_STANDARD_ERROR, finite_or_none, t_interval
from engine.estimators.sample.group_sample import GroupSample
from engine.estimators.tables.domain_means import Proportion, proportion_interval
from engine.results import TidyRow
from engine.study import BootstrapSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """How the interval and the test of a quantity are made.

    Attributes
    ----------
    is_ratio
        Whether its interval is made on the log scale, because it is a ratio above 0.
    has_sign
        Whether it can be negative, so that a test against 0 means something.
    limits
        ``logit`` or ``beta`` for a share of people whose limits stay between 0 and 1.
    """

    is_ratio: bool = False
    has_sign: bool = False
    limits: Literal["normal", "logit", "beta"] = "normal"

    @property
    def null(self) -> float:
        """The value of no disparity that is tested; NaN where that is the end of the range."""
        return 1.0 if self.is_ratio else 0.0 if self.has_sign else float("nan")


class ReplicatedAnalysis(Protocol):
    """What the rows need of an analysis."""

    @property
    def conf_level(self) -> float:
        """Of the intervals."""

    @property
    def compare(self) -> bool:
        """Whether groups are compared."""

    @property
    def bootstrap(self) -> BootstrapSpec | None:
        """How replicates are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityEstimates:
    """One quantity of one outcome in all groups.

    Attributes
    ----------
    base
        Its row, with what does not depend on a group.
    inference
        How interval and test are made.
    samples, point
        The rows of each group, and the estimates.
    plan, replicates
        The resampling plan and (g, r) replicates; None without any.
    reasons
        Why the quantity is undefined, by number of the group, where there is more to say than "undefined".
    doubts
        Why the quantity means little where it is defined, by number of the group.
    """

    base: TidyRow
    inference: Inference
    samples: Sequence[GroupSample]
    point: PointEstimates
    plan: ResamplingPlan | None
    replicates: FloatArray | None
    reasons: Mapping[int, str] = field(default_factory=dict)
    doubts: Mapping[int, str] = field(default_factory=dict)


def quantity_rows(
    arrays: SampleArrays, spec: ReplicatedAnalysis, estimates: QuantityEstimates
) -> list[EstimateRow]:
    """Return the rows of a quantity in every group, then of its differences between groups."""
    rows: list[EstimateRow] = []
    for g in range(len(arrays.groups)):
        rows += _group_rows(arrays, spec, estimates, g)
    if spec.compare and len(arrays.groups) > 1:
        rows += comparison_rows(arrays, _compared(spec, estimates))
    return rows


def _compared(spec: ReplicatedAnalysis, estimates: QuantityEstimates) -> Compared:
    made, plan, values = None, estimates.plan, estimates.replicates
    doubts = estimates.doubts
    if plan is not None and values is not None:
        made = PairReplicates(plan=plan, values=values, intervals=plan.intervals(spec.bootstrap))
    return Compared(
        base=estimates.base,
        point=estimates.point,
        samples=estimates.samples,
        conf_level=spec.conf_level,
        replicates=made,
        doubt=lambda pair: doubts.get(pair.second, doubts.get(pair.first, "ok")),
    )


def _group_rows(
    arrays: SampleArrays, spec: ReplicatedAnalysis, estimates: QuantityEstimates, g: int
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
            null=estimates.inference.null,
        )
        for interval in plan.intervals(spec.bootstrap)
    ]
    if plan.replaces_weight:
        # The row has the errors of the replicates: its interval knows ratios and measures without sign.
        n_failed = int((~np.isfinite(values[g])).sum())
        method = f"{row.method}, normal" if estimates.inference.limits == "normal" else row.method
        row = replace(row, method=method, n_replicates=len(plan.factors), n_failed=n_failed)
        return [row if entry.interval == "normal" else entry for entry in pending]
    return [row, *pending]


def _linearised_row(
    arrays: SampleArrays, spec: ReplicatedAnalysis, estimates: QuantityEstimates, g: int
) -> TidyRow:
    sample, group = estimates.samples[g], arrays.groups[g]
    value, std_error = float(estimates.point.values[g]), float(estimates.point.std_errors[g])
    row = replace(
        estimates.base,
        wave=group.wave,
        subgroup=group.subgroup,
        conf_level=spec.conf_level,
        method=errors_method(arrays.replicate_weights),
        n_obs=sample.n_people,
        n_events=sample.n_events,
        n_clusters=sample.n_clusters,
        sum_weights=sample.sum_weights,
    )
    if sample.n_people == 0:
        return replace(row, status="no observations")
    if not np.isfinite(value):
        return replace(row, status=estimates.reasons.get(g, "undefined"))
    if sample.degrees < 1:
        return replace(row, estimate=value, status=NO_DEGREES)
    if not np.isfinite(std_error):
        return replace(row, estimate=value, status=estimates.doubts.get(g, NO_STANDARD_ERROR))
    inference = estimates.inference
    low, high, p = quantity_interval(value, std_error, sample.degrees, spec.conf_level, inference)
    if inference.limits != "normal":
        share = Proportion(
            p=value, std_error=std_error, n=sample.n_people, degrees=sample.degrees, errors=str(row.method)
        )
        low, high, method = proportion_interval(share, spec.conf_level, inference.limits)
        row = replace(row, method=method)
    return replace(
        row,
        status=estimates.doubts.get(g, row.status),
        estimate=value,
        std_error=std_error,
        conf_low=finite_or_none(low),
        conf_high=finite_or_none(high),
        p_value=finite_or_none(p),
        df2=sample.degrees,
    )


def quantity_interval(
    value: float, std_error: float, degrees: int, conf_level: float, inference: Inference
) -> tuple[float, float, float]:
    """Return (low, high, p): of the logarithm of a ratio against 1, else of the number against 0.

    A number that cannot be negative has no test against 0, the end of its range.
    """
    if inference.is_ratio and value > 0:
        low, high, p = t_interval(float(np.log(value)), std_error / value, degrees, conf_level)
        return float(np.exp(low)), float(np.exp(high)), p
    low, high, p = t_interval(value, std_error, degrees, conf_level)
    return low, high, p if inference.has_sign else np.nan
