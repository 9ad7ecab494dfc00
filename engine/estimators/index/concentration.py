"""Concentration indices of outcomes by group, linearised and replicated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.errors import EstimationError
from engine.estimators.index.indices import Bounds, Index, requested_index
from engine.estimators.index.layout import lay_out
from engine.estimators.index.linearised import (
    PointEstimates,
    estimate_index,
    index_estimate,
    influence_of_rows,
    with_replicates,
)
from engine.estimators.index.replicates import ReplicateInputs, Target, replicate_indices
from engine.estimators.index.rows import IndexEstimates, IndexReplicates, index_rows
from engine.estimators.replicates.pending_rows import EstimateRow, Estimates
from engine.estimators.replicates.resampling_methods import requested_plan
from engine.estimators.replicates.resampling_plan import ResamplingPlan, shortened
from engine.estimators.replicates.settings import WHOLE, ReplicateSettings
from engine.estimators.sample.group_sample import GroupSample, group_sample
from engine.study import BootstrapSpec, ConcentrationSpec

SamplesByOutcome = Sequence[Sequence[GroupSample]]
"""The samples of each outcome (k) in each group (g)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentrationEstimates(Estimates):
    """Rows, and the replicates (r,) of each (outcome, group, index)."""

    replicates: Mapping[tuple[int, int, str], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replicates:
    """All targets (q) in all replicates: values (q, r) and, for studentized intervals, errors (q, r)."""

    plan: ResamplingPlan
    values: FloatArray
    errors: FloatArray | None


def estimate_concentration(
    arrays: SampleArrays,
    spec: ConcentrationSpec,
    bounds: Mapping[str, Bounds | None],
    settings: ReplicateSettings,
) -> ConcentrationEstimates:
    """Estimate every requested index of every outcome in every group.

    Parameters
    ----------
    arrays
        The sorted sample.
    spec
        The analysis.
    bounds
        Theoretical bounds of each outcome that has any; those of `spec` are not read.
    settings
        How replicates are computed, if the analysis requests any.

    Raises
    ------
    EstimationError
        If no outcome has a defined index in any group (constant outcome or rank, or no rows), or the
        bootstrap is not defined for the design.
    """
    if arrays.replicate_weights is not None:
        settings = settings.whole()
    groups = range(len(arrays.groups))
    samples = [[group_sample(arrays, k, g) for g in groups] for k in range(len(arrays.outcome_names))]
    _refuse_undefined(arrays, samples)
    indices = [
        (k, requested_index(name, bounds.get(outcome), spec.parameter))
        for k, outcome in enumerate(arrays.outcome_names)
        for name in spec.index
    ]
    targets = [Target(index=index, outcome=k, group=g) for k, index in indices for g in groups]
    replicates = _replicate(arrays, spec, samples, targets, settings)
    as_drawn = arrays if replicates is None else _as_drawn(arrays, replicates.plan, spec)
    rows: list[EstimateRow] = []
    kept: dict[tuple[int, int, str], FloatArray] = {}
    for i, (k, index) in enumerate(indices):
        point = estimate_index(index, samples[k], arrays.design)
        of_index = None
        if replicates is not None:
            drawn = point if as_drawn is arrays else _estimate_as_drawn(as_drawn, k, index)
            of_index = _replicates_of(replicates, slice(i * len(groups), (i + 1) * len(groups)), drawn)
            kept.update({(k, g, index.name): of_index.values[g] for g in groups})
            point = with_replicates(point, of_index.values, arrays.replicate_weights)
        estimates = IndexEstimates(
            outcome=k, index=index, samples=samples[k], point=point, replicates=of_index
        )
        rows += index_rows(arrays, spec, estimates)
    rule = None if replicates is None else replicates.plan.variance_rule
    return ConcentrationEstimates(entries=tuple(rows), variance_rule=rule, replicates=kept)


def index_influence(
    arrays: SampleArrays, name: str, bounds: tuple[float, float] | None, parameter: float | None, n: int
) -> FloatArray:
    """Return the influence values (g, n) of an index of the only outcome, see `influence_of_rows`."""
    samples = [group_sample(arrays, 0, g) for g in range(len(arrays.groups))]
    _refuse_undefined(arrays, [samples])
    index = requested_index(name, bounds, parameter)
    return influence_of_rows(samples, arrays.order, n, index_estimate(index, samples))


def _replicate(
    arrays: SampleArrays,
    spec: ConcentrationSpec,
    samples: SamplesByOutcome,
    targets: Sequence[Target],
    settings: ReplicateSettings,
) -> _Replicates | None:
    """Compute all targets in the requested replicates; an interrupted run shortens the plan to those done."""
    plan = requested_plan(spec.bootstrap, spec.conf_level, arrays, settings.seed)
    if plan is None:
        return None
    bootstrap = spec.bootstrap or BootstrapSpec()
    is_studentized = "studentized" in bootstrap.interval
    if is_studentized and not plan.is_drawn:
        raise EstimationError(
            f"analysis '{spec.name}', bootstrap.interval: found 'studentized' with {plan.name}; expected a "
            "method that draws units. Use interval = 'normal'."
        )
    has_other_families = any(not target.index.is_midrank for target in targets)
    route = "rows" if is_studentized and has_other_families else bootstrap.route
    layout = lay_out(arrays, samples, plan, route)
    if layout.n_cells:
        plan = replace(plan, name=f"{plan.name} by cells")
    inputs = ReplicateInputs(arrays=arrays, samples=samples, plan=plan, layout=layout)
    values, errors = replicate_indices(inputs, targets, settings, std_errors=is_studentized)
    if settings.share == WHOLE:
        plan = shortened(plan, values.shape[1])
    return _Replicates(plan=plan, values=values, errors=errors)


def _replicates_of(replicates: _Replicates, targets: slice, drawn: PointEstimates) -> IndexReplicates:
    """Return the replicates of one index in all groups."""
    return IndexReplicates(
        plan=replicates.plan,
        values=replicates.values[targets],
        errors=None if replicates.errors is None else replicates.errors[targets],
        drawn=drawn,
    )


def _as_drawn(arrays: SampleArrays, plan: ResamplingPlan, spec: ConcentrationSpec) -> SampleArrays:
    """Return the sample with the units and strata that the plan draws, if intervals need them."""
    if spec.bootstrap is None or not {"bca", "studentized"} & {*spec.bootstrap.interval}:
        return arrays
    if plan.unit is arrays.unit and np.array_equal(plan.stratum_end, arrays.design.stratum_end):
        return arrays
    sizes = np.diff(plan.stratum_end, prepend=0)
    design = replace(
        arrays.design,
        stratum_end=plan.stratum_end,
        stratum_of_unit=np.repeat(np.arange(len(sizes)), sizes),
        population=np.full(len(sizes), np.inf),
    )
    return replace(arrays, unit=plan.unit, design=design)


def _estimate_as_drawn(as_drawn: SampleArrays, k: int, index: Index) -> PointEstimates:
    samples = [group_sample(as_drawn, k, g) for g in range(len(as_drawn.groups))]
    return estimate_index(index, samples, as_drawn.design)


def _refuse_undefined(arrays: SampleArrays, samples: SamplesByOutcome) -> None:
    """Refuse an analysis without any defined index; otherwise an undefined index is a status of its row."""
    if any(sample.status == "ok" for by_group in samples for sample in by_group):
        return
    rank, findings = arrays.rank_name, []
    for outcome, by_group in zip(arrays.outcome_names, samples, strict=True):
        n = sum(sample.n_people for sample in by_group)
        finding = {
            "rank constant": f"rank '{rank}' is constant",
            "outcome constant": f"outcome '{outcome}' is constant",
        }.get(by_group[0].status, f"outcome '{outcome}' ranked by '{rank}' has {by_group[0].status}")
        findings.append(f"{finding} in the {n:,} rows of the sample")
    raise EstimationError(
        f"{'; '.join(findings)}; expected an outcome and a rank that vary. Check the sample rules and the "
        "codes listed as missing."
    )
