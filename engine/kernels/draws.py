"""How often each unit is drawn: a block is (units, LANES) multiplicities of LANES replicates side by side.

A resampling unit is a row or a PSU. Each replicate reads its own stream by position, so that its
multiplicities do not depend on the block, batch or thread that made them.
"""

from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
from numpy.typing import NDArray

from engine.kernels._jit import kernel, parallel_kernel, prange
from engine.kernels.streams import LANES, draw, stream_start, uniform

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
CountArray = NDArray[np.uint8]


def _poisson_thresholds(largest: int) -> tuple[np.int64, ...]:
    """Return 2**64 * P(X <= k) - 2**63 for Poisson(1), k = 0 .. largest - 1."""
    getcontext().prec = 60
    term, total, thresholds = 1 / Decimal(1).exp(), Decimal(0), []
    for k in range(largest):
        term = term / k if k else term
        total += term
        thresholds.append(np.int64(int(total * 2**64) - 2**63))
    return tuple(thresholds)


# Counts above 12 have probability 6e-11 and are drawn as 12.
_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7, _T8, _T9, _T10, _T11 = _poisson_thresholds(12)
_LARGEST = 12


@kernel
def _fill_poisson(starts: NDArray[np.uint64], counts: CountArray) -> None:
    """Draw Poisson(1) counts without branches: a count is how many thresholds the draw has reached."""
    for unit in range(counts.shape[0]):
        for lane in range(LANES):
            z = np.int64(draw(starts[lane], unit))
            counts[unit, lane] = (
                np.uint8(z >= _T0) + np.uint8(z >= _T1) + np.uint8(z >= _T2) + np.uint8(z >= _T3)
                + np.uint8(z >= _T4) + np.uint8(z >= _T5) + np.uint8(z >= _T6) + np.uint8(z >= _T7)
                + np.uint8(z >= _T8) + np.uint8(z >= _T9) + np.uint8(z >= _T10) + np.uint8(z >= _T11)
            )  # fmt: skip


@kernel
def _fix_total(start: np.uint64, lane: int, counts: CountArray) -> None:
    """Turn Poisson counts into an exact multinomial of n draws from n units.

    Given their total N, Poisson counts are N independent uniform draws. If N < n the missing draws are
    added; if N > n, draws chosen at random among the N are taken back. Either way n independent uniform
    draws remain, at the price of about sqrt(n) corrections.
    """
    n = counts.shape[0]
    total = 0
    for unit in range(n):
        total += counts[unit, lane]
    position = n
    while total < n:
        unit = int(uniform(draw(start, position)) * n)
        position += 1
        if counts[unit, lane] < 255:
            counts[unit, lane] += np.uint8(1)
            total += 1
    while total > n:
        # A random unit, kept with probability count / 12: a draw uniform among the N.
        unit = int(uniform(draw(start, position)) * n)
        if uniform(draw(start, position + 1)) * _LARGEST < counts[unit, lane]:
            counts[unit, lane] -= np.uint8(1)
            total -= 1
        position += 2


@parallel_kernel
def poisson_counts(key: np.uint64, first_block: int, n_blocks: int, n_units: int) -> CountArray:
    """Draw independent Poisson(1) counts; returns (blocks, u, LANES)."""
    counts = np.empty((n_blocks, n_units, LANES), np.uint8)
    for block in prange(n_blocks):
        starts = np.empty(LANES, np.uint64)
        for lane in range(LANES):
            starts[lane] = stream_start(key, (first_block + block) * LANES + lane)
        _fill_poisson(starts, counts[block])
    return counts


@parallel_kernel
def multinomial_counts(key: np.uint64, first_block: int, n_blocks: int, n_units: int) -> CountArray:
    """Draw n of n units with replacement (the ordinary bootstrap); returns (blocks, u, LANES)."""
    counts = np.empty((n_blocks, n_units, LANES), np.uint8)
    for block in prange(n_blocks):
        starts = np.empty(LANES, np.uint64)
        for lane in range(LANES):
            starts[lane] = stream_start(key, (first_block + block) * LANES + lane)
        _fill_poisson(starts, counts[block])
        for lane in range(LANES):
            _fix_total(starts[lane], lane, counts[block])
    return counts


