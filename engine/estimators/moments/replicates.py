"""Quantities in every replicate of a resampling plan; all quantities of all outcomes share one draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.replicates.batches import BlockCost, batches
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.replicates.settings import ReplicateSettings
from engine.estimators.sample.group_sample import GroupSample
from engine.kernels.draws.streams import LANES
from engine.kernels.jit import in_threads
from engine.kernels.jit import threads as kernel_threads

MOST_CELLS = 2**20  # of all replicates that are computed side by side: their tables then fit the caches


class CellRows(Protocol):
    """Complete rows of an outcome in a group, put into cells."""

    @property
    def rows(self) -> GroupSample:
        """The rows."""

    @property
    def n_cells(self) -> int:
        """How many cells there are."""


S = TypeVar("S", bound=CellRows)
OfGroup = Callable[[S, FloatArray, NDArray[Any]], FloatArray]
"""(rows of a group, their weights (n,), multipliers (n, lanes)) -> quantities (q, lanes)."""


def replicate_quantities(
    arrays: SampleArrays,
    samples: Sequence[Sequence[S]],
    of_group: OfGroup[S],
    n_quantities: int,
    plan: ResamplingPlan,
    settings: ReplicateSettings,
) -> FloatArray:
    """Return q quantities of each outcome in each group and replicate: (k, q, g, r), NaN if undefined.

    An interrupt may leave fewer replicates, see `batches`.
    """
    cost = BlockCost(n_rows=arrays.n, n_bytes=arrays.n * LANES * plan.draws.item_bytes)
    parts: list[FloatArray] = [np.empty((len(samples), n_quantities, len(samples[0]), 0))]
    with kernel_threads(settings.threads) as n_threads:
        for batch in batches(plan, settings, cost, n_threads, lambda: _joined(parts)):
            drawn = plan.draws.multipliers(arrays.n, batch.first_block, batch.n_blocks)

            def of_block(b: int, drawn: NDArray[Any] = drawn) -> FloatArray:
                of_outcomes = [
                    [_in_lanes(sample, drawn[b], of_group, n_quantities, plan) for sample in by_group]
                    for by_group in samples
                ]
                return np.stack([np.stack(by_group, axis=1) for by_group in of_outcomes])

            blocks = np.concatenate(in_threads(of_block, batch.n_blocks), axis=-1)
            parts.append(blocks[..., : batch.n_replicates])
    return np.concatenate(parts, axis=-1)


def _joined(parts: Sequence[FloatArray]) -> FloatArray:
    """Return all quantities (q, r) of all outcomes and groups."""
    joined = np.concatenate(parts, axis=-1)
    return joined.reshape(-1, joined.shape[-1])


def _in_lanes(
    sample: S, multipliers: NDArray[Any], of_group: OfGroup[S], n_quantities: int, plan: ResamplingPlan
) -> FloatArray:
    """Return the quantities of a group in the replicates of a block: (q, lanes)."""
    rows = sample.rows
    weight = np.ascontiguousarray(plan.weight(rows.weight, plan.unit[rows.place]))
    values = np.full((n_quantities, multipliers.shape[1]), np.nan)
    if not rows.n_people:
        return values
    for lanes in _lane_slices(multipliers.shape[1], sample.n_cells):
        values[:, lanes] = of_group(sample, weight, np.ascontiguousarray(multipliers[rows.place, lanes]))
    return np.where(np.isfinite(values), values, np.nan)


def _lane_slices(n_lanes: int, n_cells: int) -> Iterator[slice]:
    """Yield slices of the lanes whose tables fit MOST_CELLS."""
    step = max(MOST_CELLS // n_cells, 1)
    for first in range(0, n_lanes, step):
        yield slice(first, min(first + step, n_lanes))
