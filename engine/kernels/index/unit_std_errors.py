"""The linearised spread inside replicates that draw units of several rows, or inside strata: a second sweep.

With r the mid-rank in units of weight, g the outcome below plus half of that inside (see `midrank_sums`), a
unit's total of the influence of the index is (2/W) H - A + const B. A and B are its sums of w y and w, which
no replicate changes; H = sum w (y r - g) is what the sweep is for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.tiles import BatchDraws
from engine.kernels.index.ranked_rows import RankedRows
from engine.kernels.jit import inlined, kernel
from engine.kernels.sweep import sweep_blocks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]


class UnitSums(NamedTuple):
    """The sums H (u, lanes), A and B (u,) of sampling units, see above."""

    H: FloatArray
    A: FloatArray
    B: FloatArray


@kernel
def _gather(
    low: int, high: int, weight: FloatArray, unit: UnitArray, table: NDArray[Any], sums: FloatArray
) -> None:
    """Add w times the unit's multiplier of rows low .. high - 1 to sums (lanes,)."""
    for i in range(low, high):
        u, w = unit[i], weight[i]
        for lane in range(sums.shape[0]):
            sums[lane] += w * table[u, lane]


@kernel
def _scatter(
    low: int, high: int, weight: FloatArray, unit: UnitArray, coefficient: FloatArray, H: FloatArray
) -> None:
    """Add w times coefficient (lanes,) of rows low .. high - 1 to their units in H (u, lanes)."""
    for i in range(low, high):
        u, w = unit[i], weight[i]
        for lane in range(coefficient.shape[0]):
            H[u, lane] += w * coefficient[lane]


@kernel
def _sweep_group(
    rows: RankedRows,
    k: int,
    first_tie: int,
    last_tie: int,
    unit: UnitArray,
    table: NDArray[Any],
    units: UnitSums,
) -> None:
    """Add the tie groups of one group to the sums of units; table (u, lanes) holds the multipliers."""
    lanes, p = units.H.shape[1], rows.pattern[k]
    before, below, inside, amount = np.zeros(lanes), np.zeros(lanes), np.empty(lanes), np.empty(lanes)
    sums, coefficient = np.empty(lanes), np.empty(lanes)
    for t in range(first_tie, last_tie):
        inside[:] = 0.0
        amount[:] = 0.0
        first_cell = rows.tie_end[t - 1] if t > 0 else 0
        for c in range(first_cell, rows.tie_end[t]):
            if rows.present[p, c]:
                low, high = rows.cell_end[c - 1] if c > 0 else 0, rows.cell_end[c]
                sums[:] = 0.0
                _gather(low, high, rows.weight, unit, table, sums)
                for lane in range(lanes):
                    inside[lane] += sums[lane]
                    amount[lane] += rows.outcome[k, c] * sums[lane]
        for c in range(first_cell, rows.tie_end[t]):
            if rows.present[p, c]:
                y, low, high = rows.outcome[k, c], rows.cell_end[c - 1] if c > 0 else 0, rows.cell_end[c]
                for lane in range(lanes):
                    r, g = before[lane] + 0.5 * inside[lane], below[lane] + 0.5 * amount[lane]
                    coefficient[lane] = y * r - g
                _scatter(low, high, rows.weight, unit, coefficient, units.H)
                for i in range(low, high):
                    units.A[unit[i]] += rows.weight[i] * y
                    units.B[unit[i]] += rows.weight[i]
        for lane in range(lanes):
            before[lane] += inside[lane]
            below[lane] += amount[lane]


@inlined
def _unit_totals(units: UnitSums, u: int, lane: int, moments: FloatArray) -> tuple[float, float]:
    """Return the totals of unit u for index and mean in a replicate; moments (lanes, 4)."""
    W = moments[lane, 0]
    shift = moments[lane, 1] / W
    const = shift - 2.0 * (2.0 * moments[lane, 2] / (W * W) - shift)
    N = (2.0 * units.H[u, lane] / W - units.A[u] + const * units.B[u]) / W
    return N, (units.A[u] - shift * units.B[u]) / W


@kernel
def _add_stratum(
    low: int,
    high: int,
    moments: FloatArray,
    table: NDArray[Any],
    units: UnitSums,
    sums: FloatArray,
    out: FloatArray,
) -> None:
    """Add n/(n - 1) sum m (t - tbar)(t - tbar)' of one stratum, units low .. high - 1, to out (lanes, 3).

    t are the unit's totals for index and mean, m is its multiplier in table (u, lanes); moments (lanes, 4)
    are those of the mid-rank sweep; sums (6, lanes) is scratch. Totals are centred before they are squared.
    """
    sums[:, :] = 0.0
    for u in range(low, high):
        for lane in range(sums.shape[1]):
            N, mu = _unit_totals(units, u, lane, moments)
            sums[0, lane] += table[u, lane]
            sums[1, lane] += table[u, lane] * N
            sums[2, lane] += table[u, lane] * mu
    for u in range(low, high):
        for lane in range(sums.shape[1]):
            m, size = table[u, lane], sums[0, lane]
            N, mu = _unit_totals(units, u, lane, moments)
            if size > 1.0:
                N -= sums[1, lane] / size
                mu -= sums[2, lane] / size
                sums[3, lane] += m * N * N
                sums[4, lane] += m * N * mu
                sums[5, lane] += m * mu * mu
    for lane in range(sums.shape[1]):
        size = sums[0, lane]
        if size > 1.0:
            factor = size / (size - 1.0)
            out[lane, 0] += factor * sums[3, lane]
            out[lane, 1] += factor * sums[4, lane]
            out[lane, 2] += factor * sums[5, lane]


@kernel
def _block_spread(
    draws: BatchDraws, b: int, rows: RankedRows, stratum_end: IntArray, moments: FloatArray, out: FloatArray
) -> None:
    """Add the variances of block b to out (lanes, g, k, 3); moments (lanes, g, k, 4)."""
    table = draws.table[b]
    n_units, lanes = table.shape
    units = UnitSums(np.empty((n_units, lanes)), np.empty(n_units), np.empty(n_units))
    sums = np.empty((6, lanes))
    for k in range(rows.outcome.shape[0]):
        for g in range(rows.group_end.shape[0]):
            units.H[:, :] = 0.0
            units.A[:] = 0.0
            units.B[:] = 0.0
            first_tie = rows.group_end[g - 1] if g > 0 else 0
            _sweep_group(rows, k, first_tie, rows.group_end[g], draws.unit, table, units)
            low = 0
            for h in range(stratum_end.shape[0]):
                _add_stratum(low, stratum_end[h], moments[:, g, k], table, units, sums, out[:, g, k])
                low = stratum_end[h]


def unit_spread(
    draws: BatchDraws, rows: RankedRows, moments: FloatArray, stratum_end: IntArray
) -> FloatArray:
    """Return the variances of index and mean and their covariance in each replicate: (r, g, k, 3).

    `moments` (r, g, k, 4) is the result of `replicate_moments` for the same batch, whose source must be
    TABLE; stratum_end (h,) is where the units of each stratum end. A unit counts as often as it was drawn.
    """
    variances = np.zeros((*moments.shape[:3], 3))

    def sweep(b: int, *block: FloatArray) -> None:
        _block_spread(draws, b, rows, stratum_end, *block)

    sweep_blocks(draws, sweep, moments, variances)
    return variances
