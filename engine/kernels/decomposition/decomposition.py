"""The whole decomposition of an index in every replicate: ranks, means, model and effects anew.

A replicate costs two sweeps over the rows: by rank, for the rank sums of outcome and terms, and by covariate
pattern, for what the model needs. The rest works on patterns, with replicates side by side in lanes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.decomposition.effects import effects
from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.tiles import Batch, fill_tile
from engine.kernels.index.midrank_sweep import add_rows
from engine.kernels.jit import kernel
from engine.kernels.regression.glm import SINGULAR, Patterns, fit
from engine.kernels.regression.refit import means_and_slopes, refit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]
Table = NDArray[Any]


class Sample(NamedTuple):
    """Complete rows, by rank and by pattern.

    weight (n,), tie_end (t,), widest
        Sorted by rank; rows of the largest tie group.
    code (blocks, n), offset (blocks + 1,)
        Which row of a block's table a row of the sample adds its rank to: tables stand for the joint values of
        some covariates, the first for those of need where its predictions are asked for.
    t_indptr, t_column, t_value
        What the tables' rows add to the rank sums of columns: sparse; column q is the outcome, centred.
    dense (m, n), dense_column (m,)
        Columns of too many values for a table.
    p_weight (n,), cell_end, cell_pattern, cell_outcome (c,)
        Sorted by pattern and outcome, in cells alike in both.
    indptr (p + 1,), column, value (e,)
        The patterns' covariates, see `glm.Patterns`.
    need_of_pattern (p,), example (m,)
        The number of a pattern's need covariates, and a pattern with each; empty if not asked for.
    is_need, factor (q,)
        Which columns are need; number of a dummy's factor, -1 for numbers and the constant.
    """

    weight: FloatArray
    tie_end: IntArray
    widest: int
    code: UnitArray
    offset: IntArray
    t_indptr: IntArray
    t_column: IntArray
    t_value: FloatArray
    dense: FloatArray
    dense_column: IntArray
    p_weight: FloatArray
    cell_end: IntArray
    cell_pattern: IntArray
    cell_outcome: FloatArray
    indptr: IntArray
    column: IntArray
    value: FloatArray
    need_of_pattern: UnitArray
    example: IntArray
    is_need: NDArray[np.bool_]
    factor: IntArray


class Numbers(NamedTuple):
    """What a decomposition is made of, by replicate r.

    total (r, 3): W, T = sum w y and S = sum w (y - centre) R with R in units of weight; drawn (r,): tie groups
    drawn; mean, ranked, beta, effect (r, q): mean and GC of each column, coefficient and effect; need (r, 2):
    mean and GC of the outcome that need predicts; status (r,): of the fit.
    """

    total: FloatArray
    drawn: IntArray
    mean: FloatArray
    ranked: FloatArray
    beta: FloatArray
    effect: FloatArray
    need: FloatArray
    status: IntArray


class Sums(NamedTuple):
    """What the sweeps over the rows leave of the replicates of a block, in lanes.

    W, drawn (lanes,): total weight, and tie groups drawn; tables (offset[-1], lanes), ranked (q + 1, lanes): rank
    sums; n, s (p, lanes): sums of w m and w y m in each pattern.
    """

    W: FloatArray
    drawn: IntArray
    tables: FloatArray
    ranked: FloatArray
    n: FloatArray
    s: FloatArray


@kernel
def _add_tie(
    x: Sample,
    low: int,
    high: int,
    held: Table,
    before: FloatArray,
    tables: FloatArray,
    dense: FloatArray,
    rank: FloatArray,
    product: FloatArray,
    drawn: IntArray,
) -> None:
    """Add a tie group's rows with their mid-rank in units of weight; held (m, lanes) are their multipliers."""
    lanes = rank.shape[0]
    rank[:] = 0.0
    add_rows(x.weight[low:high], held, rank)
    for lane in range(lanes):
        inside = rank[lane]
        drawn[lane] += inside > 0.0
        rank[lane] = before[lane] + 0.5 * inside
        before[lane] += inside
    for i in range(high - low):
        w = x.weight[low + i]
        for lane in range(lanes):
            product[lane] = w * held[i, lane] * rank[lane]
        for block in range(x.code.shape[0]):
            k = x.code[block, low + i]
            for lane in range(lanes):
                tables[k, lane] += product[lane]
        for j in range(x.dense.shape[0]):
            value = x.dense[j, low + i]
            for lane in range(lanes):
                dense[j, lane] += value * product[lane]


