"""Calibrates the weights of a panel to the totals that the study states, before anything uses them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.calibration import CalibratedFiles, CalibrationCells, FloatArray
from engine.errors import DataError, Fault
from engine.study import StudySpec
from engine.study.calibration import PLACE, CalibrationSpec

if TYPE_CHECKING:
    from engine.data.panel import Panel
    from engine.data.weight_cells import WeightCells

DEPENDENT = 1e-9  # squared share of a column that the others leave
SAME_TOTAL = 1e-8


def calibrate(spec: StudySpec, panel: Panel, folder: Path) -> Panel:
    """Return a panel with calibrated or balanced weights, in a private folder; the panel itself without any.

    Raises
    ------
    StudyError, DataError
        If a margin does not fit the records, or no weights meet the totals or balance the covariates.
    """
    from engine.data.margins import margin_variables, read_margins
    from engine.data.weight_cells import write_adjusted

    calibration = spec.design.calibration
    if spec.design.balance is not None:
        from engine.batch.balancing import balance

        return balance(spec, spec.design.balance, panel, folder)
    if calibration is None:
        return panel
    variables = margin_variables(spec, calibration)
    found = read_margins(variables, calibration, panel)
    x, totals = _independent(_columns(calibration, found), found.sums)
    is_raking = calibration.method == "raking"
    factor, steps = _factors(found.sums, x, totals, is_raking=is_raking)
    cells = CalibrationCells(x=x, totals=totals, factor=factor, is_raking=is_raking)
    factors = np.vstack([factor[None, :], _of_replicates(found.replicate_sums, cells)])
    written = write_adjusted(variables, panel, found, factors, folder)
    facts = _facts(calibration, found, cells, steps)
    files = CalibratedFiles(parts=tuple(map(str, written)), cells=cells, facts=facts)
    return replace(panel, calibrated=files)


def _facts(
    calibration: CalibrationSpec, found: WeightCells, cells: CalibrationCells, steps: int
) -> dict[str, Any]:
    used = cells.factor[found.sums > 0.0]
    return {
        "method": calibration.method,
        "margins": [margin.name for margin in calibration.margins],
        "source": calibration.source,
        "rounds": steps,
        "smallest_factor": float(used.min()),
        "largest_factor": float(used.max()),
        "sum_of_weights": [float(found.sums.sum()), float((found.sums * cells.factor).sum())],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A calibration variable (c,), the total it has to meet, and the place and number of its margin."""

    x: FloatArray
    total: float
    place: str
    margin: int


def _columns(calibration: CalibrationSpec, found: WeightCells) -> Iterator[_Column]:
    from engine.data.margins import margin_rows

    for number, (row_of, x) in enumerate(margin_rows(calibration, found), start=1):
        margin = calibration.margins[number - 1]
        place = f"{PLACE}.margins[{number}] '{margin.name}'"
        for k, row in enumerate(margin.totals):
            yield _Column(x=np.where(row_of == k, x, 0.0), total=float(row[-1]), place=place, margin=number)


def _independent(columns: Iterator[_Column], sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return independent calibration variables (c, k) of order 1 and their totals (k,), of the same margins.

    The levels of several factors add up to the same people, so that some columns follow from others.

    Raises
    ------
    DataError
        If the total of such a column is another than follows, or a whole margin follows from the others.
    """
    kept: list[FloatArray] = []
    basis: list[
        tuple[FloatArray, float]
    ] = []  # orthogonal columns in the weights of the sample, their totals
    totals: list[float] = []
    places: dict[int, tuple[str, bool]] = {}
    for column in columns:
        scale = float(np.abs(column.x[sums > 0.0]).max(initial=0.0)) or 1.0
        x, total = column.x / scale, column.total / scale
        rest, rest_total = x.copy(), total
        for vector, of_vector in basis * 2:  # twice: the second pass takes out what rounding left
            share = float((sums * rest * vector).sum())
            rest, rest_total = rest - share * vector, rest_total - share * of_vector
        size, left = float((sums * x * x).sum()), float((sums * rest * rest).sum())
        adds = left > DEPENDENT * size
        place, before = places.get(column.margin, (column.place, False))
        places[column.margin] = place, before or adds
        if adds:
            norm = np.sqrt(left)
            basis.append((rest / norm, rest_total / norm))
            kept.append(x)
            totals.append(total)
        elif abs(rest_total) > SAME_TOTAL * max(abs(total), 1.0):
            follows = (total - rest_total) * scale
            stated = f"a total of {column.total:,.10g} where {follows:,.10g} follows from the margins before"
            raise DataError(Fault(place, stated, "totals of one population", "Correct the totals."))
    for place, adds in places.values():
        if not adds:
            found = "a margin whose totals follow from those of the others"
            raise DataError(Fault(place, found, "margins that each add something", "Leave it out."))
    return np.ascontiguousarray(np.column_stack(kept)), np.array(totals)


def _factors(
    sums: FloatArray, x: FloatArray, totals: FloatArray, *, is_raking: bool
) -> tuple[FloatArray, int]:
    """Return the factor of each cell (c,), 1 where nobody is, and the number of steps."""
    from engine.kernels.survey.calibration import Constraints, calibration_factors

    factor = np.ones(len(sums))
    steps = calibration_factors(sums, Constraints(x=x, totals=totals, is_raking=is_raking), factor)
    if steps < 0 or not np.isfinite(factor).all():
        found = "no weights that meet all totals"
        raise DataError(
            Fault(PLACE, found, "totals that such records can have", "Correct them, or combine levels.")
        )
    if count := int(((factor <= 0.0) & (sums > 0.0)).sum()):
        found = f"weights of 0 or less in {count:,} kinds of records after linear calibration"
        raise DataError(Fault(f"{PLACE}.method", found, "weights above 0", "Use method = 'raking'."))
    return np.where(sums > 0.0, factor, 1.0), steps


def _of_replicates(sums: FloatArray, cells: CalibrationCells) -> FloatArray:
    """Return the factors (r, c) of replicate weights that came with the data."""
    from engine.kernels.survey.calibration import Constraints, replicate_factors

    factors = np.ones(sums.shape)
    constraints = Constraints(x=cells.x, totals=cells.totals, is_raking=cells.is_raking)
    replicate_factors(sums, constraints, factors)
    failed = int((~np.isfinite(factors)).any(axis=1).sum()) if len(factors) else 0
    if failed:
        found = f"{failed:,} replicate weights that cannot meet the totals with weights of 0 or more"
        raise DataError(Fault(PLACE, found, "none", "Combine levels, or use method = 'raking'."))
    return factors
