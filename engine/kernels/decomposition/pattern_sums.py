"""The sweep of a decomposition by pattern: what the model needs of the rows, in lanes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.decomposition.rows import RowsByPattern
from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.tiles import BatchDraws, fill_tile, new_tile
from engine.kernels.jit import kernel
from engine.kernels.regression.glm import Patterns
from engine.kernels.sweep import add_rows, run_end

FloatArray = NDArray[np.float64]


@kernel
def sweep_patterns(draws: BatchDraws, b: int, rows: RowsByPattern, n: FloatArray, s: FloatArray) -> None:
    """Fill n and s (p, lanes) with the sums of w m and w m y in block b; m is the multiplier."""
    lanes, n_rows = n.shape[1], rows.weight.shape[0]
    tile, words = new_tile(draws)
    sums = np.zeros(lanes)
    n[:, :] = 0.0
    s[:, :] = 0.0
    cell, low = 0, 0
    while low < rows.cell_end[-1]:
        high = run_end(rows.cell_end, cell, low)
        at = low % TILE
        if at == 0:
            fill_tile(draws, b, low, words, tile[: min(TILE, n_rows - low)])
        add_rows(rows.weight[low:high], tile[at : at + high - low], sums)
        if high == rows.cell_end[cell]:
            p, y = rows.pattern[cell], rows.outcome[cell]
            for lane in range(lanes):
                n[p, lane] += sums[lane]
                s[p, lane] += y * sums[lane]
                sums[lane] = 0.0
        cell += high == rows.cell_end[cell]
        low = high


@kernel
def column_means(patterns: Patterns, n: FloatArray, W: FloatArray, q: int) -> FloatArray:
    """Return the weighted mean of each column (q, lanes); n (p, lanes) are weights, W (lanes,) their sum."""
    lanes = W.shape[0]
    mean = np.zeros((q, lanes))
    for p in range(n.shape[0]):
        for e in range(patterns.indptr[p], patterns.indptr[p + 1]):
            column, value = patterns.column[e], patterns.value[e]
            for lane in range(lanes):
                mean[column, lane] += value * n[p, lane]
    for column in range(q):
        for lane in range(lanes):
            mean[column, lane] /= W[lane]
    return mean
