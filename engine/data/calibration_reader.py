"""Calibrated panel -> the cell of each row of a sample, and the parts of all sampling units by cell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import DesignColumns, DesignFrame
from engine.balance import BalanceCells
from engine.calibration import CalibrationCells, CalibrationColumns
from engine.data.design_reader import ids_of
from engine.data.series import as_codes, as_floats
from engine.data.weight_cells import CELL, WEIGHT
from engine.errors import DataError, Fault
from engine.study import DesignSpec

if TYPE_CHECKING:
    import polars as pl


def with_calibration(
    columns: DesignColumns,
    design: DesignSpec,
    cells: CalibrationCells | BalanceCells,
    sample: pl.LazyFrame,
    panel: pl.LazyFrame,
) -> DesignColumns:
    """Return design columns with the calibration of their weights.

    Replicate weights that came with the data carry it themselves.
    """
    if design.replicate_weights is not None:
        return columns
    import polars as pl

    rows = sample.select(CELL).collect(engine="in-memory")[CELL].to_numpy().astype(np.int64)
    ids = ids_of(design, panel).collect(engine="in-memory")
    weights = panel.select(CELL, WEIGHT).collect(engine="in-memory")
    complete = weights.hstack(ids).drop_nulls(ids.columns)
    _refuse_missing_ids(f"design.{design.adjustment}", weights.hstack(ids), complete)
    enums = {role: pl.Enum(ids[role].drop_nulls().unique().sort()) for role in ids.columns}
    codes = {role: as_codes(complete[role].cast(enums[role])) for role in ids.columns}
    weight = np.nan_to_num(as_floats(complete[WEIGHT]), nan=0.0)
    cell = complete[CELL].to_numpy().astype(np.int64)
    keys = [weight, cell, *reversed(codes.values())]
    # Rows that are units themselves differ in their weights too.
    same = keys[1:] if "cluster" in codes else keys
    order = np.lexsort(keys)
    is_first = np.zeros(len(order), bool)
    is_first[:1] = True
    for key in same:
        is_first[1:] |= np.diff(key[order]) != 0
    first = np.flatnonzero(is_first)
    kept = order[first]
    of_units = DesignFrame(
        stratum=codes["stratum"][kept] if "stratum" in codes else None,
        cluster=codes["cluster"][kept] if "cluster" in codes else None,
        rows=np.diff(first, append=len(order)).astype(np.int64),
    )
    by_rows = "cluster" not in codes
    calibration = CalibrationColumns(
        cells=cells,
        cell=rows,
        frame_cell=cell[kept],
        frame_weight=weight[kept] if by_rows else np.add.reduceat(weight[order], first),
    )
    return replace(columns, frame=of_units, calibration=calibration)


def _refuse_missing_ids(place: str, records: pl.DataFrame, complete: pl.DataFrame) -> None:
    """Refuse records with a weight that belong to no stratum or cluster: replicates could not draw them."""
    import polars as pl

    count = (records.filter(pl.col(WEIGHT) > 0.0).height) - complete.filter(pl.col(WEIGHT) > 0.0).height
    if count:
        found = f"{count:,} records with a weight and without stratum or cluster"
        expected = "both in every record, also in those that sample rules leave out"
        raise DataError(Fault(place, found, expected, "Correct the file, or set their weight to 0."))
