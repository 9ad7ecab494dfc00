"""The loop over the replicates of a plan: batches of blocks, as many at a time as memory and work allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.errors import Enough
from engine.estimators.replicates.enough import CHECKS
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.replicates.settings import ReplicateSettings
from engine.kernels.draws.streams import LANES

BATCH_BYTES = 96 * 2**20  # multipliers held at a time; the rows x replicates matrix never is
BATCH_WORK = 1e9  # rows x replicates between two reports of progress: some tenths of a second
MOST_BLOCKS = 64  # of a batch, for each thread
FEWEST_KEPT = 100  # an interrupt before so many replicates keeps none


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCost:
    """What a block costs, which decides how many blocks make a batch.

    Attributes
    ----------
    n_rows
        Rows that get a multiplier.
    n_bytes
        Bytes of the multipliers that are held.
    sweeps
        The work on a row, in sweeps of an index over the sample.
    """

    n_rows: int
    n_bytes: int
    sweeps: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateBatch:
    """Consecutive blocks of replicates that are computed at a time.

    `n_replicates` of them count: the last block of a plan may hold more lanes than there are replicates.
    """

    first_block: int
    n_blocks: int
    n_replicates: int


def batches(
    plan: ResamplingPlan,
    settings: ReplicateSettings,
    cost: BlockCost,
    n_threads: int,
    done: Callable[[], FloatArray],
) -> Iterator[ReplicateBatch]:
    """Yield the batches of a share of a plan's replicates, and report progress after each.

    The values of a replicate do not depend on its batch. If the user interrupts, the loop ends after the
    present batch and keeps the replicates computed so far, provided that there are at least FEWEST_KEPT and
    that they are drawn: deletions and given weights have a meaning only together. With a precision it ends at
    the first of the fixed checks that reaches it; `done` returns the replicates so far, (q, r).

    Raises
    ------
    KeyboardInterrupt
        If the user interrupts and the replicates so far cannot be kept.
    """
    blocks = settings.share.blocks(plan.n_replicates)
    step = _blocks_at_a_time(cost, n_threads)
    n_done = 0
    checks = [] if plan.precision is None else [check // LANES for check in CHECKS]
    first_block = blocks.start
    while first_block < blocks.stop:
        stops = (first_block + step, blocks.stop, *(check for check in checks if check > first_block))
        n_blocks = min(stops) - first_block
        n_replicates = min(n_blocks * LANES, plan.n_replicates - first_block * LANES)
        yield ReplicateBatch(first_block=first_block, n_blocks=n_blocks, n_replicates=n_replicates)
        n_done += n_replicates
        first_block += n_blocks
        if _is_interrupted(settings, n_replicates):
            if plan.is_drawn and n_done >= FEWEST_KEPT:
                return
            raise KeyboardInterrupt
        if plan.precision is not None and first_block in checks and plan.precision.is_reached(done()):
            return


def _is_interrupted(settings: ReplicateSettings, n_replicates: int) -> bool:
    """Tell the progress, and whether the user wants to stop and keep what is done."""
    if settings.progress is None:
        return False
    try:
        settings.progress(n_replicates)
    except Enough:
        return True
    return False


def _blocks_at_a_time(cost: BlockCost, n_threads: int) -> int:
    """Return how many blocks fit BATCH_BYTES and BATCH_WORK: the same number for each thread, 1 or more."""
    by_memory = BATCH_BYTES // max(cost.n_bytes, 1)
    by_work = int(BATCH_WORK / (cost.sweeps * cost.n_rows * LANES + 1))
    fitting = min(by_memory, by_work) // n_threads * n_threads
    return int(np.clip(fitting, n_threads, MOST_BLOCKS // cost.sweeps * n_threads))
