"""Checks the columns of a sample and sorts them once, for every statistic that follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import (
    DesignArrays,
    DesignColumns,
    FloatArray,
    Group,
    IntArray,
    ReplicateWeights,
    SampleArrays,
    TableArrays,
    UnitArray,
)
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

    Without clusters every row is a unit of its own.
    """
    stratum = _checked_ids(columns.stratum, n, columns.name("stratum"))
    strata, stratum = np.unique(stratum, return_inverse=True)
    n_strata = len(strata)
    if columns.cluster is None:
        sizes = np.bincount(stratum, minlength=n_strata)
        unit = np.empty(n, np.int64)
        unit[np.argsort(stratum, kind="stable")] = np.arange(n)
    else:
        cluster = _checked_ids(columns.cluster, n, columns.name("cluster"))
        key = stratum * (int(cluster.max()) + 1) + cluster
        units, unit = np.unique(key, return_inverse=True)
        owner = units // (int(cluster.max()) + 1)
        clusters = units % (int(cluster.max()) + 1)
        shared = len(units) - len(np.unique(clusters))
        if shared and not columns.nested:
            raise DataError(
                f"{columns.name('cluster')}: {shared:,} ids stand in more than one stratum; expected one stratum "
                "for each cluster. Set design.nested = true if ids repeat across strata."
            )
        sizes = np.bincount(owner, minlength=n_strata)
    _refuse_single(sizes, columns)
    design = DesignArrays(
        stratum_end=np.cumsum(sizes).astype(np.int64),
        stratum_of_unit=np.repeat(np.arange(n_strata), sizes).astype(np.int64),
        population=_population(columns, stratum, sizes),
        has_clusters=columns.cluster is not None,
        has_strata=columns.stratum is not None,
        single_psu=columns.single_psu,
    )
    return design, unit.astype(np.int32)


def _refuse_single(sizes: IntArray, columns: DesignColumns) -> None:
    single = int((sizes == 1).sum())
    if single and columns.single_psu == "fail" and (columns.cluster is not None or columns.stratum is not None):
        raise DataError(
            f"{columns.name('stratum')}: {single:,} of {len(sizes):,} strata have a single sampling unit, so "
            "their variance cannot be estimated; expected two or more. Merge strata, or set "
            "design.single_psu = 'adjust' or 'certainty'."
        )


def _population(columns: DesignColumns, stratum: IntArray, sizes: IntArray) -> FloatArray:
    if columns.population is None:
        return np.full(len(sizes), np.inf)
    population = np.zeros(len(sizes))
    population[stratum] = columns.population
    if not np.array_equal(population[stratum], columns.population) or (population < sizes).any():
        raise DataError(
            "design.population: found strata with differing, missing or too small values; expected one number in "
            "each stratum, not below its sampled PSUs. Correct the column or leave it out."
        )
    return population


def checked_outcome(name: str, values: FloatArray, bounds: tuple[float, float] | None) -> FloatArray:
    """Return an outcome after checking that it is finite and inside its theoretical bounds."""
    if count := int(np.isinf(values).sum()):
        raise DataError(
            f"outcome '{name}': found {count:,} infinite values; expected numbers. List their code under missing."
        )
    if bounds is not None:
        with np.errstate(invalid="ignore"):
            count = int(((values < bounds[0]) | (values > bounds[1])).sum())
        if count:
            raise DataError(
                f"outcome '{name}': {count:,} values lie outside its bounds [{bounds[0]:g}, {bounds[1]:g}]; expected "
                "all inside. Correct the bounds, or list codes such as 99 under missing."
            )
    return values


