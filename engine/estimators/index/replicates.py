"""Indices and their linearised standard errors in every replicate of a resampling plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.index.batch_sums import BatchSums, batch_sums, numerator_key
from engine.estimators.index.indices import Index
from engine.estimators.index.layout import Layout
from engine.estimators.replicates.batches import BlockCost, ReplicateBatch, batches
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.replicates.settings import ReplicateSettings
from engine.estimators.sample.group_sample import GroupSample
from engine.kernels.draws.streams import LANES
from engine.kernels.index.extended_std_errors import replicate_std_errors
from engine.kernels.index.numerators import RankedSample
from engine.kernels.jit import threads as kernel_threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One number to replicate: an index of outcome k in group g."""

    index: Index
    outcome: int
    group: int

    def measured_from(self, means: FloatArray) -> Target:
        """Return the same number from means that are measured from those of the sample (k, g)."""
        return replace(self, index=self.index.measured_from(float(means[self.outcome, self.group])))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateInputs:
    """What replicates are computed from; `samples` holds the samples of each outcome by group."""

    arrays: SampleArrays
    samples: Sequence[Sequence[GroupSample]]
    plan: ResamplingPlan
    layout: Layout


def replicate_indices(
    inputs: ReplicateInputs, targets: Sequence[Target], settings: ReplicateSettings, *, std_errors: bool
) -> tuple[FloatArray, FloatArray | None]:
    """Return every target in every replicate (q, r), and its linearised standard error (q, r) if requested.

    Undefined values are NaN. An interrupt may leave fewer replicates, see `batches`.
    """
    targets = [target.measured_from(inputs.layout.means) for target in targets]
    n_replicates = settings.share.n_replicates(inputs.plan.n_replicates)
    values = np.empty((len(targets), n_replicates))
    errors = np.empty_like(values) if std_errors else None
    cost = _block_cost(inputs.layout, targets, std_errors=std_errors)
    n_done = 0

    def done() -> FloatArray:
        return values[:, :n_done]

    with kernel_threads(settings.threads) as n_threads:
        for batch in batches(inputs.plan, settings, cost, n_threads, done):
            columns = slice(n_done, n_done + batch.n_replicates)
            n_done = columns.stop
            indices = [target.index for target in targets]
            sums = batch_sums(batch, inputs.layout, inputs.plan, indices, std_errors=std_errors)
            for q, target in enumerate(targets):
                value, N, mean = _target_values(target, sums, inputs.layout)
                values[q, columns] = value[: batch.n_replicates]
                if errors is None:
                    continue
                if target.index.is_midrank:
                    error = _midrank_errors(target, sums, N, mean)
                else:
                    error = resampled_errors(inputs, target, batch)
                errors[q, columns] = error[: batch.n_replicates]
    return values[:, :n_done], None if errors is None else errors[:, :n_done]


def _block_cost(layout: Layout, targets: Sequence[Target], *, std_errors: bool) -> BlockCost:
    n_bytes = layout.draws.block_bytes()
    if std_errors and any(not target.index.is_midrank for target in targets):
        # These errors hold the multipliers of all rows, not those of a tile.
        n_bytes = max(n_bytes, layout.n_rows * LANES * layout.draws.item_bytes)
    return BlockCost(n_rows=layout.n_rows, n_bytes=n_bytes)


def _target_values(
    target: Target, sums: BatchSums, layout: Layout
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a target, its numerator and its mean in the replicates of a batch, (r,) each."""
    here = (slice(None), target.group, target.outcome)
    N = np.ascontiguousarray(sums.numerators[numerator_key(target.index)][here])
    mean = target.index.snapped(sums.mean[here], float(layout.largest[target.outcome, target.group]))
    value = target.index.values(N, mean)
    # As for the sample itself: one drawn rank has no order, and a mean of 0 no relative index.
    is_defined = np.isfinite(value) & (sums.n_ranks[here] > 1)
    return np.where(is_defined, value, np.nan), N, mean


def _midrank_errors(target: Target, sums: BatchSums, N: FloatArray, mean: FloatArray) -> FloatArray:
    """Return the standard errors (r,) of a mid-rank index inside replicates, by the delta method."""
    by_N, by_mu = target.index.gradients(N, mean)
    NN, N_mu, mu_mu = np.moveaxis(sums.spread[:, target.group, target.outcome], -1, 0)
    with np.errstate(invalid="ignore"):
        variance = by_N * by_N * NN + 2.0 * by_N * by_mu * N_mu + by_mu * by_mu * mu_mu
        errors: FloatArray = np.sqrt(variance)
    return errors


def resampled_errors(inputs: ReplicateInputs, target: Target, batch: ReplicateBatch) -> FloatArray:
    """Return the standard errors (r,) of any index inside replicates, from every influence value of each."""
    arrays, plan = inputs.arrays, inputs.plan
    sample = inputs.samples[target.outcome][target.group]
    rows = arrays.rows_of(target.group)
    present = ~np.isnan(arrays.outcomes[target.outcome, rows])
    unit = np.ascontiguousarray(plan.unit[rows][present])
    return replicate_std_errors(
        plan.draws.unit_multipliers(batch.first_block, batch.n_blocks),
        unit,
        RankedSample(plan.weight(sample.weight, unit), sample.without_offset, sample.tie_end),
        plan.stratum_end,
        target.index.formula,
        sample.mu if sample.rest else 0.0,
    )
