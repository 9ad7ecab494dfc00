"""Checks the design columns of a sample and numbers its sampling units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.arrays import DesignArrays, DesignColumns, DesignFrame, FloatArray, IntArray, UnitArray
from engine.errors import DataError
from engine.estimators.sample.calibrated_parts import sampling_design, sampling_unit_of

_UNITS_MARKED_PER_ROW_SORTED = 64  # marking a unit costs so much less than sorting a row


def checked_weights(columns: DesignColumns, n: int) -> FloatArray:
    """Return the weights (n,) of all rows, 1 without a weight column.

    Raises
    ------
    DataError
        If a weight is missing, infinite or negative, or all are 0.
    """
    if columns.weight is None:
        return np.ones(n)
    weight, place = columns.weight, columns.name("weight")
    for is_bad, what in (
        (~np.isfinite(weight), "missing or infinite weights"),
        (weight < 0, "negative weights"),
    ):
        if count := int(is_bad.sum()):
            row = int(np.flatnonzero(is_bad)[0]) + 1
            raise DataError(
                f"{place}: found {count:,} {what}, the first in row {row:,} of the sample; expected a number "
                "of 0 or more in every row. Drop these rows by a sample rule, or correct the file."
            )
    if not weight.any():
        raise DataError(f"{place}: all {n:,} weights are 0; expected some above 0. Is it the right column?")
    return weight


EXTREME = 300
"""Powers of 2 beyond which weights are scaled, so that their squares and sums neither overflow nor vanish."""


def scaled_weights(weight: FloatArray) -> tuple[FloatArray, float]:
    """Return weights (n,) that can be squared and added up, and what each stands for.

    Only weights around 1e-90 or less, or 1e90 or more, are scaled, by a power of 2, which rounds nothing. No
    index, mean or rate depends on the scale.

    Examples
    --------
    >>> weight, scale = scaled_weights(np.array([1e300, 2e300]))
    >>> weight * scale
    array([1.e+300, 2.e+300])
    """
    exponent = int(np.frexp(weight.max(initial=0.0))[1])
    if abs(exponent) <= EXTREME:
        return weight, 1.0
    return np.ldexp(weight, -exponent), float(np.ldexp(1.0, exponent))


def sampling_units(columns: DesignColumns, n: int) -> tuple[DesignArrays, UnitArray]:
    """Number the sampling units by stratum and id; return the design and each row's unit (N,).

    Without clusters every row is a unit. Units of the panel that have no row in the sample count too.
    """
    codes = _checked_ids(columns.stratum, n, columns.name("stratum"))
    frame = columns.frame or _frame_of_rows(columns, n)
    frame_codes = np.zeros(len(frame.rows), np.int64) if frame.stratum is None else frame.stratum
    strata = np.unique(frame_codes)
    stratum, frame_stratum = np.searchsorted(strata, codes), np.searchsorted(strata, frame_codes)
    if columns.cluster is None or frame.cluster is None:
        sizes = np.bincount(frame_stratum, weights=frame.rows, minlength=len(strata)).astype(np.int64)
        unit = row_units(stratum, sizes)
    else:
        unit, sizes = _cluster_units(columns, stratum, frame_stratum, frame.cluster, len(strata))
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
    """Make every row (n,) a unit: number the rows in their order, from the start of their stratum.

    `sizes` (h,) is how many units each stratum has.
    """
    order = np.argsort(stratum, kind="stable")
    counts = np.bincount(stratum, minlength=len(sizes))
    within = np.arange(len(stratum)) - np.repeat(np.cumsum(counts) - counts, counts)
    unit = np.empty(len(stratum), np.int64)
    unit[order] = (np.cumsum(sizes) - sizes)[stratum[order]] + within
    return unit


def units_and_degrees(units: Sequence[UnitArray], design: DesignArrays) -> tuple[int, int]:
    """Return how many sampling units have rows in any of the groups, and their degrees of freedom.

    `units` holds the units (n,) of each group's rows. Degrees of freedom are units minus their strata.
    """
    distinct = distinct_units([sampling_unit_of(unit, design) for unit in units], sampling_design(design))
    return len(distinct), degrees_of(distinct, sampling_design(design))


def distinct_units(units: Sequence[UnitArray], design: DesignArrays) -> IntArray:
    """Return the sampling units (m,) that have rows in any of the groups, in their order.

    Rows are marked among all units, which is far cheaper than to sort them, unless they are very few.
    """
    if sum(map(len, units)) < design.n_units // _UNITS_MARKED_PER_ROW_SORTED:
        return np.unique(np.concatenate(units)).astype(np.int64)
    has_rows = np.zeros(design.n_units, bool)
    for unit in units:
        has_rows[unit] = True
    return np.flatnonzero(has_rows).astype(np.int64)


def degrees_of(units: IntArray, design: DesignArrays) -> int:
    """Return the degrees of freedom of distinct units (m,) in their order: units minus their strata."""
    stratum = design.stratum_of_unit[units]
    n_strata = int((stratum[1:] != stratum[:-1]).sum()) + (len(stratum) > 0)
    return len(units) - n_strata


def _checked_ids(codes: IntArray | None, n: int, place: str) -> IntArray:
    if codes is None:
        return np.zeros(n, np.int64)
    if missing := int((codes < 0).sum()):
        raise DataError(
            f"{place}: {missing:,} of {n:,} rows have none; expected one in every row. "
            "Drop these rows by a sample rule, or correct the file."
        )
    return codes


def _frame_of_rows(columns: DesignColumns, n: int) -> DesignFrame:
    return DesignFrame(stratum=columns.stratum, cluster=columns.cluster, rows=np.ones(n, np.int64))


def _cluster_units(
    columns: DesignColumns, stratum: IntArray, frame_stratum: IntArray, frame_cluster: IntArray, n_strata: int
) -> tuple[IntArray, IntArray]:
    """Number the clusters of the frame by stratum and id.

    Returns each row's unit (n,) and how many units each stratum has (h,).
    """
    cluster = _checked_ids(columns.cluster, len(stratum), columns.name("cluster"))
    width = int(frame_cluster.max()) + 1
    units = np.unique(frame_stratum * width + frame_cluster)
    shared = len(units) - len(np.unique(units % width))
    if shared and not columns.nested:
        raise DataError(
            f"{columns.name('cluster')}: {shared:,} ids stand in more than one stratum; expected one stratum "
            "for each cluster. Set design.nested = true if ids repeat across strata."
        )
    unit = np.searchsorted(units, stratum * width + cluster)
    return unit, np.bincount(units // width, minlength=n_strata)


def _refuse_single(sizes: IntArray, columns: DesignColumns) -> None:
    """Refuse strata of a single unit (sizes (h,) of those with rows), unless the study says what they do."""
    single = int((sizes == 1).sum())
    has_design = columns.cluster is not None or columns.stratum is not None
    if not (single and has_design and columns.single_psu == "fail"):
        return
    if columns.replicate_weights is not None:  # errors come from these, not from strata and clusters
        return
    if columns.stratum is None:
        raise DataError(
            f"{columns.name('cluster')}: all rows belong to one cluster, so the variance cannot be "
            "estimated; expected two or more. Is it the right column?"
        )
    raise DataError(
        f"{columns.name('stratum')}: {single:,} of {len(sizes):,} strata have a single sampling unit, so "
        "their variance cannot be estimated; expected two or more. Merge strata, or set "
        "design.single_psu = 'adjust' or 'certainty'."
    )


def _population(columns: DesignColumns, stratum: IntArray, sizes: IntArray) -> FloatArray:
    """Return how many units each stratum (h,) has in the population, infinite without a correction."""
    if columns.population is None:
        return np.full(len(sizes), np.inf)
    population = np.full(len(sizes), np.inf)
    population[stratum] = columns.population
    if not np.array_equal(population[stratum], columns.population) or (population < sizes).any():
        raise DataError(
            "design.population: found strata with differing, missing or too small values; expected one "
            "number in each stratum, not below its sampled PSUs. Correct the column or leave it out."
        )
    return population
