"""Parts of sampling units, alike in calibration cell, for errors and replicates of calibrated weights.

Totals are kept by part. Their sums by cell give the regression on the calibration variables, and their sums
by unit the variance of its residuals: of all records, those outside of a domain too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.arrays import DesignArrays, DesignColumns, FloatArray, IntArray, UnitArray
from engine.balance import BalanceCells
from engine.calibration import CalibratedParts, CalibrationColumns
from engine.estimators.sample.balance import balance_influence
from engine.kernels.regression.small_matrices import inverse, product


def calibrated_parts(
    design: DesignArrays, unit: UnitArray, columns: DesignColumns, rows: IntArray
) -> tuple[DesignArrays, UnitArray]:
    """Return the design by parts of its units, and the part of each row; both as they are if not calibrated.

    Parameters
    ----------
    design, unit
        The design, and the sampling unit (n,) of some rows.
    columns
        The design columns.
    rows
        (n,) the numbers of these rows.
    """
    calibration, frame = columns.calibration, columns.frame
    if calibration is None or frame is None:
        return design, unit
    if design.has_clusters:
        parts, part = _of_clusters(design, unit, columns, calibration.cell[rows])
    else:
        parts, part = _of_rows(design, unit, columns, rows), unit
    stratum = design.stratum_of_unit[parts.unit]
    by_part = replace(
        design,
        stratum_end=np.searchsorted(stratum, np.arange(len(design.stratum_end)), side="right").astype(
            np.int64
        ),
        stratum_of_unit=stratum,
        calibration=parts,
    )
    return by_part, part


def _of_clusters(
    design: DesignArrays, unit: UnitArray, columns: DesignColumns, cell: IntArray
) -> tuple[CalibratedParts, UnitArray]:
    """Return the parts of clusters, and the part of each row (n,)."""
    calibration, frame = columns.calibration, columns.frame
    assert calibration is not None and frame is not None and frame.cluster is not None  # noqa: S101, PT018
    frame_stratum = np.zeros(len(frame.rows), np.int64) if frame.stratum is None else frame.stratum
    strata = np.searchsorted(np.unique(frame_stratum), frame_stratum)
    width = int(frame.cluster.max()) + 1
    _, frame_unit = np.unique(strata * width + frame.cluster, return_inverse=True)
    n_cells = len(calibration.cells.factor)
    keys, part_of_entry = np.unique(frame_unit * n_cells + calibration.frame_cell, return_inverse=True)
    weight = np.bincount(part_of_entry, weights=calibration.frame_weight, minlength=len(keys))
    parts = _parts(design, calibration, keys // n_cells, keys % n_cells, weight.astype(np.float64))
    return parts, np.searchsorted(keys, unit.astype(np.int64) * n_cells + cell).astype(np.int32)


def _of_rows(
    design: DesignArrays, unit: UnitArray, columns: DesignColumns, rows: IntArray
) -> CalibratedParts:
    """Return the parts of a design whose rows are the units: every row of the panel is one.

    The units of each stratum that no row here has are those of its other rows in the panel, sorted.
    """
    calibration, frame = columns.calibration, columns.frame
    assert calibration is not None and frame is not None and columns.weight is not None  # noqa: S101, PT018
    weights = columns.weight[rows]
    frame_stratum = np.zeros(len(frame.rows), np.int64) if frame.stratum is None else frame.stratum
    strata = np.searchsorted(np.unique(frame_stratum), frame_stratum)
    stratum = design.stratum_of_unit[unit]
    distinct = np.unique(calibration.frame_weight)
    n_cells = len(calibration.cells.factor)

    def keys_of(strata: IntArray, cell: IntArray, weight: FloatArray) -> IntArray:
        return (strata * n_cells + cell) * len(distinct) + np.searchsorted(distinct, weight)

    keys, entry = np.unique(
        keys_of(strata, calibration.frame_cell, calibration.frame_weight), return_inverse=True
    )
    n_rows = np.bincount(entry, weights=frame.rows, minlength=len(keys)).astype(np.int64)
    here = np.searchsorted(keys, keys_of(stratum, calibration.cell[rows], weights))
    others = np.repeat(keys, n_rows - np.bincount(here, minlength=len(keys)))
    is_free = np.ones(design.n_units, bool)
    is_free[unit] = False
    key = np.empty(design.n_units, np.int64)
    key[unit], key[is_free] = keys[here], others
    cell = key // len(distinct) % n_cells
    return _parts(design, calibration, np.arange(design.n_units), cell, distinct[key % len(distinct)])


def _parts(
    design: DesignArrays, calibration: CalibrationColumns, unit: IntArray, cell: IntArray, weight: FloatArray
) -> CalibratedParts:
    return CalibratedParts(
        cells=calibration.cells,
        unit=unit.astype(np.int64),
        cell=cell.astype(np.int64),
        weight=weight,
        stratum_end=design.stratum_end,
        stratum_of_unit=design.stratum_of_unit,
    )


def sampling_design(design: DesignArrays) -> DesignArrays:
    """Return the design of the sampling units themselves."""
    parts = design.calibration
    if parts is None:
        return design
    return replace(
        design, stratum_end=parts.stratum_end, stratum_of_unit=parts.stratum_of_unit, calibration=None
    )


def sampling_unit_of(unit: UnitArray, design: DesignArrays) -> UnitArray:
    """Return the sampling unit of each row (n,), given its part where weights are calibrated."""
    parts = design.calibration
    return unit if parts is None else parts.unit[unit].astype(np.int32)


def residual_totals(totals: FloatArray, design: DesignArrays) -> FloatArray:
    """Return totals (q, u) of sampling units of the residuals of influence values, from their totals (q, p).

    The residual is z - x'b, b = (sum w x x')^-1 sum w x z with the weights before calibration, and its total
    has the adjusted weights (Deville and Särndal 1992). With balanced weights it is the influence value, and
    what the record adds by changing the factors.
    """
    parts = design.calibration
    if parts is None:
        return totals
    n_cells = len(parts.cells.factor)
    before = parts.weight / parts.cells.factor[parts.cell]
    of_cell = np.bincount(parts.cell, weights=before, minlength=n_cells).astype(np.float64)
    added = _added(parts, before, of_cell)
    by_unit = np.empty((len(totals), len(parts.stratum_of_unit)))
    for row, of_unit in zip(totals, by_unit, strict=True):
        values = np.bincount(parts.cell, weights=row, minlength=n_cells).astype(np.float64)
        residual = row + added(values)
        of_unit[:] = np.bincount(parts.unit, weights=residual, minlength=len(of_unit))
    return by_unit


def _added(
    parts: CalibratedParts, before: FloatArray, of_cell: FloatArray
) -> Callable[[FloatArray], FloatArray]:
    """Return what turns sums of influence values by cell (c,) into what the adjustment adds to parts (p,)."""
    cells = parts.cells
    if isinstance(cells, BalanceCells):
        return lambda values: before * balance_influence(cells, of_cell, values)[parts.cell]
    x, factor = cells.x, cells.factor
    spread, _ = inverse(product(np.ascontiguousarray((x * of_cell[:, None]).T), x))

    def less_the_fit(values: FloatArray) -> FloatArray:
        z = values / factor
        fitted = product(x, product(spread, product(np.ascontiguousarray(x.T), z[:, None])))[:, 0]
        less: FloatArray = -parts.weight * fitted[parts.cell]
        return less

    return less_the_fit