@parallel_kernel
def stratified_counts(
    key: np.uint64, first_block: int, n_blocks: int, stratum_end: IntArray, n_draws: IntArray
) -> CountArray:
    """Draw n_draws[h] of stratum h's units with replacement; returns (blocks, u, LANES).

    Units are sorted by stratum; stratum_end (h,) holds where each ends. PSU bootstrap: n_h draws; Rao-Wu:
    n_h - 1 (each worth n_h / (n_h - 1), which the caller puts into the weights). A stratum with 0 draws
    counts once throughout. Counts fit a byte, so that those of many PSUs stay in the cache.
    """
    n_units = stratum_end[-1]
    counts = np.zeros((n_blocks, n_units, LANES), np.uint8)
    for block in prange(n_blocks):
        for lane in range(LANES):
            start = stream_start(key, (first_block + block) * LANES + lane)
            position = 0
            low = 0
            for h in range(stratum_end.shape[0]):
                size = stratum_end[h] - low
                for _ in range(n_draws[h]):
                    unit = low + int(uniform(draw(start, position)) * size)
                    counts[block, unit, lane] += np.uint8(1)
                    position += 1
                if n_draws[h] == 0:
                    for unit in range(low, stratum_end[h]):
                        counts[block, unit, lane] = np.uint8(1)
                low = stratum_end[h]
    return counts


@parallel_kernel
def scaled_poisson(key: np.uint64, first_block: int, n_blocks: int, stratum_end: IntArray) -> FloatArray:
    """Draw Poisson(1) counts of units and scale them to add up to their stratum's size: (blocks, u, LANES).

    A stratum that draws nothing keeps its units once.
    """
    n_units = stratum_end[-1]
    multipliers = np.empty((n_blocks, n_units, LANES))
    for block in prange(n_blocks):
        starts = np.empty(LANES, np.uint64)
        for lane in range(LANES):
            starts[lane] = stream_start(key, (first_block + block) * LANES + lane)
        counts = np.empty((n_units, LANES), np.uint8)
        _fill_poisson(starts, counts)
        for lane in range(LANES):
            low = 0
            for h in range(stratum_end.shape[0]):
                total = 0
                for unit in range(low, stratum_end[h]):
                    total += counts[unit, lane]
                for unit in range(low, stratum_end[h]):
                    if total > 0:
                        multipliers[block, unit, lane] = counts[unit, lane] * (stratum_end[h] - low) / total
                    else:
                        multipliers[block, unit, lane] = 1.0
                low = stratum_end[h]
    return multipliers


@parallel_kernel
def deletion_multipliers(
    first_block: int, n_blocks: int, stratum_end: IntArray, stratum_of_unit: IntArray
) -> FloatArray:
    """Delete one unit in each replicate and give its weight to the others of its stratum (JKn).

    Replicate r deletes unit r; a unit alone in its stratum is kept. Returns (blocks, u, LANES).
    """
    n_units = stratum_of_unit.shape[0]
    multipliers = np.ones((n_blocks, n_units, LANES))
    for block in prange(n_blocks):
        for lane in range(LANES):
            deleted = (first_block + block) * LANES + lane
            if deleted < n_units:
                h = stratum_of_unit[deleted]
                low = stratum_end[h - 1] if h > 0 else 0
                size = stratum_end[h] - low
                if size > 1:
                    for unit in range(low, stratum_end[h]):
                        multipliers[block, unit, lane] = size / (size - 1.0)
                    multipliers[block, deleted, lane] = 0.0
    return multipliers


@parallel_kernel
def given_multipliers(first_block: int, n_blocks: int, replicate_weights: FloatArray) -> FloatArray:
    """Lay user-supplied replicate weights (b, n) out in blocks of lanes: (blocks, n, LANES)."""
    n_replicates, n = replicate_weights.shape
    multipliers = np.zeros((n_blocks, n, LANES))
    for block in prange(n_blocks):
        for lane in range(LANES):
            replicate = (first_block + block) * LANES + lane
            if replicate < n_replicates:
                for row in range(n):
                    multipliers[block, row, lane] = replicate_weights[replicate, row]
    return multipliers
