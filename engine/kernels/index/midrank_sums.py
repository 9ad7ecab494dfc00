"""Sums of the mid-rank indices inside the current group of a sweep by rank, and of their influence values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.tiles import BatchDraws
from engine.kernels.index.ranked_rows import RankedRows, next_tie_and_group
from engine.kernels.index.tie_sums import TieSums, close_cell, new_tie_sums
from engine.kernels.jit import inlined, kernel

FloatArray = NDArray[np.float64]


class MidrankSums(NamedTuple):
    """Sums over the tie groups that are complete in the current group, in lanes; m is the multiplier.

    tie
        Sums inside the current tie group.
    weight, drawn (p, lanes)
        Sum of w m, and how many tie groups have a drawn row.
    amount, ranked (k, lanes)
        Sums of w m y, and of w m y R with R in units of weight.
    influence (6, k, lanes)
        Sums behind the variance of influence values, see `_close_influence`.
    """

    tie: TieSums
    weight: FloatArray
    drawn: FloatArray
    amount: FloatArray
    ranked: FloatArray
    influence: FloatArray


@kernel
def new_midrank_sums(rows: RankedRows, lanes: int) -> MidrankSums:
    """Return sums of zero."""
    P, K = rows.present.shape[0], rows.outcome.shape[0]
    return MidrankSums(
        new_tie_sums(rows, lanes),
        np.zeros((P, lanes)),
        np.zeros((P, lanes)),
        np.zeros((K, lanes)),
        np.zeros((K, lanes)),
        np.zeros((6, K, lanes)),
    )


@kernel
def _close_influence(sums: MidrankSums, k: int, p: int) -> None:
    """Add a tie group to the sums behind the variance of influence values.

    With r the mid-rank in units of weight, g the outcome below plus half of that inside, and h = y r - g, an
    influence value is (2/W) h - y + const; so the sums of q h^2, q h y, q h, q y^2, q y, q are enough, q =
    w^2 m.
    """
    tie = sums.tie
    for lane in range(sums.weight.shape[1]):
        r = sums.weight[p, lane] + 0.5 * tie.weight[p, lane]
        g = sums.amount[k, lane] + 0.5 * tie.amount[k, lane]
        q0, q1, q2 = tie.squares[0, k, lane], tie.squares[1, k, lane], tie.squares[2, k, lane]
        sums.influence[0, k, lane] += (q2 * r - 2.0 * q1 * g) * r + q0 * g * g
        sums.influence[1, k, lane] += q2 * r - q1 * g
        sums.influence[2, k, lane] += q1 * r - q0 * g
        sums.influence[3, k, lane] += q2
        sums.influence[4, k, lane] += q1
        sums.influence[5, k, lane] += q0
        tie.squares[0, k, lane] = 0.0
        tie.squares[1, k, lane] = 0.0
        tie.squares[2, k, lane] = 0.0


@kernel
def _close_tie(rows: RankedRows, sums: MidrankSums, errors: bool) -> None:
    """Add a tie group with its mid-rank to its group."""
    tie, lanes = sums.tie, sums.weight.shape[1]
    for k in range(rows.outcome.shape[0]):
        p = rows.pattern[k]
        if errors:
            _close_influence(sums, k, p)
        for lane in range(lanes):
            amount = tie.amount[k, lane]
            sums.amount[k, lane] += amount
            sums.ranked[k, lane] += amount * (sums.weight[p, lane] + 0.5 * tie.weight[p, lane])
            tie.amount[k, lane] = 0.0
    for p in range(rows.present.shape[0]):
        for lane in range(lanes):
            sums.weight[p, lane] += tie.weight[p, lane]
            sums.drawn[p, lane] += tie.weight[p, lane] > 0.0
            tie.weight[p, lane] = 0.0


@kernel
def _write_spread(sums: MidrankSums, k: int, p: int, lane: int, spread: FloatArray) -> None:
    """Write the sums of (w/W)^2 m times z_N^2, z_N z_mu and z_mu^2 (see `numerators`) to spread (3,)."""
    W = sums.weight[p, lane]
    shift = sums.amount[k, lane] / W
    const = shift - 2.0 * (2.0 * sums.ranked[k, lane] / (W * W) - shift)
    a = 2.0 / W
    hh, hy, h = sums.influence[0, k, lane], sums.influence[1, k, lane], sums.influence[2, k, lane]
    yy, y, one = sums.influence[3, k, lane], sums.influence[4, k, lane], sums.influence[5, k, lane]
    spread[0] = (
        a * a * hh + yy + const * const * one - 2.0 * a * hy + 2.0 * a * const * h - 2.0 * const * y
    ) / (W * W)
    spread[1] = (a * hy - a * shift * h - yy + (shift + const) * y - const * shift * one) / (W * W)
    spread[2] = (yy - 2.0 * shift * y + shift * shift * one) / (W * W)


@kernel
def _close_group(
    rows: RankedRows, sums: MidrankSums, errors: bool, moments: FloatArray, spread: FloatArray
) -> None:
    """Write the sums of a group to moments (lanes, k, 4) and spread (lanes, k, 3), and set them to zero."""
    for k in range(rows.outcome.shape[0]):
        p = rows.pattern[k]
        for lane in range(sums.weight.shape[1]):
            moments[lane, k, 0] = sums.weight[p, lane]
            moments[lane, k, 1] = sums.amount[k, lane]
            moments[lane, k, 2] = sums.ranked[k, lane]
            moments[lane, k, 3] = sums.drawn[p, lane]
            if errors:
                _write_spread(sums, k, p, lane, spread[lane, k])
    sums.weight[:, :] = 0.0
    sums.drawn[:, :] = 0.0
    sums.amount[:, :] = 0.0
    sums.ranked[:, :] = 0.0
    sums.influence[:, :, :] = 0.0


@inlined
def close_up(
    rows: RankedRows,
    sums: MidrankSums,
    errors: bool,
    cell: int,
    tie: int,
    group: int,
    moments: FloatArray,
    spread: FloatArray,
) -> tuple[int, int]:
    """Close a cell, and the tie group and groups that end with it; returns the next tie group and group."""
    close_cell(rows, sums.tie, cell, errors)
    next_tie, next_group = next_tie_and_group(rows, cell, tie, group)
    if next_tie > tie:
        _close_tie(rows, sums, errors)
    for ended in range(group, next_group):
        _close_group(rows, sums, errors, moments[:, ended], spread[:, ended])
    return next_tie, next_group


def new_moments(draws: BatchDraws, rows: RankedRows, errors: bool) -> tuple[FloatArray, FloatArray]:
    """Return memory for moments (r, g, k, 4) and spread: (r, g, k, 3) with `errors`, else (r, g, k, 0)."""
    r, g, k = draws.starts.size, rows.group_end.shape[0], rows.outcome.shape[0]
    return np.zeros((r, g, k, 4)), np.zeros((r, g, k, 3 if errors else 0))
