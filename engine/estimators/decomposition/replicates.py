"""The decomposition of all groups in the same draws of a resampling plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.decomposition.fit import DecompositionModel, replicate_group
from engine.estimators.decomposition.group_fit import GroupFit
from engine.estimators.decomposition.quantities import Quantities, Quantity, quantities_of
from engine.estimators.index.indices import Index
from engine.estimators.replicates.batches import BlockCost, batches
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.replicates.settings import ReplicateSettings
from engine.kernels.draws.tiles import BatchDraws
from engine.kernels.jit import threads as kernel_threads

SWEEPS = 4  # the work of a decomposition on a row, in sweeps of an index


def replicate_fits(
    fits: Sequence[GroupFit],
    index: Index,
    model: DecompositionModel,
    plan: ResamplingPlan,
    n_rows: int,
    settings: ReplicateSettings,
) -> tuple[tuple[Quantities, ...], int]:
    """Decompose all groups in the replicates of a share.

    Returns the quantities (r,) of each group, none of a group without a model, and how many replicates were
    computed: an interrupt may leave fewer, see `batches`. `n_rows` is the size of the sample.
    """
    parts: list[dict[Quantity, list[FloatArray]]] = [
        {} if fit.replicate_arrays is None else {quantity: [np.empty(0)] for quantity in fit.quantities}
        for fit in fits
    ]
    cost = BlockCost(n_rows=n_rows, n_bytes=plan.draws.block_bytes(), sweeps=SWEEPS)
    n_done = 0
    with kernel_threads(settings.threads) as n_threads:
        for batch in batches(plan, settings, cost, n_threads, lambda: _joined(parts)):
            draws = plan.draws.batch(n_rows, batch.first_block, batch.n_blocks)
            for fit, of_group in zip(fits, parts, strict=True):
                quantities = _replicate(fit, index, model, plan, draws, n_threads)
                for quantity, values in quantities.items():
                    of_group[quantity].append(values[: batch.n_replicates])
            n_done += batch.n_replicates
    joined = ({quantity: np.concatenate(of) for quantity, of in of_group.items()} for of_group in parts)
    return tuple(joined), n_done


def _joined(parts: Sequence[Mapping[Quantity, Sequence[FloatArray]]]) -> FloatArray:
    """Return all quantities (q, r) of all groups."""
    return np.array([np.concatenate(of) for of_group in parts for of in of_group.values()])


def _replicate(
    fit: GroupFit,
    index: Index,
    model: DecompositionModel,
    plan: ResamplingPlan,
    draws: BatchDraws,
    n_threads: int,
) -> Quantities:
    rows = fit.replicate_arrays
    if rows is None or fit.covariates is None or fit.start is None:
        return {}
    numbers = replicate_group(rows, plan.draws, draws, fit.start, model, n_threads)
    return quantities_of(
        numbers, fit.covariates, index, rows.centre, fit.sample.largest, predicts_need=model.predicts_need
    )
