"""RIF regressions in replicates: every one ranks, takes means and influence values, and regresses again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray, SampleArrays
from engine.estimators.index.indices import Index
from engine.estimators.regression.rif_fit import fit_rif
from engine.estimators.replicates.batches import BlockCost, batches
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.replicates.settings import ReplicateSettings
from engine.kernels.draws.streams import LANES
from engine.kernels.index.numerators import RankedSample
from engine.kernels.jit import in_threads
from engine.kernels.jit import threads as kernel_threads

_SWEEPS = 16  # the work of a regression on a row, in sweeps of an index


@dataclass(frozen=True, slots=True, kw_only=True)
class RifRows:
    """The n complete rows of a group: places in the sorted sample, outcome, ties, scaled columns (n, q)."""

    place: IntArray
    outcome: FloatArray
    tie_end: IntArray
    Z: FloatArray


def replicate_rif(
    arrays: SampleArrays,
    index: Index,
    plan: ResamplingPlan,
    groups: Sequence[RifRows],
    settings: ReplicateSettings,
) -> list[FloatArray]:
    """Return the index and the coefficients of the scaled columns of each group in replicates: (1 + q, r).

    Undefined replicates are NaN. An interrupt may leave fewer, see `batches`.
    """
    weight = plan.weight(arrays.weight, plan.unit)
    n_bytes = arrays.n * LANES * plan.draws.item_bytes
    cost = BlockCost(n_rows=arrays.n, n_bytes=n_bytes, sweeps=_SWEEPS)
    parts: list[list[FloatArray]] = [[np.empty((1 + rows.Z.shape[1], 0))] for rows in groups]
    with kernel_threads(settings.threads) as n_threads:
        for batch in batches(plan, settings, cost, n_threads, lambda: np.concatenate(_joined(parts))):
            multipliers = plan.draws.multipliers(arrays.n, batch.first_block, batch.n_blocks)

            def work(number: int, multipliers: FloatArray = multipliers) -> list[FloatArray]:
                times = multipliers[number // LANES, :, number % LANES]
                return [_replicate(index, rows, weight[rows.place] * times[rows.place]) for rows in groups]

            found = in_threads(work, batch.n_replicates)
            for part, of_group in zip(parts, zip(*found, strict=True), strict=True):
                part.append(np.stack(of_group, axis=1))
    return _joined(parts)


def _joined(parts: Sequence[Sequence[FloatArray]]) -> list[FloatArray]:
    """Return the index and the coefficients (1 + q, r) of each group."""
    return [np.concatenate(part, axis=1) for part in parts]


def _replicate(index: Index, rows: RifRows, weight: FloatArray) -> FloatArray:
    """Return the index and the coefficients (1 + q,) with some weights (n,), NaN where they do not exist."""
    undefined = np.full(1 + rows.Z.shape[1], np.nan)
    drawn = np.add.reduceat(weight, np.append(0, rows.tie_end[:-1])) > 0.0
    if drawn.sum() < 2:  # one drawn rank has no order
        return undefined
    fit = fit_rif(index, RankedSample(weight, rows.outcome, rows.tie_end), rows.Z)
    return undefined if fit.beta is None else np.append(fit.value, fit.beta)
