"""Runs a resampling plan in batches of blocks and keeps each replicate's estimates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray, SampleArrays
from engine.estimators.indices import Index
from engine.estimators.point import Piece
from engine.estimators.resampling import ResamplingPlan
from engine.kernels import replicates as kernels
from engine.kernels.indices import MIDRANK_FAMILY
from engine.kernels.ranks import tie_ends
from engine.kernels.streams import LANES

Progress = Callable[[int], None]

BATCH_BYTES = 96 * 2**20  # multipliers held at a time; the rows x replicates matrix never is
NEARLY = 1e-12  # of the largest outcome: far above rounding, far below one event among any number of people
BATCH_WORK = 4e8  # rows x replicates x outcomes between two signs of life: some tenths of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One number to replicate: an index of outcome k in group g."""

    index: Index
    outcome: int
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedRows:
    """The sample as the replicate kernels take it (see `engine.kernels.replicates`).

    `means` and `largest` (k, g): the mean each outcome was centred at, and its largest size, in each group.
    """

    weights: FloatArray
    amounts: FloatArray
    pattern: IntArray
    ends: IntArray
    group_ties: IntArray
    means: FloatArray
    largest: FloatArray


def lay_out_rows(arrays: SampleArrays, pieces: Sequence[Sequence[Piece]], plan: ResamplingPlan) -> SortedRows:
    """Multiply weights into centred outcomes once; outcomes missing on the same rows share their weights."""
    weight = np.ones(arrays.n) if plan.replaces_weight else arrays.weight * plan.unit_scale[plan.unit]
    present = ~np.isnan(arrays.outcomes)
    pattern = _patterns(present)
    means = np.array([[piece.mu for piece in row] for row in pieces])
    sizes = np.diff(arrays.group_start)
    centre = np.repeat(np.nan_to_num(means), sizes, axis=1)
    ends = tie_ends(arrays.rank)
    return SortedRows(
        weights=present[np.unique(pattern, return_index=True)[1]] * weight,
        amounts=np.where(present, (arrays.outcomes - centre) * weight, 0.0),
        pattern=pattern,
        ends=ends,
        group_ties=np.searchsorted(ends, arrays.group_start, side="right").astype(np.int64),
        means=means,
        largest=np.array([[abs(piece.outcome).max(initial=0.0) for piece in row] for row in pieces]),
    )


def _patterns(present: NDArray[np.bool_]) -> IntArray:
    """Number the outcomes (k, n) by the rows they are present on: equal rows, equal numbers."""
    first: list[int] = []
    pattern = np.empty(len(present), np.int64)
    for k, rows in enumerate(present):
        same = [p for p, j in enumerate(first) if np.array_equal(present[j], rows)]
        pattern[k] = same[0] if same else len(first)
        if not same:
            first.append(k)
    return pattern


def batch_blocks(plan: ResamplingPlan, rows: SortedRows, n_threads: int) -> int:
    """Return how many blocks to draw at a time: about BATCH_BYTES and BATCH_WORK, and one for each thread at least."""
    by_memory = BATCH_BYTES // max(plan.n_units * LANES * plan.item_bytes, 1)
    fitting = min(by_memory, int(BATCH_WORK / (rows.amounts.size * LANES + 1)))
    return int(np.clip(fitting // n_threads * n_threads, n_threads, 64 * n_threads))


def replicate(
    arrays: SampleArrays,
    pieces: Sequence[Sequence[Piece]],
    targets: Sequence[Target],
    plan: ResamplingPlan,
    *,
    std_errors: bool,
    n_threads: int,
    progress: Progress | None = None,
) -> tuple[FloatArray, FloatArray | None]:
    """Return every target in every replicate (q, b), and its linearised standard error there if asked.

    An interrupt is taken between batches, a fraction of a second apart.
    """
    rows = lay_out_rows(arrays, pieces, plan)
    values = np.empty((len(targets), plan.n_replicates))
    errors = np.empty_like(values) if std_errors else None
    n_blocks = -(-plan.n_replicates // LANES)
    step = batch_blocks(plan, rows, n_threads)
    for first in range(0, n_blocks, step):
        count = min(step, n_blocks - first)
        multipliers = plan.draw(first, count)
        low, high = first * LANES, min((first + count) * LANES, plan.n_replicates)
        for q, batch in enumerate(_batch_values(multipliers, rows, targets, plan)):
            values[q, low:high] = batch[: high - low]
        if errors is not None:
            for q, target in enumerate(targets):
                piece = pieces[target.outcome][target.group]
                errors[q, low:high] = _batch_errors(multipliers, arrays, target, piece, plan)[: high - low]
        if progress is not None:
            progress(high - low)
    return values, errors


def _batch_values(
    multipliers: FloatArray, rows: SortedRows, targets: Sequence[Target], plan: ResamplingPlan
) -> list[FloatArray]:
    shared = (multipliers, plan.unit, rows.weights, rows.amounts, rows.pattern, rows.ends, rows.group_ties)
    moments = kernels.replicate_moments(*shared)
    W, T, S, drawn = np.moveaxis(moments, -1, 0)
    numerators: dict[tuple[int, float], FloatArray] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        mu = rows.means.T + T / W
        numerators[MIDRANK_FAMILY, 0.0] = 2.0 * S / (W * W) - T / W
    batch = []
    for target in targets:
        index = target.index
        key = (index.family, 0.0 if index.family == MIDRANK_FAMILY else index.parameter)
        if key not in numerators:
            numerators[key] = kernels.replicate_shaped(*shared, moments, *key)
        here = (slice(None), target.group, target.outcome)
        near = NEARLY * rows.largest[target.outcome, target.group]
        value = index.values(np.ascontiguousarray(numerators[key][here]), _snapped(mu[here], index, near))
        # As for the sample itself: one drawn rank has no order, and a mean of 0 no relative index.
        batch.append(np.where(np.isfinite(value) & (drawn[here] > 1), value, np.nan))
    return batch


def _snapped(mu: FloatArray, index: Index, near: float) -> FloatArray:
    """Put means on 0 or a bound where they differ from it by rounding, so that what is undefined becomes NaN."""
    snapped = np.ascontiguousarray(mu)
    for level in (0.0, *index.bounds):
        if np.isfinite(level):
            snapped = np.where(abs(snapped - level) <= near, level, snapped)
    return snapped


def _batch_errors(
    multipliers: FloatArray, arrays: SampleArrays, target: Target, piece: Piece, plan: ResamplingPlan
) -> FloatArray:
    start, end = int(arrays.group_start[target.group]), int(arrays.group_start[target.group + 1])
    present = ~np.isnan(arrays.outcomes[target.outcome, start:end])
    index = target.index
    unit = np.ascontiguousarray(plan.unit[start:end][present])
    return kernels.replicate_std_errors(
        multipliers, unit, piece.weight * plan.unit_scale[unit], piece.outcome, piece.ends,
        plan.stratum_end, index.code, index.bounds, index.parameter, index.family,
    )  # fmt: skip
