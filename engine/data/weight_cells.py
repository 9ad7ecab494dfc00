"""Panel -> the cells of an adjustment of weights: records alike in its variables, and the sums of weights."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.balance import sums_of_cells, unit_of
from engine.data import queries
from engine.data.design_columns import DESIGN_PREFIX
from engine.data.panel import Panel
from engine.data.series import as_floats
from engine.durable import private_file
from engine.errors import DataError, Fault

if TYPE_CHECKING:
    import polars as pl

CELL = f"{DESIGN_PREFIX}calibration"
COVERED, WEIGHT = f"{CELL}_covered", f"{DESIGN_PREFIX}weight"
REPLICATE = f"{DESIGN_PREFIX}replicate_"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVariables:
    """What the cells of an adjustment are made of.

    Attributes
    ----------
    names
        The variables.
    numbers
        Those of them that are numbers; the others are factors.
    covered
        SQL of the records that are adjusted. The others are one cell.
    """

    names: tuple[str, ...]
    numbers: Collection[str]
    covered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightCells:
    """The cells of an adjustment in a panel.

    Attributes
    ----------
    table
        One row for each cell: its variables, whether it is covered, and its number.
    sums
        (c,) sums of weights.
    unit, squares
        A power of 2, and (c,) the sums of the squared weights over this unit.
    replicate_sums
        (r, c) sums of replicate weights, if the data bring any.
    """

    table: pl.DataFrame
    sums: FloatArray
    unit: float
    squares: FloatArray
    replicate_sums: FloatArray


def weight_cells(variables: CellVariables, panel: Panel, place_of: Callable[[str], str]) -> WeightCells:
    """Return the cells of some variables; `place_of` a variable names it in a message.

    Raises
    ------
    DataError
        If a record with a weight that is covered lacks a variable.
    """
    import polars as pl

    keys = pl.concat([_keys(variables, part) for part in panel.records.opened()])
    table = keys.unique().sort(keys.columns, nulls_last=True).with_row_index(CELL)
    cell = keys.join(table, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")[CELL]
    codes = cell.to_numpy().astype(np.int64)
    scan = pl.scan_parquet(panel.records.opened(), glob=False)
    weights = _values(scan, WEIGHT)
    sums = sums_of_cells(weights, codes, table.height)
    names = [name for name in scan.collect_schema().names() if name.startswith(REPLICATE)]
    _refuse_missing(variables, table, codes, sums, place_of)
    replicate_sums = np.empty((len(names), table.height))
    for row, name in zip(replicate_sums, names, strict=True):
        row[:] = sums_of_cells(_values(scan, name), codes, table.height)
    unit = unit_of(weights)
    squares = sums_of_cells((weights / unit) ** 2, codes, table.height)
    return WeightCells(table=table, sums=sums, unit=unit, squares=squares, replicate_sums=replicate_sums)


def write_adjusted(
    variables: CellVariables, panel: Panel, cells: WeightCells, factors: FloatArray, folder: Path
) -> list[Path]:
    """Write the parts of a panel with adjusted weights, and the cell of each record, into a private folder.

    `factors` (1 + r, c) multiply the weight, and each replicate weight, of each cell.
    """
    import polars as pl

    written = []
    for number, part in enumerate(panel.parts, start=1):
        keys = _keys(variables, part)
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


def _keys(variables: CellVariables, part: str) -> pl.DataFrame:
    """Return the variables of each record of a part, and whether it is covered."""
    import polars as pl

    names = list(variables.names)
    frame = pl.scan_parquet(part, glob=False).select(names).collect(engine="in-memory")
    with queries.database() as connection:
        values = queries.rows(connection, "derived_value", {"records": part}, variables.covered)
    inside = [bool(value) for (value,) in values]
    types = [pl.col(name).cast(pl.Float64 if name in variables.numbers else pl.String) for name in names]
    keys = frame.with_columns(types).with_columns(pl.Series(COVERED, inside, dtype=pl.Boolean))
    # Records that are not covered are one cell.
    return keys.with_columns(pl.when(COVERED).then(pl.col(name)).alias(name) for name in names)


def _values(scan: pl.LazyFrame, name: str) -> FloatArray:
    return np.nan_to_num(as_floats(scan.select(name).collect(engine="in-memory")[name]), nan=0.0)


def _refuse_missing(
    variables: CellVariables,
    table: pl.DataFrame,
    codes: IntArray,
    sums: FloatArray,
    place_of: Callable[[str], str],
) -> None:
    covered = table[COVERED].to_numpy()
    for name in variables.names:
        lacking = np.flatnonzero(table[name].is_null().to_numpy() & covered & (sums > 0.0))
        if len(lacking):
            found = f"{int(np.isin(codes, lacking).sum()):,} records with a weight without {name}"
            expected = f"{name} in every record that is adjusted"
            remedy = "Leave them out by `where`, or make a variable without missing values."
            raise DataError(Fault(place_of(name), found, expected, remedy))
