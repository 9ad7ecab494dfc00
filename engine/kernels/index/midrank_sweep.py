"""One sweep over the sorted rows: mean, rank sums and linearised spread of every outcome in every replicate.

The sample was sorted once (by group, then rank), so a replicate is a vector of multipliers and its ranks are
one running sum. Rows alike in group, rank and outcomes stand together in cells: inside a cell only the
weights are added up, and outcomes enter at its end, so that further outcomes cost next to nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.poisson import TILE
from engine.kernels.draws.tiles import Batch, fill_tile
from engine.kernels.jit import in_threads, kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Rows(NamedTuple):
    """The sorted sample.

    weight (n,)
        Positive.
    cell_end (c,)
        Where each cell's rows end.
    outcome (k, c), present (p, c)
        Outcomes of a cell, centred, 0 where missing; whether they are present.
    pattern (k,), first_outcome (p,)
        Which row of `present` belongs to an outcome, and the first outcome of each.
    tie_end (t,), group_end (g,)
        Where each tie group's cells, and each group's tie groups end.
    """

    weight: FloatArray
    cell_end: IntArray
    outcome: FloatArray
    present: NDArray[np.bool_]
    pattern: IntArray
    first_outcome: IntArray
    tie_end: IntArray
    group_end: IntArray


class Sums(NamedTuple):
    """Running sums of one block, in lanes.

    first, second (lanes,): sum of w m and w^2 m in the cell; inside, before, drawn (p, lanes): weight of the
    tie group, weight below it, tie groups drawn; amount, total, ranked (k, lanes): sum of w y m in the tie
    group, in the group, and times the mid-rank in units of weight; square (3, k, lanes): sum of w^2 m y^j in
    the tie group; spread (6, k, lanes): see `_close_spread`.
    """

    first: FloatArray
    second: FloatArray
    inside: FloatArray
    before: FloatArray
    drawn: FloatArray
    amount: FloatArray
    total: FloatArray
    ranked: FloatArray
    square: FloatArray
    spread: FloatArray


@kernel
def new_sums(lanes: int, P: int, K: int) -> Sums:
    """Start at zero, for P patterns and K outcomes."""
    return Sums(
        np.zeros(lanes),
        np.zeros(lanes),
        np.zeros((P, lanes)),
        np.zeros((P, lanes)),
        np.zeros((P, lanes)),
        np.zeros((K, lanes)),
        np.zeros((K, lanes)),
        np.zeros((K, lanes)),
        np.zeros((3, K, lanes)),
        np.zeros((6, K, lanes)),
    )


@kernel
def add_rows(weight: FloatArray, tile: NDArray[Any], first: FloatArray) -> None:
    """Add w m of some rows (m,) to first (lanes,)."""
    for i in range(tile.shape[0]):
        w = weight[i]
        for lane in range(first.shape[0]):
            first[lane] += w * tile[i, lane]


@kernel
def add_rows_and_squares(
    weight: FloatArray, tile: NDArray[Any], first: FloatArray, second: FloatArray
) -> None:
    """Add w^2 m to second (lanes,) as well."""
    for i in range(tile.shape[0]):
        w = weight[i]
        for lane in range(first.shape[0]):
            x = w * tile[i, lane]
            first[lane] += x
            second[lane] += x * w


@kernel
def close_cell(rows: Rows, sums: Sums, c: int, errors: bool) -> None:
    """Hand a cell's weight to its tie group, once for each pattern and outcome."""
    lanes = sums.first.shape[0]
    for p in range(rows.present.shape[0]):
        if rows.present[p, c]:
            for lane in range(lanes):
                sums.inside[p, lane] += sums.first[lane]
    for k in range(rows.outcome.shape[0]):
        if rows.present[rows.pattern[k], c]:
            y = rows.outcome[k, c]
            for lane in range(lanes):
                sums.amount[k, lane] += y * sums.first[lane]
            if errors:
                for lane in range(lanes):
                    q = sums.second[lane]
                    sums.square[0, k, lane] += q
                    sums.square[1, k, lane] += y * q
                    sums.square[2, k, lane] += y * y * q
    for lane in range(lanes):
        sums.first[lane] = 0.0
        sums.second[lane] = 0.0


@kernel
def _close_spread(sums: Sums, k: int, p: int) -> None:
    """Add a tie group to the sums behind the variance of influence values.

    With r the mid-rank in units of weight, g the outcome below plus half inside, and h = y r - g, an influence
    value is (2/W) h - y + const; so the sums of q h^2, q h y, q h, q y^2, q y, q are enough, q = w^2 m.
    """
    for lane in range(sums.first.shape[0]):
        r = sums.before[p, lane] + 0.5 * sums.inside[p, lane]
        g = sums.total[k, lane] + 0.5 * sums.amount[k, lane]
        q0, q1, q2 = sums.square[0, k, lane], sums.square[1, k, lane], sums.square[2, k, lane]
        sums.spread[0, k, lane] += (q2 * r - 2.0 * q1 * g) * r + q0 * g * g
        sums.spread[1, k, lane] += q2 * r - q1 * g
        sums.spread[2, k, lane] += q1 * r - q0 * g
        sums.spread[3, k, lane] += q2
        sums.spread[4, k, lane] += q1
        sums.spread[5, k, lane] += q0
        sums.square[0, k, lane] = 0.0
        sums.square[1, k, lane] = 0.0
        sums.square[2, k, lane] = 0.0


