"""The linearised spread inside replicates that draw units of several rows, or inside strata: a second sweep.

With r the mid-rank in units of weight, g the outcome below plus half inside (see `replicates`), a unit's total
of the index's influence is (2/W) H - A + const B, where A and B are its sums of w y and w, which no replicate
changes, and H = sum w (y r - g), which is what the sweep is for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.tiles import Batch
from engine.kernels.index.midrank_sweep import Rows
from engine.kernels.jit import kernel, parallel_kernel, prange

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


@kernel
def _gather(
    low: int, high: int, weight: FloatArray, unit: UnitArray, table: NDArray[Any], sums: FloatArray
) -> None:
    for i in range(low, high):
        u, w = unit[i], weight[i]
        for lane in range(sums.shape[0]):
            sums[lane] += w * table[u, lane]


@kernel
def _scatter(
    low: int, high: int, weight: FloatArray, unit: UnitArray, coefficient: FloatArray, H: FloatArray
) -> None:
    for i in range(low, high):
        u, w = unit[i], weight[i]
        for lane in range(coefficient.shape[0]):
            H[u, lane] += w * coefficient[lane]


@kernel
def _sweep_group(
    rows: Rows,
    k: int,
    first_tie: int,
    last_tie: int,
    unit: UnitArray,
    table: NDArray[Any],
    H: FloatArray,
    A: FloatArray,
    B: FloatArray,
) -> None:
    """Fill H (u, lanes), A and B (u,) from the tie groups of one group."""
    lanes, p = H.shape[1], rows.pattern[k]
    before, below, inside, amount = np.zeros(lanes), np.zeros(lanes), np.empty(lanes), np.empty(lanes)
    sums, coefficient = np.empty(lanes), np.empty(lanes)
    for t in range(first_tie, last_tie):
        inside[:] = 0.0
        amount[:] = 0.0
        first_cell = rows.tie_end[t - 1] if t > 0 else 0
        for c in range(first_cell, rows.tie_end[t]):
            if rows.present[p, c]:
                sums[:] = 0.0
                _gather(
                    rows.cell_end[c - 1] if c > 0 else 0, rows.cell_end[c], rows.weight, unit, table, sums
                )
                for lane in range(lanes):
                    inside[lane] += sums[lane]
                    amount[lane] += rows.outcome[k, c] * sums[lane]
        for c in range(first_cell, rows.tie_end[t]):
            if rows.present[p, c]:
                y, low, high = rows.outcome[k, c], rows.cell_end[c - 1] if c > 0 else 0, rows.cell_end[c]
                for lane in range(lanes):
                    r, g = before[lane] + 0.5 * inside[lane], below[lane] + 0.5 * amount[lane]
                    coefficient[lane] = y * r - g
                _scatter(low, high, rows.weight, unit, coefficient, H)
                for i in range(low, high):
                    A[unit[i]] += rows.weight[i] * y
                    B[unit[i]] += rows.weight[i]
        for lane in range(lanes):
            before[lane] += inside[lane]
            below[lane] += amount[lane]


@kernel
def _stratum_spread(
    low: int,
    high: int,
    moments: FloatArray,
    table: NDArray[Any],
    H: FloatArray,
    A: FloatArray,
    B: FloatArray,
    sums: FloatArray,
    out: FloatArray,
) -> None:
    """Add one stratum's n/(n - 1) sum m (t - tbar)(t - tbar)' to out (lanes, 3); moments (lanes, 4)."""
    sums[:, :] = 0.0
    for u in range(low, high):
        for lane in range(sums.shape[1]):
            m, W = table[u, lane], moments[lane, 0]
            shift = moments[lane, 1] / W
            const = shift - 2.0 * (2.0 * moments[lane, 2] / (W * W) - shift)
            N = (2.0 * H[u, lane] / W - A[u] + const * B[u]) / W
            mu = (A[u] - shift * B[u]) / W
            sums[0, lane] += m
            sums[1, lane] += m * N
            sums[2, lane] += m * mu
            sums[3, lane] += m * N * N
            sums[4, lane] += m * N * mu
            sums[5, lane] += m * mu * mu
    for lane in range(sums.shape[1]):
        size = sums[0, lane]
        if size > 1.0:
            factor, N, mu = size / (size - 1.0), sums[1, lane], sums[2, lane]
            out[lane, 0] += factor * (sums[3, lane] - N * N / size)
            out[lane, 1] += factor * (sums[4, lane] - N * mu / size)
            out[lane, 2] += factor * (sums[5, lane] - mu * mu / size)


@parallel_kernel
def unit_spread(batch: Batch, rows: Rows, moments: FloatArray, stratum_end: IntArray) -> FloatArray:
    """Return the variances of index and mean and their covariance in each replicate: (r, g, k, 3).

    `moments` is what `replicate_moments` gave for the same batch, which must hold a table of units; stratum_end
    (h,) is where each stratum's units end. A unit counts as often as it was drawn.
    """
    n_blocks, n_units, lanes = batch.table.shape
    G, K = rows.group_end.shape[0], rows.outcome.shape[0]
    out = np.zeros((n_blocks * lanes, G, K, 3))
    for i in prange(n_blocks):
        b = int(i)  # prange counts in unsigned numbers, for which every callee would be compiled again
        H, A, B, sums = np.empty((n_units, lanes)), np.empty(n_units), np.empty(n_units), np.empty((6, lanes))
        for k in range(K):
            for group in range(G):
                H[:, :] = 0.0
                A[:] = 0.0
                B[:] = 0.0
                first_tie = rows.group_end[group - 1] if group > 0 else 0
                _sweep_group(rows, k, first_tie, rows.group_end[group], batch.unit, batch.table[b], H, A, B)
                low = 0
                for h in range(stratum_end.shape[0]):
                    _stratum_spread(
                        low,
                        stratum_end[h],
                        moments[b * lanes : (b + 1) * lanes, group, k],
                        batch.table[b],
                        H,
                        A,
                        B,
                        sums,
                        out[b * lanes : (b + 1) * lanes, group, k],
                    )
                    low = stratum_end[h]
    return out
