"""How the replicates of an analysis are computed: their seed, which share of them, on how many threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.kernels.draws.streams import LANES

Progress = Callable[[int], None]
"""Takes how many more replicates are done; raises `Enough` to stop there and keep them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Share `number` (1 to `of`) of the replicates of a run.

    A share is made of whole blocks, so that each block is drawn as in a run of all replicates.

    Examples
    --------
    >>> [Share(number=k, of=3).blocks(200) for k in (1, 2, 3)]
    [range(0, 2), range(2, 4), range(4, 7)]
    """

    number: int = 1
    of: int = 1

    def blocks(self, n_replicates: int) -> range:
        """Return the numbers of the blocks of this share."""
        n_blocks = -(-n_replicates // LANES)
        return range(n_blocks * (self.number - 1) // self.of, n_blocks * self.number // self.of)

    def n_replicates(self, n_replicates: int) -> int:
        """Return how many of a run's replicates belong to this share."""
        blocks = self.blocks(n_replicates)
        return max(min(blocks.stop * LANES, n_replicates) - blocks.start * LANES, 0)


WHOLE = Share()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateSettings:
    """How replicates are computed; only the seed changes their values.

    Attributes
    ----------
    seed
        Seed of the streams.
    threads
        How many threads; None takes all usable cores.
    progress
        Called after each batch.
    share
        Which of the replicates to compute; `join_shares` joins the results of all shares.
    """

    seed: int
    threads: int | None = None
    progress: Progress | None = None
    share: Share = WHOLE

    def whole(self) -> ReplicateSettings:
        """Return the same for replicates that are not shared out: those of given weights."""
        return replace(self, share=WHOLE)
