"""Runs a resampling plan in batches of blocks and keeps each replicate's estimates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.errors import Enough
from engine.estimators.index.indices import Index
from engine.estimators.index.layout import Layout
from engine.estimators.replicates.pending import WHOLE, Share
from engine.estimators.replicates.plan import ResamplingPlan
from engine.estimators.sample.pieces import Piece
from engine.kernels.draws.streams import LANES
from engine.kernels.index.exact_sweep import exact_moments
from engine.kernels.index.extended_std_errors import replicate_std_errors
from engine.kernels.index.extended_sweep import replicate_shaped
from engine.kernels.index.indices import MIDRANK_FAMILY
from engine.kernels.index.midrank_sweep import replicate_moments
from engine.kernels.index.numerators import RankedSample
from engine.kernels.index.unit_std_errors import unit_spread

Progress = Callable[[int], None]

FEWEST_KEPT = 100  # of interrupted replicates
BATCH_BYTES = 96 * 2**20  # multipliers held at a time; the rows x replicates matrix never is
NEARLY = 1e-12  # of the largest outcome: far above rounding, far below one event among any number of people
BATCH_WORK = 1e9  # rows x replicates between two signs of life: some tenths of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One number to replicate: an index of outcome k in group g."""

    index: Index
    outcome: int
    group: int


