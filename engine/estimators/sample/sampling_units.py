"""Checks the design columns of a sample and numbers its sampling units."""

from __future__ import annotations

import numpy as np

from engine.arrays import DesignArrays, DesignColumns, DesignFrame, FloatArray, IntArray, UnitArray
from engine.errors import DataError


def checked_weights(columns: DesignColumns, n: int) -> FloatArray:
    """Return the weights of all rows, or say what is wrong with them."""
    if columns.weight is None:
        return np.ones(n)
    weight, place = columns.weight, columns.name("weight")
    for bad, what in (
        (~np.isfinite(weight), "missing or infinite weights"),
        (weight < 0, "negative weights"),
    ):
        if count := int(bad.sum()):
            row = int(np.flatnonzero(bad)[0]) + 1
            raise DataError(
                f"{place}: found {count:,} {what}, the first in row {row:,} of the sample; expected a number "
                "of 0 or more in every row. Drop these rows by a sample rule, or correct the file."
            )
    if not weight.any():
        raise DataError(f"{place}: all {n:,} weights are 0; expected some above 0. Is it the right column?")
    return weight


def _checked_ids(codes: IntArray | None, n: int, place: str) -> IntArray:
    if codes is None:
        return np.zeros(n, np.int64)
    if missing := int((codes < 0).sum()):
        raise DataError(
            f"{place}: {missing:,} of {n:,} rows have none; expected one in every row. "
            "Drop these rows by a sample rule, or correct the file."
        )
    return codes


def sampling_units(columns: DesignColumns, n: int) -> tuple[DesignArrays, UnitArray]:
    """Number the sampling units by stratum and id; returns the design and the unit (N,) of each row.

    Without clusters every row is a unit of its own. Units of the panel that have no row in the sample count.
    """
    codes = _checked_ids(columns.stratum, n, columns.name("stratum"))
    frame = columns.frame or DesignFrame(
        stratum=columns.stratum, cluster=columns.cluster, rows=np.ones(n, np.int64)
    )
    every = np.zeros(len(frame.rows), np.int64) if frame.stratum is None else frame.stratum
    strata = np.unique(every)
    stratum, every = np.searchsorted(strata, codes), np.searchsorted(strata, every)
    if columns.cluster is None or frame.cluster is None:
        sizes = np.bincount(every, weights=frame.rows, minlength=len(strata)).astype(np.int64)
        unit = row_units(stratum, sizes)
    else:
        cluster = _checked_ids(columns.cluster, n, columns.name("cluster"))
        width = int(frame.cluster.max()) + 1
        units = np.unique(every * width + frame.cluster)
        unit = np.searchsorted(units, stratum * width + cluster)
        shared = len(units) - len(np.unique(units % width))
        if shared and not columns.nested:
            raise DataError(
                f"{columns.name('cluster')}: {shared:,} ids stand in more than one stratum; expected one stratum "
                "for each cluster. Set design.nested = true if ids repeat across strata."
            )
        sizes = np.bincount(units // width, minlength=len(strata))
    _refuse_single(sizes[np.unique(stratum)], columns)
    design = DesignArrays(
        stratum_end=np.cumsum(sizes).astype(np.int64),
        stratum_of_unit=np.repeat(np.arange(len(strata)), sizes).astype(np.int64),
        population=_population(columns, stratum, sizes),
        has_clusters=columns.cluster is not None,
        has_strata=columns.stratum is not None,
        single_psu=columns.single_psu,
    )
    return design, unit.astype(np.int32)


def row_units(stratum: IntArray, sizes: IntArray) -> IntArray:
    """Number rows (n,) as units of their own: in their order, from the start of their stratum of `sizes` (h,)."""
    order = np.argsort(stratum, kind="stable")
    counts = np.bincount(stratum, minlength=len(sizes))
    within = np.arange(len(stratum)) - np.repeat(np.cumsum(counts) - counts, counts)
    unit = np.empty(len(stratum), np.int64)
    unit[order] = (np.cumsum(sizes) - sizes)[stratum[order]] + within
    return unit


def _refuse_single(sizes: IntArray, columns: DesignColumns) -> None:
    single = int((sizes == 1).sum())
    if (
        single
        and columns.single_psu == "fail"
        and (columns.cluster is not None or columns.stratum is not None)
    ):
        if columns.stratum is None:
            raise DataError(
                f"{columns.name('cluster')}: all rows belong to one cluster, so the variance cannot be estimated; "
                "expected two or more. Is it the right column?"
            )
        raise DataError(
            f"{columns.name('stratum')}: {single:,} of {len(sizes):,} strata have a single sampling unit, so "
            "their variance cannot be estimated; expected two or more. Merge strata, or set "
            "design.single_psu = 'adjust' or 'certainty'."
        )


def _population(columns: DesignColumns, stratum: IntArray, sizes: IntArray) -> FloatArray:
    if columns.population is None:
        return np.full(len(sizes), np.inf)
    population = np.full(len(sizes), np.inf)
    population[stratum] = columns.population
    if not np.array_equal(population[stratum], columns.population) or (population < sizes).any():
        raise DataError(
            "design.population: found strata with differing, missing or too small values; expected one number in "
            "each stratum, not below its sampled PSUs. Correct the column or leave it out."
        )
    return population
