"""Panel -> the cells of a calibration: records alike in its variables, and the sums of their weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.data import queries
from engine.data.derived_specs import expression_columns
from engine.data.design_columns import DESIGN_PREFIX
from engine.data.expressions import check_rule
from engine.data.panel import Panel
from engine.data.series import as_floats
from engine.durable import private_file
from engine.errors import DataError, Fault, StudyError
from engine.study import StudySpec
from engine.study.calibration import PLACE, CalibrationSpec

if TYPE_CHECKING:
    import polars as pl

CELL = f"{DESIGN_PREFIX}calibration"
COVERED, WEIGHT = f"{CELL}_covered", f"{DESIGN_PREFIX}weight"
REPLICATE = f"{DESIGN_PREFIX}replicate_"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginCells:
    """The cells of a calibration in a panel.

    Attributes
    ----------
    table
        One row for each cell: its variables, whether the totals cover it, and its number.
    sums
        (c,) sums of weights.
    replicate_sums
        (r, c) sums of replicate weights, if the data bring any.
    """

    table: pl.DataFrame
    sums: FloatArray
    replicate_sums: FloatArray


def read_margins(spec: StudySpec, calibration: CalibrationSpec, panel: Panel) -> MarginCells:
    """Return the cells of the calibration of a study.

    Raises
    ------
    StudyError
        If `where` is no condition over the study's variables.
    DataError
        If a record with a weight that the totals cover lacks a variable of a margin.
    """
    import polars as pl

    covered = _condition(spec, calibration)
    keys = pl.concat([_keys(calibration, part, covered) for part in panel.records.opened()])
    table = keys.unique().sort(keys.columns, nulls_last=True).with_row_index(CELL)
    cell = keys.join(table, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")[CELL]
    codes = cell.to_numpy().astype(np.int64)
    scan = pl.scan_parquet(panel.records.opened(), glob=False)
    sums = _sums(scan, WEIGHT, codes, table.height)
    names = [name for name in scan.collect_schema().names() if name.startswith(REPLICATE)]
    _refuse_missing(calibration, table, codes, sums)
    replicate_sums = np.empty((len(names), table.height))
    for row, name in zip(replicate_sums, names, strict=True):
        row[:] = _sums(scan, name, codes, table.height)
    return MarginCells(table=table, sums=sums, replicate_sums=replicate_sums)


def write_calibrated(
    calibration: CalibrationSpec,
    spec: StudySpec,
    panel: Panel,
    cells: MarginCells,
    factors: FloatArray,
    folder: Path,
) -> list[Path]:
    """Write the parts of a panel with adjusted weights, and the cell of each record, into a private folder.

    `factors` (1 + r, c) multiply the weight, and each replicate weight, of each cell.
    """
    import polars as pl

    covered, written = _condition(spec, calibration), []
    for number, part in enumerate(panel.parts, start=1):
        keys = _keys(calibration, part, covered)
        frame = pl.scan_parquet(part, glob=False).collect(engine="in-memory")
        cell = keys.join(cells.table, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")[
            CELL
        ]
        codes = cell.to_numpy()
        names = [WEIGHT, *(name for name in frame.columns if name.startswith(REPLICATE))]
        adjusted = [
            (frame[name].cast(pl.Float64) * pl.Series(of_cell[codes])).alias(name)
            for name, of_cell in zip(names, factors, strict=True)
        ]
        path = folder / f"calibrated-{number}.parquet"
        private_file(path)
        frame.with_columns(*adjusted, cell.cast(pl.Int64).alias(CELL)).write_parquet(path, compression="zstd")
        written.append(path)
    return written


def margin_rows(calibration: CalibrationSpec, cells: MarginCells) -> Iterator[tuple[IntArray, FloatArray]]:
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


def _keys(calibration: CalibrationSpec, part: str, covered: str) -> pl.DataFrame:
    """Return the variables of the calibration of each record of a part, and whether the totals cover it."""
    import polars as pl

    names = list(calibration.variables)
    numbers = {margin.number for margin in calibration.margins}
    frame = pl.scan_parquet(part, glob=False).select(names).collect(engine="in-memory")
    with queries.database() as connection:
        values = queries.rows(connection, "derived_value", {"records": part}, covered)
    inside = [bool(value) for (value,) in values]
    types = [pl.col(name).cast(pl.Float64 if name in numbers else pl.String) for name in names]
    keys = frame.with_columns(types).with_columns(pl.Series(COVERED, inside, dtype=pl.Boolean))
    # Records that the totals do not cover are one cell.
    return keys.with_columns(pl.when(COVERED).then(pl.col(name)).alias(name) for name in names)


def _sums(scan: pl.LazyFrame, name: str, codes: IntArray, n_cells: int) -> FloatArray:
    """Return the sum of weights of each cell (c,), which does not depend on the order of the records."""
    values = np.nan_to_num(as_floats(scan.select(name).collect(engine="in-memory")[name]), nan=0.0)
    order = np.lexsort((values, codes))
    sums = np.zeros(n_cells)
    if len(codes):
        first = np.flatnonzero(np.diff(codes[order], prepend=-1))
        sums[codes[order][first]] = np.add.reduceat(values[order], first)
    return sums


def _refuse_missing(
    calibration: CalibrationSpec, table: pl.DataFrame, codes: IntArray, sums: FloatArray
) -> None:
    covered = table[COVERED].to_numpy()
    for number, margin in enumerate(calibration.margins, start=1):
        for name in (*margin.by, *([margin.number] if margin.number else [])):
            lacking = np.flatnonzero(table[name].is_null().to_numpy() & covered & (sums > 0.0))
            if len(lacking):
                found = f"{int(np.isin(codes, lacking).sum()):,} records with a weight without {name}"
                raise DataError(
                    Fault(
                        f"{PLACE}.margins[{number}] '{margin.name}'",
                        found,
                        f"{name} in every record that the totals cover",
                        f"Give {PLACE}.where, or make a variable without missing values.",
                    )
                )
