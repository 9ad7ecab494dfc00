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
from engine.estimators.sample.sampling_units import checked_weights, row_units, sampling_units


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
        raise DataError(
            f"rank '{rank_name}': found infinite values; expected numbers. List their code under missing."
        )
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
        order=order,
        replicate_weights=None
        if given is None
        else ReplicateWeights(
            values=np.ascontiguousarray(given.values[:, order]),
            factors=given.factors,
            centre=given.centre,
            is_bootstrap=given.is_bootstrap,
        ),
    )


def _sorted_units(unit: UnitArray, design: DesignArrays) -> UnitArray:
    """Renumber row units in sorted order inside their stratum, so that draws do not depend on the file's order."""
    if design.has_clusters:
        return np.ascontiguousarray(unit)
    return row_units(design.stratum_of_unit[unit], design.stratum_sizes).astype(np.int32)


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
