"""A second sweep over the sorted rows: extended and symmetric numerators, which need the total weight."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.tiles import BatchDraws, fill_tile, new_tile
from engine.kernels.index.indices import EXTENDED_FAMILY
from engine.kernels.index.numerators import shape
from engine.kernels.index.ranked_rows import RankedRows, first_group, next_tie_and_group
from engine.kernels.index.tie_sums import TieSums, close_cell, new_tie_sums
from engine.kernels.jit import kernel
from engine.kernels.sweep import add_rows, run_end, sweep_blocks

FloatArray = NDArray[np.float64]


class ShapedSums(NamedTuple):
    """Sums over the tie groups that are complete in the current group, in lanes; see `numerators`.

    tie
        Sums inside the current tie group.
    weight, shape (p, lanes)
        Weight W p_t up to the last tie group, and phi(p_t).
    bracket (p, lanes)
        Scratch: what a unit of outcome in the tie group adds to the numerator.
    numerator (k, lanes)
        The numerator so far.
    """

    tie: TieSums
    weight: FloatArray
    shape: FloatArray
    bracket: FloatArray
    numerator: FloatArray


@kernel
def _new_sums(rows: RankedRows, lanes: int) -> ShapedSums:
    P, K = rows.present.shape[0], rows.outcome.shape[0]
    return ShapedSums(
        new_tie_sums(rows, lanes),
        np.zeros((P, lanes)),
        np.empty((P, lanes)),
        np.zeros((P, lanes)),
        np.zeros((K, lanes)),
    )


@kernel
def _close_tie(
    rows: RankedRows, sums: ShapedSums, family: int, parameter: float, moments: FloatArray
) -> None:
    """Add the mean of a tie group times its bracket; moments (lanes, k, 4) hold the group's weight."""
    tie, lanes = sums.tie, sums.weight.shape[1]
    for p in range(rows.present.shape[0]):
        for lane in range(lanes):
            inside = tie.weight[p, lane]
            if inside > 0.0:
                k = rows.first_outcome[p]
                W = moments[lane, k, 0]
                sums.weight[p, lane] += inside
                current = shape(family, sums.weight[p, lane] / W, parameter)
                bracket = current - sums.shape[p, lane]
                if family == EXTENDED_FAMILY:
                    bracket += inside / W
                sums.shape[p, lane] = current
                sums.bracket[p, lane] = bracket / inside
    for k in range(rows.outcome.shape[0]):
        p = rows.pattern[k]
        for lane in range(lanes):
            if tie.weight[p, lane] > 0.0:
                sums.numerator[k, lane] += tie.amount[k, lane] * sums.bracket[p, lane]
            tie.amount[k, lane] = 0.0
    tie.weight[:, :] = 0.0


@kernel
def _close_group(sums: ShapedSums, none: float, moments: FloatArray, numerators: FloatArray) -> None:
    """Write the numerators (lanes, k) of a group, and start the next; `none` is phi(0)."""
    for k in range(numerators.shape[1]):
        for lane in range(numerators.shape[0]):
            numerators[lane, k] = sums.numerator[k, lane] if moments[lane, k, 0] > 0.0 else np.nan
            sums.numerator[k, lane] = 0.0
    sums.weight[:, :] = 0.0
    sums.shape[:, :] = none


@kernel
def _sweep_shaped(
    draws: BatchDraws,
    b: int,
    rows: RankedRows,
    family: int,
    parameter: float,
    moments: FloatArray,
    numerators: FloatArray,
) -> None:
    """Write the numerators (lanes, g, k) of block b; moments (lanes, g, k, 4): see `midrank_sweep`."""
    n, sums = rows.weight.shape[0], _new_sums(rows, moments.shape[0])
    none = shape(family, 0.0, parameter)
    sums.shape[:, :] = none
    tile, words = new_tile(draws)
    tie, group = 0, first_group(rows)
    cell, low = 0, 0
    while low < rows.cell_end[-1]:
        high = run_end(rows.cell_end, cell, low)
        at = low % TILE
        if at == 0:
            fill_tile(draws, b, low, words, tile[: min(TILE, n - low)])
        add_rows(rows.weight[low:high], tile[at : at + high - low], sums.tie.cell_weight)
        if high == rows.cell_end[cell]:
            close_cell(rows, sums.tie, cell, False)
            next_tie, next_group = next_tie_and_group(rows, cell, tie, group)
            if next_tie > tie:
                _close_tie(rows, sums, family, parameter, moments[:, group])
            for ended in range(group, next_group):
                _close_group(sums, none, moments[:, ended], numerators[:, ended])
            tie, group = next_tie, next_group
        cell += high == rows.cell_end[cell]
        low = high


def replicate_shaped(
    draws: BatchDraws, rows: RankedRows, moments: FloatArray, family: int, parameter: float
) -> FloatArray:
    """Return the extended or symmetric numerator of each replicate, group and outcome: (r, g, k).

    `moments` (r, g, k, 4) is the result of `replicate_moments` for the same batch; rows are drawn again.
    """
    numerators = np.full(moments.shape[:3], np.nan)

    def sweep(b: int, *block: FloatArray) -> None:
        _sweep_shaped(draws, b, rows, family, parameter, *block)

    sweep_blocks(draws, sweep, moments, numerators)
    return numerators