def sort_sample(
    *,
    outcomes: Mapping[str, FloatArray],
    rank: FloatArray,
    rank_name: str,
    columns: DesignColumns,
    group: IntArray | None = None,
    groups: tuple[Group, ...] = (Group(),),
    canonical: bool = True,
) -> SampleArrays:
    """Keep the rows that can be ranked and sort them by group and rank.

    Parameters
    ----------
    outcomes
        Name -> (N,) values, NaN where missing.
    rank
        (N,) values of the ranking variable, NaN where missing.
    rank_name
        Its name.
    columns
        The design columns.
    group
        (N,) number of each row's group, -1 for none; None puts all rows into one.
    groups
        The groups.
    canonical
        Order ties by all that tells rows apart, so that replicates which draw rows do not depend on the
        order of the file.

    Returns
    -------
    SampleArrays
        Rows without rank, group or any outcome, or of weight 0, are left out; the design still counts their
        units, as a domain of the sample should.
    """
    n_all = rank.shape[0]
    if n_all == 0:
        raise DataError("sample: found no rows; expected at least two. Which sample rule leaves none?")
    weight = checked_weights(columns, n_all)
    design, unit = sampling_units(columns, n_all)
    if np.isinf(rank).any():
        raise DataError(f"rank '{rank_name}': found infinite values; expected numbers. List their code under missing.")
    number = np.zeros(n_all, np.int64) if group is None else group
    keep = (weight > 0) & (number >= 0) & ~np.isnan(rank)
    keep &= ~np.all([np.isnan(values) for values in outcomes.values()], axis=0)
    kept = np.flatnonzero(keep)
    keys: list[NDArray[Any]] = [rank[kept], number[kept]]
    if canonical:
        block = unit[kept] if design.has_clusters else design.stratum_of_unit[unit[kept]]
        keys = [block, weight[kept], *(values[kept] for values in outcomes.values()), *keys]
    order = kept[np.lexsort(keys)]
    sorted_rank, sorted_group = rank[order], number[order]
    new = np.ones(len(order), np.int64)
    new[1:] = (sorted_rank[1:] != sorted_rank[:-1]) | (sorted_group[1:] != sorted_group[:-1])
    given = columns.replicate_weights
    return SampleArrays(
        rank=np.cumsum(new),
        weight=np.ascontiguousarray(weight[order]),
        unit=_sorted_units(unit[order], design),
        outcomes=np.ascontiguousarray([values[order] for values in outcomes.values()]),
        outcome_names=tuple(outcomes),
        rank_name=rank_name,
        groups=groups,
        group_start=np.searchsorted(sorted_group, np.arange(len(groups) + 1)).astype(np.int64),
        design=design,
        replicate_weights=None
        if given is None
        else ReplicateWeights(
            values=np.ascontiguousarray(given.values[:, order]),
            factors=given.factors, centre=given.centre, is_bootstrap=given.is_bootstrap,
        ),
    )  # fmt: skip


def _sorted_units(unit: UnitArray, design: DesignArrays) -> UnitArray:
    """Renumber row units in sorted order inside their stratum, so that draws do not depend on the file's order."""
    if design.has_clusters:
        return np.ascontiguousarray(unit)
    stratum = design.stratum_of_unit[unit]
    start = design.stratum_end - design.stratum_sizes
    order = np.argsort(stratum, kind="stable")
    counts = np.bincount(stratum, minlength=len(start))
    within = np.arange(len(unit)) - np.repeat(np.cumsum(counts) - counts, counts)
    renumbered = np.empty(len(unit), np.int32)
    renumbered[order] = start[stratum[order]] + within
    return renumbered


def table_arrays(columns: DesignColumns, group: IntArray, groups: tuple[Group, ...]) -> TableArrays:
    """Take the rows of positive weight for tables; group (N,) is -1 for rows in none.

    Rows of weight 0 keep their place, without weight, so that variables of all N rows still fit.
    """
    n = group.shape[0]
    if n == 0:
        raise DataError("sample: found no rows; expected at least one. Which sample rule leaves none?")
    weight = checked_weights(columns, n)
    design, unit = sampling_units(columns, n)
    number = np.where(weight > 0, group, -1).astype(np.int32)
    return TableArrays(weight=weight, unit=unit, group=number, groups=groups, design=design)