def batch_blocks(layout: Layout, n_threads: int, *, whole: bool = False) -> int:
    """Return how many blocks to draw at a time: about BATCH_BYTES and BATCH_WORK, and one for each thread at least.

    `whole` says that the multipliers of all rows are held, not those of a tile.
    """
    rows_bytes = layout.n_rows * LANES * layout.draws.item_bytes if whole else 0
    by_memory = BATCH_BYTES // max(layout.draws.block_bytes(), rows_bytes, 1)
    fitting = min(by_memory, int(BATCH_WORK / (layout.n_rows * LANES + 1)))
    return int(np.clip(fitting // n_threads * n_threads, n_threads, 64 * n_threads))


def replicate(
    arrays: SampleArrays,
    pieces: Sequence[Sequence[Piece]],
    targets: Sequence[Target],
    plan: ResamplingPlan,
    layout: Layout,
    *,
    std_errors: bool,
    n_threads: int,
    progress: Progress | None = None,
    share: Share = WHOLE,
) -> tuple[FloatArray, FloatArray | None]:
    """Return every target in every replicate of a share (q, b), and its linearised standard error there if asked.

    An interrupt is taken between batches, a fraction of a second apart.
    """
    blocks = share.blocks(plan.n_replicates)
    start = blocks.start * LANES
    values = np.empty((len(targets), max(min(blocks.stop * LANES, plan.n_replicates) - start, 0)))
    errors = np.empty_like(values) if std_errors else None
    step = batch_blocks(
        layout,
        n_threads,
        whole=std_errors and any(not target.index.is_midrank for target in targets),
    )
    for first in range(blocks.start, blocks.stop, step):
        count = min(step, blocks.stop - first)
        low, high = first * LANES - start, min((first + count) * LANES, plan.n_replicates) - start
        numbers = _batch_numbers(first, count, layout, targets, plan, std_errors=std_errors)
        for q, target in enumerate(targets):
            values[q, low:high] = numbers[q][0][: high - low]
            if errors is not None:
                found = numbers[q][1]
                if found is None:
                    piece = pieces[target.outcome][target.group]
                    found = _batch_errors(arrays, target, piece, plan, first, count)
                errors[q, low:high] = found[: high - low]
        if not tell(progress, high - low, plan, high):
            return values[:, :high], None if errors is None else errors[:, :high]
    return values, errors


def tell(progress: Progress | None, more: int, plan: ResamplingPlan, done: int) -> bool:
    """Tell of more replicates; returns whether to go on, which an interrupted user may not want.

    Draws can be cut short and mean the same; deletions and given weights cannot.
    """
    if progress is None:
        return True
    try:
        progress(more)
    except Enough:
        if plan.is_bootstrap and not plan.replaces_weight and done >= FEWEST_KEPT:
            return False
        raise KeyboardInterrupt from None
    return True


def _batch_numbers(
    first: int,
    count: int,
    layout: Layout,
    targets: Sequence[Target],
    plan: ResamplingPlan,
    *,
    std_errors: bool,
) -> list[tuple[FloatArray, FloatArray | None]]:
    """Return (values, standard errors) of each target in the replicates of some blocks."""
    # Where units are rows of one stratum, the sweep itself gives the errors of every mid-rank index.
    in_sweep = std_errors and plan.draws_rows
    few = len(layout.cell_of_row) > 0
    batch = layout.draws.batch(layout.n_rows, first, count, completed=not few)
    if few:
        moments, spread = exact_moments(batch, layout.rows, layout.cell_of_row, in_sweep)
    else:
        moments, spread = replicate_moments(batch, layout.rows, in_sweep)
    if plan.draws_rows:
        spread *= layout.n_drawn / (layout.n_drawn - 1.0)
    elif std_errors:
        spread = unit_spread(batch, layout.rows, moments, plan.stratum_end)
    W, T, S, drawn = np.moveaxis(moments, -1, 0)
    numerators: dict[tuple[int, float], FloatArray] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        mu = layout.means.T + T / W
        numerators[MIDRANK_FAMILY, 0.0] = 2.0 * S / (W * W) - T / W
    numbers: list[tuple[FloatArray, FloatArray | None]] = []
    for target in targets:
        index = target.index
        key = (index.family, 0.0 if index.is_midrank else index.parameter)
        if key not in numerators:
            if few:
                batch, few = layout.draws.batch(layout.n_rows, first, count), False
            numerators[key] = replicate_shaped(batch, layout.rows, moments, *key)
        here = (slice(None), target.group, target.outcome)
        near = NEARLY * layout.largest[target.outcome, target.group]
        N, mean = np.ascontiguousarray(numerators[key][here]), _snapped(mu[here], index, near)
        value = index.values(N, mean)
        # As for the sample itself: one drawn rank has no order, and a mean of 0 no relative index.
        value = np.where(np.isfinite(value) & (drawn[here] > 1), value, np.nan)
        error = None
        if std_errors and index.is_midrank:
            by_N, by_mu = index.gradients(N, mean)
            NN, N_mu, mu_mu = np.moveaxis(spread[here], -1, 0)
            with np.errstate(invalid="ignore"):
                error = np.sqrt(by_N * by_N * NN + 2.0 * by_N * by_mu * N_mu + by_mu * by_mu * mu_mu)
        numbers.append((value, error))
    return numbers


def _snapped(mu: FloatArray, index: Index, near: float) -> FloatArray:
    """Put means on 0 or a bound where they differ from it by rounding, so that what is undefined becomes NaN."""
    snapped = np.ascontiguousarray(mu)
    for level in (0.0, *index.bounds):
        if np.isfinite(level):
            snapped = np.where(abs(snapped - level) <= near, level, snapped)
    return snapped


def _batch_errors(
    arrays: SampleArrays, target: Target, piece: Piece, plan: ResamplingPlan, first: int, count: int
) -> FloatArray:
    """Return the standard errors of an extended or symmetric index inside replicates."""
    start, end = int(arrays.group_start[target.group]), int(arrays.group_start[target.group + 1])
    present = ~np.isnan(arrays.outcomes[target.outcome, start:end])
    unit = np.ascontiguousarray(plan.unit[start:end][present])
    return replicate_std_errors(
        plan.draws.unit_multipliers(first, count),
        unit,
        RankedSample(piece.weight * plan.unit_scale[unit], piece.outcome, piece.ends),
        plan.stratum_end,
        target.index.formula,
    )
