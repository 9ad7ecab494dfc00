"""The sums of one batch of replicates: means, numerators and linearised spread by group and outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.index.indices import Index
from engine.estimators.index.layout import Layout
from engine.estimators.replicates.batches import ReplicateBatch
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.kernels.draws.tiles import BatchDraws
from engine.kernels.index.exact_sweep import exact_moments
from engine.kernels.index.extended_sweep import replicate_shaped
from engine.kernels.index.indices import MIDRANK_FAMILY
from engine.kernels.index.midrank_sweep import replicate_moments
from engine.kernels.index.unit_std_errors import unit_spread

NumeratorKey = tuple[int, float]
"""Family and parameter of a numerator; the mid-rank numerator has no parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSums:
    """The sums of a batch of replicates.

    Attributes
    ----------
    mean
        (r, g, k) weighted means, less the rounded means of the sample.
    n_ranks
        (r, g, k) how many distinct ranks are drawn.
    numerators
        (r, g, k) each.
    spread
        (r, g, k, 3): variances of the mid-rank index and of the mean, with their covariance between, or
        (r, g, k, 0).
    """

    mean: FloatArray
    n_ranks: FloatArray
    numerators: Mapping[NumeratorKey, FloatArray]
    spread: FloatArray


def numerator_key(index: Index) -> NumeratorKey:
    """Return which numerator an index is built on."""
    return index.family, 0.0 if index.is_midrank else index.parameter


def batch_sums(
    batch: ReplicateBatch,
    layout: Layout,
    plan: ResamplingPlan,
    indices: Iterable[Index],
    *,
    std_errors: bool,
) -> BatchSums:
    """Sweep the rows for a batch of replicates."""
    has_few_cells = len(layout.cell_of_row) > 0
    draws = layout.draws.batch(layout.n_rows, batch.first_block, batch.n_blocks, completed=not has_few_cells)
    moments, spread = _moments(draws, layout, plan, std_errors=std_errors)
    W, T, S, n_ranks = np.moveaxis(moments, -1, 0)
    numerators: dict[NumeratorKey, FloatArray] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = layout.rests.T + T / W
        numerators[MIDRANK_FAMILY, 0.0] = 2.0 * S / (W * W) - T / W
    others = {numerator_key(index): None for index in indices if not index.is_midrank}
    if others and has_few_cells:  # the sweep of few cells leaves its draws incomplete
        draws = layout.draws.batch(layout.n_rows, batch.first_block, batch.n_blocks)
    for key in others:
        numerators[key] = replicate_shaped(draws, layout.rows, moments, *key)
    return BatchSums(mean=mean, n_ranks=n_ranks, numerators=numerators, spread=spread)


def _moments(
    draws: BatchDraws, layout: Layout, plan: ResamplingPlan, *, std_errors: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the moments (r, g, k, 4) and spread (r, g, k, 3 or 0) of `replicate_moments`."""
    # Where units are rows of one stratum, the sweep itself gives the errors of every mid-rank index.
    in_sweep = std_errors and plan.draws_rows
    if len(layout.cell_of_row) > 0:
        moments, spread = exact_moments(draws, layout.rows, layout.cell_of_row, in_sweep)
    else:
        moments, spread = replicate_moments(draws, layout.rows, in_sweep)
    if plan.draws_rows:
        spread *= layout.n_drawn / (layout.n_drawn - 1.0)
    elif std_errors:
        spread = unit_spread(draws, layout.rows, moments, plan.stratum_end)
    return moments, spread
