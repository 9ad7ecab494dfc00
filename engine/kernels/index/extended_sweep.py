"""A second sweep over the sorted rows: the extended and symmetric numerators, which need the total weight first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.tiles import Batch, fill_tile
from engine.kernels.index.indices import EXTENDED_FAMILY
from engine.kernels.index.midrank_sweep import Rows, Sums, add_rows, close_cell, first_group, new_sums
from engine.kernels.index.numerators import shape
from engine.kernels.jit import in_threads, kernel

FloatArray = NDArray[np.float64]


@kernel
def _close_tie(
    rows: Rows,
    sums: Sums,
    family: int,
    parameter: float,
    moments: FloatArray,
    previous: FloatArray,
    N: FloatArray,
) -> None:
    """Add a tie group's mean times its bracket; previous (p, lanes) is the shape at the group below, N (k, lanes)."""
    for p in range(rows.present.shape[0]):
        for lane in range(N.shape[1]):
            inside = sums.inside[p, lane]
            if inside > 0.0:
                k = rows.first_outcome[p]
                W = moments[lane, k, 0]
                sums.before[p, lane] += inside
                current = shape(family, sums.before[p, lane] / W, parameter)
                bracket = current - previous[p, lane]
                if family == EXTENDED_FAMILY:
                    bracket += inside / W
                previous[p, lane] = current
                sums.drawn[p, lane] = bracket / inside
    for k in range(N.shape[0]):
        p = rows.pattern[k]
        for lane in range(N.shape[1]):
            if sums.inside[p, lane] > 0.0:
                N[k, lane] += sums.amount[k, lane] * sums.drawn[p, lane]
            sums.amount[k, lane] = 0.0
    sums.inside[:, :] = 0.0


@kernel
def _sweep(
    batch: Batch, b: int, rows: Rows, moments: FloatArray, family: int, parameter: float, out: FloatArray
) -> None:
    lanes, P, K = moments.shape[0], rows.present.shape[0], rows.outcome.shape[0]
    sums = new_sums(lanes, P, K)
    previous, N = np.empty((P, lanes)), np.zeros((K, lanes))
    previous[:, :] = shape(family, 0.0, parameter)
    tile, words = np.empty((TILE, lanes), batch.table.dtype), np.empty(TILE * lanes // 4, np.uint64)
    n, cell, tie, group = rows.weight.shape[0], 0, 0, first_group(rows)
    for number in range(-(-n // TILE)):
        first = number * TILE
        stop = min(first + TILE, n)
        fill_tile(batch, b, number, first, words, tile[: stop - first])
        i = first
        while i < stop and group < rows.group_end.shape[0]:
            j = min(rows.cell_end[cell], stop)
            add_rows(rows.weight[i:j], tile[i - first : j - first], sums.first)
            i = j
            if j == rows.cell_end[cell]:
                close_cell(rows, sums, cell, False)
                cell += 1
                if cell == rows.tie_end[tie]:
                    _close_tie(rows, sums, family, parameter, moments[:, group], previous, N)
                    tie += 1
                    while group < rows.group_end.shape[0] and tie == rows.group_end[group]:
                        for k in range(K):
                            for lane in range(lanes):
                                out[lane, group, k] = (
                                    N[k, lane] if moments[lane, group, k, 0] > 0.0 else np.nan
                                )
                                N[k, lane] = 0.0
                        sums.before[:, :] = 0.0
                        previous[:, :] = shape(family, 0.0, parameter)
                        group += 1


def replicate_shaped(
    batch: Batch, rows: Rows, moments: FloatArray, family: int, parameter: float
) -> FloatArray:
    """Return the extended or symmetric numerator of each replicate, group and outcome: (r, g, k).

    `moments` is what `replicate_moments` gave for the same batch; the draws are made again.
    """
    n_blocks, lanes = batch.starts.shape
    out = np.full((n_blocks * lanes, rows.group_end.shape[0], rows.outcome.shape[0]), np.nan)

    def work(b: int) -> None:
        low, high = b * lanes, (b + 1) * lanes
        _sweep(batch, b, rows, moments[low:high], family, parameter, out[low:high])

    in_threads(work, n_blocks)
    return out