@kernel
def _close_tie(rows: Rows, sums: Sums, errors: bool) -> None:
    """Fold a tie group in with its mid-rank."""
    lanes = sums.first.shape[0]
    for k in range(rows.outcome.shape[0]):
        p = rows.pattern[k]
        if errors:
            _close_spread(sums, k, p)
        for lane in range(lanes):
            amount = sums.amount[k, lane]
            sums.total[k, lane] += amount
            sums.ranked[k, lane] += amount * (sums.before[p, lane] + 0.5 * sums.inside[p, lane])
            sums.amount[k, lane] = 0.0
    for p in range(rows.present.shape[0]):
        for lane in range(lanes):
            sums.before[p, lane] += sums.inside[p, lane]
            sums.drawn[p, lane] += sums.inside[p, lane] > 0.0
            sums.inside[p, lane] = 0.0


@kernel
def _spread(sums: Sums, k: int, p: int, lane: int, out: FloatArray) -> None:
    """Turn the sums into sum (w/W)^2 m times z_N^2, z_N z_mu and z_mu^2 (see `numerators`) in out (3,)."""
    W = sums.before[p, lane]
    shift = sums.total[k, lane] / W
    const = shift - 2.0 * (2.0 * sums.ranked[k, lane] / (W * W) - shift)
    a = 2.0 / W
    hh, hy, h = sums.spread[0, k, lane], sums.spread[1, k, lane], sums.spread[2, k, lane]
    yy, y, one = sums.spread[3, k, lane], sums.spread[4, k, lane], sums.spread[5, k, lane]
    out[0] = (
        a * a * hh + yy + const * const * one - 2.0 * a * hy + 2.0 * a * const * h - 2.0 * const * y
    ) / (W * W)
    out[1] = (a * hy - a * shift * h - yy + (shift + const) * y - const * shift * one) / (W * W)
    out[2] = (yy - 2.0 * shift * y + shift * shift * one) / (W * W)


@kernel
def _close_group(rows: Rows, sums: Sums, errors: bool, moments: FloatArray, spread: FloatArray) -> None:
    """Write a group's sums to moments (lanes, k, 4) and spread (lanes, k, 3), and start anew."""
    for k in range(rows.outcome.shape[0]):
        p = rows.pattern[k]
        for lane in range(sums.first.shape[0]):
            moments[lane, k, 0] = sums.before[p, lane]
            moments[lane, k, 1] = sums.total[k, lane]
            moments[lane, k, 2] = sums.ranked[k, lane]
            moments[lane, k, 3] = sums.drawn[p, lane]
            if errors:
                _spread(sums, k, p, lane, spread[lane, k])
    sums.before[:, :] = 0.0
    sums.drawn[:, :] = 0.0
    sums.total[:, :] = 0.0
    sums.ranked[:, :] = 0.0
    sums.spread[:, :, :] = 0.0


@kernel
def close_up(
    rows: Rows,
    sums: Sums,
    errors: bool,
    cell: int,
    tie: int,
    group: int,
    moments: FloatArray,
    spread: FloatArray,
) -> tuple[int, int]:
    """Close a cell, and the tie group and groups that end with it; returns the next tie group and group."""
    close_cell(rows, sums, cell, errors)
    if cell + 1 == rows.tie_end[tie]:
        _close_tie(rows, sums, errors)
        tie += 1
        while group < rows.group_end.shape[0] and tie == rows.group_end[group]:
            _close_group(rows, sums, errors, moments[:, group], spread[:, group])
            group += 1
    return tie, group


@kernel
def first_group(rows: Rows) -> int:
    """Return the first group that has rows."""
    group = 0
    while group < rows.group_end.shape[0] and rows.group_end[group] == 0:
        group += 1
    return group


@kernel
def sweep(batch: Batch, b: int, rows: Rows, errors: bool, moments: FloatArray, spread: FloatArray) -> None:
    """Write the sums of block b to moments (lanes, g, k, 4) and spread (lanes, g, k, 3 or 0)."""
    lanes = moments.shape[0]
    sums = new_sums(lanes, rows.present.shape[0], rows.outcome.shape[0])
    tile, words = np.empty((TILE, lanes), batch.table.dtype), np.empty(TILE * lanes // 4, np.uint64)
    n, cell, tie, group = rows.weight.shape[0], 0, 0, first_group(rows)
    for number in range(-(-n // TILE)):
        first = number * TILE
        stop = min(first + TILE, n)
        fill_tile(batch, b, number, first, words, tile[: stop - first])
        i = first
        while i < stop:
            j = min(rows.cell_end[cell], stop)
            if errors:
                add_rows_and_squares(rows.weight[i:j], tile[i - first : j - first], sums.first, sums.second)
            else:
                add_rows(rows.weight[i:j], tile[i - first : j - first], sums.first)
            i = j
            if j == rows.cell_end[cell]:
                tie, group = close_up(rows, sums, errors, cell, tie, group, moments, spread)
                cell += 1


def replicate_moments(batch: Batch, rows: Rows, errors: bool) -> tuple[FloatArray, FloatArray]:
    """Return each replicate's sums by group and outcome.

    moments (r, g, k, 4): W, T = sum w y, S = sum w y R with R in units of weight, and the tie groups drawn; the
    generalized index is 2 S / W^2 - T / W. spread (r, g, k, 3) where `errors` is asked: the sums of the squared
    weighted influence values of index and mean and of their product, for units that are rows; else (r, g, k, 0).
    """
    n_blocks, lanes = batch.starts.shape
    G, K = rows.group_end.shape[0], rows.outcome.shape[0]
    moments = np.zeros((n_blocks * lanes, G, K, 4))
    spread = np.zeros((n_blocks * lanes, G, K, 3 if errors else 0))

    def work(b: int) -> None:
        low, high = b * lanes, (b + 1) * lanes
        sweep(batch, b, rows, errors, moments[low:high], spread[low:high])

    in_threads(work, n_blocks)
    return moments, spread
