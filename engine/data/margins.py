"""The margins of a calibration: the cells of a panel that each total belongs to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.data.derived_specs import expression_columns
from engine.data.expressions import check_rule
from engine.data.panel import Panel
from engine.data.series import as_floats
from engine.data.weight_cells import COVERED, CellVariables, WeightCells, weight_cells
from engine.errors import DataError, Fault, StudyError
from engine.study import StudySpec
from engine.study.calibration import PLACE, CalibrationSpec


def margin_variables(spec: StudySpec, calibration: CalibrationSpec) -> CellVariables:
    """Return what the cells of a calibration are made of.

    Raises
    ------
    StudyError
        If `where` is no condition over the study's variables.
    """
    numbers = {margin.number for margin in calibration.margins if margin.number is not None}
    return CellVariables(names=calibration.variables, numbers=numbers, covered=_condition(spec, calibration))


def read_margins(variables: CellVariables, calibration: CalibrationSpec, panel: Panel) -> WeightCells:
    """Return the cells of the calibration of a study.

    Raises
    ------
    DataError
        If a record with a weight that the totals cover lacks a variable of a margin.
    """

    def place_of(name: str) -> str:
        number = next(
            number
            for number, margin in enumerate(calibration.margins, start=1)
            if name in (*margin.by, margin.number)
        )
        return f"{PLACE}.margins[{number}] '{calibration.margins[number - 1].name}'"

    return weight_cells(variables, panel, place_of)


def margin_rows(calibration: CalibrationSpec, cells: WeightCells) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield of each margin: the row of its totals (c,) that each cell belongs to, -1 for none, and x (c,).

    Raises
    ------
    DataError
        If a level with people has no total, or a total has no people.
    """
    covered, has_people = cells.table[COVERED].to_numpy(), cells.sums > 0.0
    for number, margin in enumerate(calibration.margins, start=1):
        place = f"{PLACE}.margins[{number}] '{margin.name}'"
        row_of = {tuple(map(str, row[:-1])): k for k, row in enumerate(margin.totals)}
        levels = cells.table.select(margin.by).rows() if margin.by else [()] * cells.table.height
        place_of = np.array([row_of.get(tuple(map(str, level)), -1) for level in levels], np.int64)
        place_of[~covered] = -1
        for without in np.flatnonzero(covered & has_people & (place_of < 0)):
            found = f"no total of {', '.join(map(str, levels[without]))}, which records have"
            raise DataError(Fault(place, found, "a total for every level", "Add it, or use where."))
        for k in set(row_of.values()) - set(place_of[has_people].tolist()):
            found = f"nobody in {', '.join(map(str, margin.totals[k][:-1])) or 'the records'}"
            raise DataError(Fault(place, found, "people behind every total", "Combine levels."))
        x = np.ones(cells.table.height) if margin.number is None else as_floats(cells.table[margin.number])
        yield place_of, np.where(place_of >= 0, x, 0.0)


def _condition(spec: StudySpec, calibration: CalibrationSpec) -> str:
    if calibration.where is None:
        return "TRUE"
    condition = check_rule(f"{PLACE}.where", calibration.where, expression_columns(spec))
    if isinstance(condition, Fault):
        raise StudyError(spec.study.name, (condition,))
    return condition
