"""Replicates of calibrated weights: every replicate is calibrated to the same totals before it is used.

The multiplier of a part of a sampling unit, alike in calibration cell, is that of the unit times the change
of its cell's factor. So memory follows the parts, and a replicate has the same bits in any batch and shard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, SampleArrays
from engine.balance import BalanceCells
from engine.calibration import CalibrationCells
from engine.errors import EstimationError
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.sample.balance import balanced
from engine.estimators.sample.calibrated_parts import sampling_design, sampling_unit_of
from engine.kernels.draws.draws import Draws
from engine.kernels.draws.tiles import TABLE
from engine.kernels.jit import in_threads
from engine.kernels.survey.calibration import CalibratedParts, Constraints, part_multipliers


def by_sampling_unit(arrays: SampleArrays) -> SampleArrays:
    """Return a sample with the sampling units in place of their parts."""
    return replace(
        arrays, unit=sampling_unit_of(arrays.unit, arrays.design), design=sampling_design(arrays.design)
    )


def calibrated_plan(plan: ResamplingPlan, arrays: SampleArrays) -> ResamplingPlan:
    """Return the plan by parts, whose multipliers calibrate the weights of each replicate.

    Raises
    ------
    EstimationError
        If the method draws the rows of the analysis alone: their calibration needs all others too.
    """
    parts, drawn = arrays.design.calibration, plan.draws
    table_of_units = drawn.table
    if parts is None or drawn.source != TABLE or table_of_units is None or plan.draws_rows:
        raise EstimationError(
            f"bootstrap.method: found '{plan.name}' with adjusted weights, whose draws leave out records "
            "outside of the analysis; expected 'rao-wu' or 'jackknife'. Choose one."
        )
    scale = np.ones(len(parts.unit)) if plan.unit_scale is None else plan.unit_scale[parts.unit]
    before = parts.weight / parts.cells.factor[parts.cell]
    of_kernel = CalibratedParts(
        unit=parts.unit,
        cell=parts.cell,
        weight=before * scale,
        scale=scale,
        factor=parts.cells.factor,
    )
    multipliers = _multipliers(parts.cells, of_kernel)
    draws = Draws(
        source=TABLE,
        n_units=len(parts.unit),
        unit=arrays.unit,
        key=drawn.key,
        item_bytes=8,
        table=lambda quads, starts, first: multipliers(table_of_units(quads, starts, first)),
    )
    return replace(
        plan,
        draws=draws,
        unit=arrays.unit,
        stratum_end=arrays.design.stratum_end,
        unit_scale=None,
    )


def _multipliers(
    cells: CalibrationCells | BalanceCells, parts: CalibratedParts
) -> Callable[[NDArray[Any]], FloatArray]:
    """Return what turns the multipliers of units (b, u, lanes) into those of parts (b, p, lanes)."""
    if isinstance(cells, BalanceCells):
        return lambda drawn: _balanced_multipliers(drawn, parts, cells)
    constraints = Constraints(x=cells.x, totals=cells.totals, is_raking=cells.is_raking)
    return lambda drawn: part_multipliers(drawn, parts, constraints)


def _balanced_multipliers(drawn: NDArray[Any], parts: CalibratedParts, cells: BalanceCells) -> FloatArray:
    out = np.empty((drawn.shape[0], len(parts.unit), drawn.shape[2]))

    def fill(block: int) -> None:
        for lane in range(drawn.shape[2]):
            of_part = drawn[block, parts.unit, lane].astype(np.float64)
            sums = np.bincount(parts.cell, weights=parts.weight * of_part, minlength=len(parts.factor))
            factor = balanced(cells, sums.astype(np.float64)).factor
            out[block, :, lane] = of_part * parts.scale * (factor / parts.factor)[parts.cell]

    in_threads(fill, len(drawn))
    return out
