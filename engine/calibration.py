"""Frozen types of the calibration of weights: what data hand over to statistics, beside `engine.arrays`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.balance import BalanceCells

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationCells:
    """The cells of a calibration: records alike in all of its variables.

    Attributes
    ----------
    x
        (c, k) float64: the calibration variables of each cell, none a combination of the others.
    totals
        (k,) their totals in the population.
    factor
        (c,) what the weights of each cell were multiplied by.
    is_raking
        Whether the factors are exponential; otherwise linear.
    """

    x: FloatArray
    totals: FloatArray
    factor: FloatArray
    is_raking: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedFiles:
    """A panel with calibrated weights, in files beside its own.

    Attributes
    ----------
    parts
        The Parquet files.
    cells
        The cells of the calibration, or of a balance of covariates: then of adjusted weights all the same.
    facts
        What the manifest tells of it.
    """

    parts: tuple[str, ...]
    cells: CalibrationCells | BalanceCells
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationColumns:
    """The calibration of the weights of a sample of N rows, which are adjusted already.

    Attributes
    ----------
    cells
        The cells.
    cell
        (N,) int64: the cell of each row.
    frame_cell, frame_weight
        (m,) cell and sum of adjusted weights of each entry of the `DesignFrame`: its entries are parts of the
        units of the whole panel, those alike in cell, or in cell and weight where rows are the units.
    """

    cells: CalibrationCells | BalanceCells
    cell: IntArray
    frame_cell: IntArray
    frame_weight: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedParts:
    """Parts of the sampling units of the whole panel, in the order of units: each part is of one cell.

    Attributes
    ----------
    cells
        The cells.
    unit, cell
        (p,) int64: the sampling unit and the cell of each part.
    weight
        (p,) sum of its adjusted weights.
    stratum_end, stratum_of_unit
        (h,) and (u,) int64: as in `DesignArrays`, of the sampling units.
    """

    cells: CalibrationCells | BalanceCells
    unit: IntArray
    cell: IntArray
    weight: FloatArray
    stratum_end: IntArray
    stratum_of_unit: IntArray