@kernel
def _rank_sums(
    batch: Batch, b: int, x: Sample, W: FloatArray, tables: FloatArray, ranked: FloatArray, drawn: IntArray
) -> None:
    """Sweep the rows by rank: W (lanes,), tables (offset[-1], lanes) and ranked (q + 1, lanes), sum of w m x R."""
    lanes, n = W.shape[0], x.weight.shape[0]
    held = np.empty((x.widest + 2 * TILE, lanes), batch.table.dtype)
    words = np.empty(TILE * lanes // 4, np.uint64)
    dense, rank, product = np.zeros((x.dense.shape[0], lanes)), np.empty(lanes), np.empty(lanes)
    start, stop, low = 0, 0, 0  # held are rows start .. stop - 1, whole tiles
    for t in range(x.tie_end.shape[0]):
        high = x.tie_end[t]
        if stop < high:
            keep = low // TILE * TILE  # rows before are done with
            for i in range(keep, stop):
                for lane in range(lanes):
                    held[i - keep, lane] = held[i - start, lane]
            start = keep
            stop = max(stop, keep)
            while stop < high:
                rows = min(TILE, n - stop)
                fill_tile(batch, b, stop // TILE, stop, words, held[stop - start : stop - start + rows])
                stop += rows
        _add_tie(x, low, high, held[low - start : high - start], W, tables, dense, rank, product, drawn)
        low = high
    for r in range(tables.shape[0]):
        for e in range(x.t_indptr[r], x.t_indptr[r + 1]):
            k, value = x.t_column[e], x.t_value[e]
            for lane in range(lanes):
                ranked[k, lane] += value * tables[r, lane]
    for j in range(dense.shape[0]):
        for lane in range(lanes):
            ranked[x.dense_column[j], lane] += dense[j, lane]


@kernel
def _pattern_sums(batch: Batch, b: int, x: Sample, n: FloatArray, s: FloatArray) -> None:
    """Sweep the rows by pattern: n and s (p, lanes), sums of w m and w y m."""
    lanes, rows = n.shape[1], x.p_weight.shape[0]
    tile, words = np.empty((TILE, lanes), batch.table.dtype), np.empty(TILE * lanes // 4, np.uint64)
    cell, run = 0, np.zeros(lanes)
    for number in range(-(-rows // TILE)):
        first = number * TILE
        stop = min(first + TILE, rows)
        fill_tile(batch, b, number, first, words, tile[: stop - first])
        i = first
        while i < stop:
            j = min(x.cell_end[cell], stop)
            add_rows(x.p_weight[i:j], tile[i - first : j - first], run)
            i = j
            if j == x.cell_end[cell]:
                p, y = x.cell_pattern[cell], x.cell_outcome[cell]
                for lane in range(lanes):
                    n[p, lane] += run[lane]
                    s[p, lane] += y * run[lane]
                    run[lane] = 0.0
                cell += 1


@kernel
def _column_means(x: Sample, n: FloatArray, W: FloatArray, mean: FloatArray) -> None:
    mean[:, :] = 0.0
    for p in range(n.shape[0]):
        for e in range(x.indptr[p], x.indptr[p + 1]):
            k, value = x.column[e], x.value[e]
            for lane in range(W.shape[0]):
                mean[k, lane] += value * n[p, lane]
    for k in range(mean.shape[0]):
        for lane in range(W.shape[0]):
            mean[k, lane] /= W[lane]


@kernel
def _need_predicted(  # noqa: C901 - loops over patterns, columns and lanes
    link: int,
    x: Sample,
    n: FloatArray,
    W: FloatArray,
    mean: FloatArray,
    beta: FloatArray,
    need: FloatArray,
    out: FloatArray,
) -> None:
    """Fill out (2, lanes): mean and GC of the outcome predicted from need, other covariates at their means.

    need (m, lanes) holds the rank sums of each set of need covariates. O'Donnell et al. (2008), chapter 15.
    """
    lanes = W.shape[0]
    weight, held = np.zeros((need.shape[0], lanes)), np.zeros(lanes)
    for p in range(n.shape[0]):
        for lane in range(lanes):
            weight[x.need_of_pattern[p], lane] += n[p, lane]
    for k in range(beta.shape[0]):
        if not x.is_need[k]:
            for lane in range(lanes):
                held[lane] += mean[k, lane] * beta[k, lane]
    eta, mu, slope = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    out[:, :] = 0.0
    for c in range(need.shape[0]):
        for lane in range(lanes):
            eta[lane] = held[lane]
        for e in range(x.indptr[x.example[c]], x.indptr[x.example[c] + 1]):
            k, value = x.column[e], x.value[e]
            if x.is_need[k]:
                for lane in range(lanes):
                    eta[lane] += value * beta[k, lane]
        means_and_slopes(link, eta, mu, slope)
        for lane in range(lanes):
            out[0, lane] += mu[lane] * weight[c, lane] / W[lane]
            out[1, lane] += 2.0 * mu[lane] * need[c, lane] / (W[lane] * W[lane])
    for lane in range(lanes):
        out[1, lane] -= out[0, lane]


@kernel
def block_sums(by_rank: Batch, by_pattern: Batch, b: int, x: Sample, n: FloatArray, s: FloatArray) -> Sums:
    """Sweep the rows twice for the replicates of block b of a batch, which is given for the rows in both orders.

    n and s (p, lanes) are overwritten and become part of the result.
    """
    lanes, q = by_rank.starts.shape[1], x.is_need.shape[0]
    n[:, :] = 0.0
    s[:, :] = 0.0
    sums = Sums(
        np.zeros(lanes),
        np.zeros(lanes, np.int64),
        np.zeros((x.offset[-1], lanes)),
        np.zeros((q + 1, lanes)),
        n,
        s,
    )
    _rank_sums(by_rank, b, x, sums.W, sums.tables, sums.ranked, sums.drawn)
    _pattern_sums(by_pattern, b, x, sums.n, sums.s)
    return sums


@kernel
def block_numbers(x: Sample, sums: Sums, link: int, effect: int, start: FloatArray) -> Numbers:
    """Fit the model in every replicate of a block and take the decomposition's numbers from it.

    start (q,) holds the full sample's coefficients; NaN fits from scratch, and a singular column's number then
    stands in beta[:, 0].
    """
    W, n, s = sums.W, sums.n, sums.s
    lanes, q = W.shape[0], x.is_need.shape[0]
    mean, beta = np.empty((q, lanes)), np.empty((q, lanes))
    status = np.empty(lanes, np.int64)
    _column_means(x, n, W, mean)
    patterns = Patterns(x.indptr, x.column, x.value)
    if np.isnan(start[0]):
        own = np.empty(q)
        for lane in range(lanes):
            status[lane], column = fit(link, patterns, n[:, lane].copy(), s[:, lane].copy(), own)
            if status[lane] == SINGULAR:
                own[0] = column
            for k in range(q):
                beta[k, lane] = own[k]
    else:
        refit(link, patterns, n, s, start, beta, status)
    effect_of, predicted, total, ranked = (
        np.empty((q, lanes)),
        np.zeros((2, lanes)),
        np.zeros((3, lanes)),
        sums.ranked,
    )
    effects(link, effect, patterns, x.factor, n, W, mean, beta, effect_of)
    if x.example.shape[0] > 0:
        _need_predicted(link, x, n, W, mean, beta, sums.tables[: x.offset[1]], predicted)
    for p in range(n.shape[0]):
        for lane in range(lanes):
            total[1, lane] += s[p, lane]
    for lane in range(lanes):
        total[0, lane], total[2, lane] = W[lane], ranked[q, lane]
        for k in range(q):
            ranked[k, lane] = 2.0 * ranked[k, lane] / (W[lane] * W[lane]) - mean[k, lane]
    return Numbers(total.T, sums.drawn, mean.T, ranked[:q].T, beta.T, effect_of.T, predicted.T, status)
