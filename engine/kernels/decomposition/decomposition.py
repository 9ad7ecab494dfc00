"""The whole decomposition of an index in every replicate: ranks, means, model and effects anew.

A replicate costs two sweeps over the rows: by rank, for the rank sums of outcome and terms, and by covariate
pattern, for what the model needs. The rest works on patterns, with replicates side by side in lanes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.decomposition.effects import column_effects
from engine.kernels.decomposition.lane_models import LaneModels, fit_lanes
from engine.kernels.decomposition.need import need_predicted
from engine.kernels.decomposition.pattern_sums import column_means, sweep_patterns
from engine.kernels.decomposition.rank_sums import RankSums, column_rank_sums, sweep_ranks
from engine.kernels.decomposition.rows import DecompositionRows
from engine.kernels.draws.tiles import BatchDraws
from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class DecompositionSums(NamedTuple):
    """What the two sweeps leave of the replicates of a block, in lanes.

    ranks
        Sums by rank.
    n, s (p, lanes)
        Sums of w m and w m y in each pattern, m the multiplier.
    """

    ranks: RankSums
    n: FloatArray
    s: FloatArray


class DecompositionNumbers(NamedTuple):
    """What a decomposition is made of, by replicate.

    total (r, 3), drawn (r,)
        W, T = sum w y and S = sum w (y - centre) R with R in units of weight; tie groups with a drawn row.
    mean, ranked, beta, effect (r, q)
        Mean and GC of each column, its coefficient and effect.
    need (r, 2)
        Mean and GC of the outcome that need predicts; 0 where that is not requested.
    status (r,)
        Status of the fit, see `regression.glm`.
    """

    total: FloatArray
    drawn: IntArray
    mean: FloatArray
    ranked: FloatArray
    beta: FloatArray
    effect: FloatArray
    need: FloatArray
    status: IntArray


@kernel
def block_sums(
    by_rank: BatchDraws, by_pattern: BatchDraws, b: int, rows: DecompositionRows, n: FloatArray, s: FloatArray
) -> DecompositionSums:
    """Sweep the rows twice for the replicates of block b; a batch has draws for both orders of the rows.

    n and s (p, lanes) are overwritten and become part of the result.
    """
    ranks = sweep_ranks(by_rank, b, rows.by_rank)
    sweep_patterns(by_pattern, b, rows.by_pattern, n, s)
    return DecompositionSums(ranks, n, s)


@kernel
def _totals(W: FloatArray, s: FloatArray, outcome_ranked: FloatArray) -> FloatArray:
    """Return W, T and S (3, lanes)."""
    total = np.zeros((3, W.shape[0]))
    for p in range(s.shape[0]):
        for lane in range(W.shape[0]):
            total[1, lane] += s[p, lane]
    total[0] = W
    total[2] = outcome_ranked
    return total


@kernel
def block_numbers(
    rows: DecompositionRows, sums: DecompositionSums, link: int, effect: int, start: FloatArray
) -> DecompositionNumbers:
    """Fit the model in every replicate of a block and take the numbers of the decomposition from it.

    start (q,) holds the coefficients of the full sample; NaN fits from scratch, see `fit_lanes`.
    """
    W, n, s, q = sums.ranks.W, sums.n, sums.s, start.shape[0]
    tables, need = rows.by_rank.tables, rows.need
    mean = column_means(rows.patterns, n, W, q)
    beta, status = fit_lanes(link, rows.patterns, n, s, start)
    models = LaneModels(link, rows.patterns, n, W, mean, beta)
    effects = column_effects(models, effect, rows.factor)
    predicted = need_predicted(models, need, sums.ranks.tables[: tables.offset[1]])
    ranked = column_rank_sums(tables, sums.ranks, q)
    total = _totals(W, s, ranked[q])
    for column in range(q):
        for lane in range(W.shape[0]):
            ranked[column, lane] = 2.0 * ranked[column, lane] / (W[lane] * W[lane]) - mean[column, lane]
    return DecompositionNumbers(
        total.T, sums.ranks.drawn, mean.T, ranked[:q].T, beta.T, effects.T, predicted.T, status
    )
