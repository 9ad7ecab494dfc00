"""Tables of the multipliers of drawn units (PSUs, rows of strata, cells): (b, u, lanes)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.draws.cell_counts import DrawnCells, draw_cells
from engine.kernels.draws.poisson import TILE, CountArray, PoissonThresholds, WordArray, fill_counts
from engine.kernels.draws.streams import draw, uniform
from engine.kernels.jit import in_threads, kernel, parallel_kernel, prange

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@parallel_kernel
def stratified_table(starts: WordArray, stratum_end: IntArray, n_draws: IntArray) -> CountArray:
    """Draw n_draws[h] units of stratum h with replacement.

    Units are sorted by stratum; stratum_end (h,) is where each stratum ends. The PSU bootstrap draws n_h of
    n_h units; the Rao-Wu bootstrap n_h - 1, each worth n_h / (n_h - 1), which the caller puts into the
    weights. The units of a stratum with 0 draws count once in every replicate.
    """
    n_blocks, lanes = starts.shape
    table = np.zeros((n_blocks, stratum_end[-1], lanes), np.uint8)
    for b in prange(n_blocks):
        position, low = 0, 0
        for h in range(stratum_end.shape[0]):
            size = stratum_end[h] - low
            for _ in range(n_draws[h]):
                for lane in range(lanes):
                    unit = low + int(uniform(draw(starts[b, lane], position)) * size)
                    table[b, unit, lane] += np.uint8(1)
                position += 1
            if n_draws[h] == 0:
                for unit in range(low, stratum_end[h]):
                    for lane in range(lanes):
                        table[b, unit, lane] = np.uint8(1)
            low = stratum_end[h]
    return table


@parallel_kernel
def poisson_table(
    quads: WordArray, starts: WordArray, thresholds: PoissonThresholds, n_units: int
) -> CountArray:
    """Draw independent Poisson counts of units; quads (b, lanes / 4) and starts (b, lanes), see `poisson`."""
    n_blocks, lanes = starts.shape
    table = np.empty((n_blocks, n_units, lanes), np.uint8)
    for b in prange(n_blocks):
        words = np.empty(TILE * lanes // 4, np.uint64)
        no_units = np.empty(0, np.int32)  # a unit reads the streams at its number
        for first in range(0, n_units, TILE):
            tile = table[b, first : min(first + TILE, n_units)]
            fill_counts(first, no_units, quads[b], starts[b], thresholds, words, tile)
    return table


@kernel
def _scale(table: FloatArray, stratum_end: IntArray) -> None:
    """Scale the counts (u, lanes) of each stratum to add up to its number of units."""
    low = 0
    for h in range(stratum_end.shape[0]):
        for lane in range(table.shape[1]):
            total = 0.0
            for unit in range(low, stratum_end[h]):
                total += table[unit, lane]
            for unit in range(low, stratum_end[h]):
                table[unit, lane] = table[unit, lane] * (stratum_end[h] - low) / total if total > 0.0 else 1.0
        low = stratum_end[h]


@parallel_kernel
def scaled_table(
    quads: WordArray, starts: WordArray, thresholds: PoissonThresholds, stratum_end: IntArray
) -> FloatArray:
    """Draw Poisson counts of units, scaled to add up to the number of units of their stratum.

    In a replicate in which a stratum draws nothing, each of its units counts once.
    """
    table = poisson_table(quads, starts, thresholds, stratum_end[-1]).astype(np.float64)
    for b in prange(table.shape[0]):
        _scale(table[b], stratum_end)
    return table


@parallel_kernel
def deletion_table(
    first_replicate: IntArray,
    lanes: int,
    stratum_end: IntArray,
    stratum_of_unit: IntArray,
    *,
    deletes_single: bool,
) -> FloatArray:
    """Delete one unit in each replicate and give its weight to the others of its stratum (the jackknife JKn).

    Replicate r deletes unit r. A unit alone in its stratum is kept; with deletes_single its weight goes to
    all other strata. first_replicate (b,) is that of each block.
    """
    n_strata = stratum_end.shape[0]
    n_units = stratum_of_unit.shape[0]
    table = np.ones((first_replicate.shape[0], n_units, lanes))
    for b in prange(first_replicate.shape[0]):
        for lane in range(lanes):
            deleted = first_replicate[b] + lane
            if deleted < n_units:
                h = stratum_of_unit[deleted]
                low = stratum_end[h - 1] if h > 0 else 0
                size = stratum_end[h] - low
                if size > 1:
                    for unit in range(low, stratum_end[h]):
                        table[b, unit, lane] = size / (size - 1.0)
                    table[b, deleted, lane] = 0.0
                elif deletes_single and n_strata > 1:
                    for unit in range(n_units):
                        table[b, unit, lane] = n_strata / (n_strata - 1.0)
                    table[b, deleted, lane] = 0.0
    return table


def cell_table(starts: WordArray, cells: DrawnCells) -> FloatArray:
    """Draw the rows of cells together, see `cell_counts`; starts (b, lanes)."""
    n_blocks, lanes = starts.shape
    table = np.empty((n_blocks, len(cells.table_of_cell), lanes))
    in_threads(lambda b: draw_cells(starts[b], cells, table[b]), n_blocks)
    return table
