"""Measures of disparity in every replicate of a resampling plan; all measures share one draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.disparity.cells import CellSample
from engine.estimators.disparity.table_maker import TableMaker
from engine.estimators.replicates.batches import BlockCost, batches
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.replicates.settings import ReplicateSettings
from engine.kernels.draws.streams import LANES
from engine.kernels.jit import in_threads
from engine.kernels.jit import threads as kernel_threads
from engine.kernels.survey.cell_totals import cell_totals

MOST_CELLS = 2**20  # of all replicates that are computed side by side: their tables then fit the caches


def replicate_measures(
    arrays: SampleArrays,
    samples: Sequence[Sequence[CellSample]],
    tables: TableMaker,
    plan: ResamplingPlan,
    settings: ReplicateSettings,
) -> FloatArray:
    """Return all measures of each outcome in each group and replicate: (k, measure, g, r), NaN if undefined.

    An interrupt may leave fewer replicates, see `batches`.
    """
    cost = BlockCost(n_rows=arrays.n, n_bytes=arrays.n * LANES * plan.draws.item_bytes)
    parts: list[FloatArray] = [np.empty((len(samples), len(tables.names), len(samples[0]), 0))]
    with kernel_threads(settings.threads) as n_threads:
        for batch in batches(plan, settings, cost, n_threads):
            drawn = plan.draws.multipliers(arrays.n, batch.first_block, batch.n_blocks)

            def of_block(b: int, drawn: NDArray[Any] = drawn) -> FloatArray:
                return np.stack([_of_outcome(by_group, drawn[b], plan, tables) for by_group in samples])

            blocks = np.concatenate(in_threads(of_block, batch.n_blocks), axis=-1)
            parts.append(blocks[..., : batch.n_replicates])
    return np.concatenate(parts, axis=-1)


def _of_outcome(
    samples: Sequence[CellSample], multipliers: NDArray[Any], plan: ResamplingPlan, tables: TableMaker
) -> FloatArray:
    """Return all measures of an outcome in the replicates of a block: (measure, g, lanes)."""
    return np.stack([_of_group(sample, multipliers, plan, tables) for sample in samples], axis=1)


def _of_group(
    sample: CellSample, multipliers: NDArray[Any], plan: ResamplingPlan, tables: TableMaker
) -> FloatArray:
    """Return all measures of a group in the replicates of a block: (measure, lanes)."""
    weight = np.ascontiguousarray(plan.weight(sample.rows.weight, plan.unit[sample.place]))
    values = np.full((len(tables.names), multipliers.shape[1]), np.nan)
    if not sample.rows.n_rows:
        return values
    for lanes in _lane_slices(multipliers.shape[1], sample.n_cells):
        some = np.ascontiguousarray(multipliers[sample.place, lanes])
        totals = np.empty((some.shape[1], sample.n_cells))
        amounts = np.empty_like(totals)
        cell_totals(some, weight, sample.rows.outcome, sample.cell, totals, amounts)
        table = tables.table(totals, amounts)
        for number, name in enumerate(tables.names):
            values[number, lanes] = tables.measure(name, table).value
    return np.where(np.isfinite(values), values, np.nan)


def _lane_slices(n_lanes: int, n_cells: int) -> Iterator[slice]:
    """Yield slices of the lanes whose tables fit MOST_CELLS."""
    step = max(MOST_CELLS // n_cells, 1)
    for first in range(0, n_lanes, step):
        yield slice(first, min(first + step, n_lanes))
