"""One sweep over the sorted rows: mean, rank sums and linearised spread of every outcome in every replicate.

The sample was sorted once (by group, then rank), so that a replicate is a vector of multipliers and its ranks
are one running sum. Rows alike in group, rank and outcomes stand together in cells: inside a cell only the
weights are added up, and outcomes enter at its end, so that further outcomes cost next to nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.tiles import BatchDraws, fill_tile, new_tile
from engine.kernels.index.midrank_sums import close_up, new_midrank_sums, new_moments
from engine.kernels.index.ranked_rows import RankedRows, first_group
from engine.kernels.jit import kernel
from engine.kernels.sweep import add_rows, add_rows_and_squares, run_end, sweep_blocks

FloatArray = NDArray[np.float64]


@kernel
def sweep_midranks(
    draws: BatchDraws, b: int, rows: RankedRows, errors: bool, moments: FloatArray, spread: FloatArray
) -> None:
    """Write the sums of block b to moments (lanes, g, k, 4) and spread (lanes, g, k, 3 or 0)."""
    n, sums = rows.weight.shape[0], new_midrank_sums(rows, moments.shape[0])
    tile, words = new_tile(draws)
    tie, group = 0, first_group(rows)
    cell, low = 0, 0
    while low < rows.cell_end[-1]:
        high = run_end(rows.cell_end, cell, low)
        at = low % TILE
        if at == 0:
            fill_tile(draws, b, low, words, tile[: min(TILE, n - low)])
        weight, multipliers = rows.weight[low:high], tile[at : at + high - low]
        if errors:
            add_rows_and_squares(weight, multipliers, sums.tie.cell_weight, sums.tie.cell_square)
        else:
            add_rows(weight, multipliers, sums.tie.cell_weight)
        if high == rows.cell_end[cell]:
            tie, group = close_up(rows, sums, errors, cell, tie, group, moments, spread)
        cell += high == rows.cell_end[cell]
        low = high


def replicate_moments(draws: BatchDraws, rows: RankedRows, errors: bool) -> tuple[FloatArray, FloatArray]:
    """Return the sums of each replicate by group and outcome.

    moments (r, g, k, 4): W, T = sum w y, S = sum w y R with R in units of weight, and the tie groups drawn;
    the generalized index is 2 S / W^2 - T / W. spread (r, g, k, 3) with `errors`: the sums of the squared
    weighted influence values of index and mean and of their product, for units that are rows; else (r, g, k,
    0).
    """
    moments, spread = new_moments(draws, rows, errors)

    def sweep(b: int, *block: FloatArray) -> None:
        sweep_midranks(draws, b, rows, errors, *block)

    sweep_blocks(draws, sweep, moments, spread)
    return moments, spread
