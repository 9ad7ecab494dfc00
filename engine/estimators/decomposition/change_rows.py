"""Tidy rows of the change of an index between groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.decomposition.change import (
    Change,
    ChangeKey,
    Side,
    changes,
    linearised_side_of,
    side_of,
)
from engine.estimators.decomposition.group_fit import GroupFit
from engine.estimators.decomposition.linearised_effects import influence_of
from engine.estimators.decomposition.quantities import Quantities
from engine.estimators.decomposition.rows import with_linearised_error
from engine.estimators.index.differences import Pair, pairs_of
from engine.estimators.moments.estimand import Estimand
from engine.estimators.replicates.pending_rows import EstimateRow, pending_row
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.design_variance import covariance_of, finite_or_none
from engine.estimators.sample.group_sample import joint_degrees
from engine.results import TidyRow
from engine.study import DecompositionSpec


def change_rows(
    arrays: SampleArrays,
    spec: DecompositionSpec,
    plan: ResamplingPlan | None,
    fits: Sequence[GroupFit],
    replicates: Sequence[Quantities],
) -> Iterator[EstimateRow]:
    """Yield the change between each pair of groups; their replicates come from the same draws."""
    values = [np.nan if fit.covariates is None else fit.quantities[spec.index, ""][0] for fit in fits]
    for pair in pairs_of(np.array(values)):
        first, second = fits[pair.first], fits[pair.second]
        base = _base_row(arrays, spec, pair, (first, second))
        replicated, std_errors = {}, {}
        if plan is None:
            std_errors = _std_errors(arrays, first, second, spec.index)
        if plan is not None and replicates[pair.first] and replicates[pair.second]:
            of_replicates = _changes(
                first, second, (replicates[pair.first], replicates[pair.second]), spec.index
            )
            replicated = {change.key: change.values for change in of_replicates}
        degrees = min(first.sample.degrees, second.sample.degrees)
        if arrays.replicate_weights is not None or (plan is None and degrees > 0):
            degrees = joint_degrees(arrays, [first.sample, second.sample])
        for change in _changes(first, second, (first.quantities, second.quantities), spec.index):
            row = _row(base, change)
            if plan is None:
                yield with_linearised_error(row, std_errors.get(change.key), degrees)
                continue
            if change.key not in replicated or row.estimate is None:
                yield row
                continue
            for interval in plan.intervals(spec.bootstrap):
                yield pending_row(row, replicated[change.key], plan, interval, degrees)


def _changes(
    first: GroupFit, second: GroupFit, quantities: tuple[Quantities, Quantities], index: str
) -> Iterator[Change[FloatArray]]:
    assert first.covariates is not None  # noqa: S101 - narrowing for mypy; only groups with an index are paired
    assert second.covariates is not None  # noqa: S101
    one, two = side_of(first.covariates, quantities[0]), side_of(second.covariates, quantities[1])
    return changes(one, two, index)


def _std_errors(
    arrays: SampleArrays, first: GroupFit, second: GroupFit, index: str
) -> dict[ChangeKey, float]:
    """Return the linearised error of each change; groups that share sampling units have their covariance."""
    sides = [_linearised_side(fit) for fit in (first, second)]
    if sides[0] is None or sides[1] is None:
        return {}
    found: dict[ChangeKey, float] = {}
    for change in changes(sides[0], sides[1], index):
        if np.isfinite(change.values.value):
            totals = influence_of(change.values)[None, :]
            found[change.key] = float(np.sqrt(covariance_of(totals, arrays.design)[0, 0]))
    return found


def _linearised_side(fit: GroupFit) -> Side[Estimand] | None:
    """Return a group by its estimands; None of a group without a model."""
    if fit.covariates is None or fit.linearised.factor is None:
        return None
    return linearised_side_of(fit.covariates, fit.linearised.parts, fit.linearised.factor)


def _base_row(
    arrays: SampleArrays, spec: DecompositionSpec, pair: Pair, fits: tuple[GroupFit, GroupFit]
) -> TidyRow:
    return TidyRow(
        measure="",
        outcome=spec.outcome,
        rank_by=arrays.rank_name,
        conf_level=spec.conf_level,
        method=spec.model,
        subgroup=f"{arrays.groups[pair.second].label} - {arrays.groups[pair.first].label}",
        n_obs=sum(fit.sample.n_people for fit in fits),
        sum_weights=sum(fit.sample.sum_weights for fit in fits),
    )


def _row(base: TidyRow, change: Change[FloatArray]) -> TidyRow:
    key, estimate = change.key, finite_or_none(float(change.values[0]))
    is_undefined = estimate is None and change.status == "ok"
    return replace(
        base,
        measure=key.measure,
        term=key.term,
        level=key.level,
        estimate=estimate,
        method=f"{base.method}, {key.weighting}" if key.weighting else base.method,
        status="undefined" if is_undefined else change.status,
    )
