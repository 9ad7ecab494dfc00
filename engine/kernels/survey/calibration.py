"""Calibration of weights to totals: the factors of cells, by Newton steps, in any number of replicates.

Source: Deville and Särndal (1992). A cell is the records alike in all calibration variables.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import in_threads, kernel
from engine.kernels.regression.glm import cholesky_solve
from engine.kernels.regression.links import exponential

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CLOSE = 1e-12  # largest error of a total, over its size
NEARLY = 1e-9  # the same where rounding lets no step come closer
MOST_STEPS = 100
LARGEST = 1e150  # of a factor


class Constraints(NamedTuple):
    """The calibration variables x (c, k) of cells, independent and of order 1, and their totals (k,).

    `is_raking`: the factors are exponential; otherwise linear.
    """

    x: FloatArray
    totals: FloatArray
    is_raking: bool


@kernel
def _error(x: FloatArray, totals: FloatArray, weight: FloatArray, missing: FloatArray) -> float:
    """Put what is missing to the totals into missing (k,); return the largest over the size of its total."""
    largest = 0.0
    for k in range(totals.shape[0]):
        total, size = 0.0, abs(totals[k])
        for c in range(x.shape[0]):
            total += weight[c] * x[c, k]
            size += abs(weight[c] * x[c, k])
        missing[k] = totals[k] - total
        largest = max(largest, abs(missing[k]) / size) if size > 0.0 else largest
    return largest


@kernel
def _information(x: FloatArray, slope: FloatArray) -> FloatArray:
    """Return the lower half of sum_c slope x x' (k, k)."""
    information = np.zeros((x.shape[1], x.shape[1]))
    for c in range(x.shape[0]):
        for a in range(x.shape[1]):
            if x[c, a] != 0.0:
                for b in range(a + 1):
                    information[a, b] += slope[c] * x[c, a] * x[c, b]
    return information


@kernel
def calibration_factors(of_cell: FloatArray, constraints: Constraints, factor: FloatArray) -> int:
    """Fill factor (c,), what multiplies the weights of each cell, given their sums (c,).

    Returns the number of steps; -1 if no weights meet the totals, -2 if the variables depend on each other.
    """
    x, totals = constraints.x, constraints.totals
    n_cells, q = x.shape
    weight, missing, step = of_cell.copy(), np.empty(q), np.empty(q)
    multiplier = np.zeros(q)
    factor[:] = 1.0
    best = np.inf
    for number in range(MOST_STEPS):
        error = _error(x, totals, weight, missing)
        if error <= CLOSE or (error <= NEARLY and error >= 0.5 * best):
            return number
        best = min(best, error)
        information = _information(x, weight if constraints.is_raking else of_cell)
        if cholesky_solve(information, missing, step) >= 0:
            return -2 if number == 0 else -1
        for a in range(q):
            multiplier[a] += step[a]
        for c in range(n_cells):
            moved = 0.0
            for a in range(q):
                moved += x[c, a] * multiplier[a]
            factor[c] = exponential(moved) if constraints.is_raking else 1.0 + moved
            if not abs(factor[c]) <= LARGEST:
                return -1
            weight[c] = of_cell[c] * factor[c]
    return -1


@kernel
def replicate_factors(of_cell: FloatArray, constraints: Constraints, factors: FloatArray) -> None:
    """Fill factors (r, c) of each replicate's sums (r, c); NaN where none or a negative weight comes out."""
    for r in range(of_cell.shape[0]):
        steps = calibration_factors(of_cell[r], constraints, factors[r])
        is_met = steps >= 0
        for c in range(of_cell.shape[1]):
            if of_cell[r, c] > 0.0 and factors[r, c] < 0.0:
                is_met = False
        if not is_met:
            factors[r, :] = np.nan


class CalibratedParts(NamedTuple):
    """The parts of sampling units that are alike in calibration cell, as replicates need them.

    unit, cell (p,)
        Sampling unit and cell of each part.
    weight (p,)
        Sum of its weights before calibration, times what one draw of its unit counts.
    scale (p,)
        What one draw of its unit counts.
    factor (c,)
        The factors of the weights of the sample.
    """

    unit: IntArray
    cell: IntArray
    weight: FloatArray
    scale: FloatArray
    factor: FloatArray


@kernel
def _part_multipliers(
    drawn: FloatArray, parts: CalibratedParts, constraints: Constraints, out: FloatArray
) -> None:
    """Fill out (p, lanes), what multiplies the calibrated weights of parts; drawn (u, lanes): of units."""
    n_cells = parts.factor.shape[0]
    of_cell, factors = np.empty((1, n_cells)), np.empty((1, n_cells))
    for lane in range(drawn.shape[1]):
        of_cell[:] = 0.0
        for p in range(parts.unit.shape[0]):
            of_cell[0, parts.cell[p]] += parts.weight[p] * drawn[parts.unit[p], lane]
        replicate_factors(of_cell, constraints, factors)
        for p in range(parts.unit.shape[0]):
            c = parts.cell[p]
            out[p, lane] = drawn[parts.unit[p], lane] * parts.scale[p] * factors[0, c] / parts.factor[c]


def part_multipliers(drawn: NDArray[Any], parts: CalibratedParts, constraints: Constraints) -> FloatArray:
    """Return the multipliers of parts (b, p, lanes), given those of sampling units (b, u, lanes)."""
    given = drawn.astype(np.float64)
    out = np.empty((given.shape[0], len(parts.unit), given.shape[2]))
    in_threads(lambda b: _part_multipliers(given[b], parts, constraints, out[b]), len(given))
    return out
