"""Checks the columns of a sample and sorts them once, for every statistic that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from engine.estimators.sample.calibrated_parts import calibrated_parts
from engine.estimators.sample.sampling_units import checked_weights, row_units, sampling_units, scaled_weights


def checked_outcome(
    name: str, values: FloatArray, bounds: tuple[float, float] | None, count: IntArray | None = None
) -> FloatArray:
    """Return an outcome (n,) unchanged; missing values are NaN. `count` is how many people each stands for.

    Raises
    ------
    DataError
        If a value is infinite or lies outside the theoretical bounds.
    """
    if n_infinite := _number(np.isinf(values), count):
        raise DataError(
            f"outcome '{name}': found {n_infinite:,} infinite values; expected numbers. "
            "List their code under missing."
        )
    if bounds is not None:
        with np.errstate(invalid="ignore"):
            n_outside = _number((values < bounds[0]) | (values > bounds[1]), count)
        if n_outside:
            raise DataError(
                f"outcome '{name}': {n_outside:,} values lie outside its bounds "
                f"[{bounds[0]:g}, {bounds[1]:g}]; expected all inside. "
                "Correct the bounds, or list codes such as 99 under missing."
            )
    return values


def _number(is_counted: NDArray[np.bool_], count: IntArray | None) -> int:
    return int(is_counted.sum() if count is None else count[is_counted].sum())


def sort_sample(
    *,
    outcomes: Mapping[str, FloatArray],
    rank: FloatArray,
    rank_name: str,
    columns: DesignColumns,
    group: IntArray | None = None,
    groups: tuple[Group, ...] = (Group(),),
    also: Sequence[FloatArray | IntArray] = (),
    last: Sequence[FloatArray | IntArray] = (),
) -> SampleArrays:
    """Keep the rows that can be ranked and sort them by group and rank.

    Ties are in the order of everything that distinguishes rows, so that no result depends on the order of the
    file, to the last bit.

    Parameters
    ----------
    outcomes
        Name -> (N,) values, NaN where missing.
    rank
        (N,) values of the ranking variable, NaN where missing.
    rank_name
        Name of the ranking variable.
    columns
        The design columns.
    group
        (N,) number of each row's group, -1 for none; None puts all rows into one group.
    groups
        The groups.
    also
        (N,) each: what else tells rows apart.
    last
        (N,) each: what tells rows apart that are alike in everything else, weight and unit too.

    Returns
    -------
    SampleArrays
        Rows without rank, without group, without any outcome, or of weight 0 are left out; the design still
        counts their units, as it should for a domain of the sample.

    Raises
    ------
    DataError
        If there are no rows, the rank is infinite somewhere, or the design columns cannot be used.
    """
    n_all = rank.shape[0]
    if n_all == 0:
        raise DataError("sample: found no rows; expected at least two. Which sample rule leaves none?")
    weight, scale = scaled_weights(checked_weights(columns, n_all))
    design, unit = sampling_units(columns, n_all)
    if np.isinf(rank).any():
        raise DataError(
            f"rank '{rank_name}': found infinite values; expected numbers. List their code under missing."
        )
    number = np.zeros(n_all, np.int64) if group is None else group
    has_outcome = ~np.all([np.isnan(values) for values in outcomes.values()], axis=0)
    kept = np.flatnonzero((weight > 0) & (number >= 0) & ~np.isnan(rank) & has_outcome)
    drawn_together = unit if design.has_clusters else design.stratum_of_unit[unit]
    keys = [*last, drawn_together, weight, *also, *outcomes.values(), rank, number]
    if columns.replicate_weights is not None:
        keys = [_fingerprint(columns.replicate_weights), *keys]
    if columns.calibration is not None:
        keys = [columns.calibration.cell, *keys]
    order = _sorted_rows(kept, keys)
    given = columns.replicate_weights
    design, part = calibrated_parts(design, _sorted_units(unit[order], design), columns, order)
    return SampleArrays(
        rank=_dense_rank(rank[order], number[order]),
        weight=np.ascontiguousarray(weight[order]),
        unit=part,
        outcomes=np.ascontiguousarray([values[order] for values in outcomes.values()]),
        outcome_names=tuple(outcomes),
        rank_name=rank_name,
        groups=groups,
        group_start=np.searchsorted(number[order], np.arange(len(groups) + 1)).astype(np.int64),
        design=design,
        order=order,
        count=people(columns, n_all)[order],
        replicate_weights=None if given is None else given.of_rows(order),
        weight_scale=scale,
    )


def table_arrays(columns: DesignColumns, group: IntArray, groups: tuple[Group, ...]) -> TableArrays:
    """Return the arrays of tables; `group` (N,) is -1 for rows in no group.

    Rows of weight 0 stay in place and belong to no group, so that variables of all N rows still fit.

    Raises
    ------
    DataError
        If there are no rows, or the design columns cannot be used.
    """
    n = group.shape[0]
    if n == 0:
        raise DataError("sample: found no rows; expected at least one. Which sample rule leaves none?")
    weight, scale = scaled_weights(checked_weights(columns, n))
    design, unit = sampling_units(columns, n)
    design, unit = calibrated_parts(design, unit, columns, np.arange(n))
    number = np.where(weight > 0, group, -1).astype(np.int32)
    return TableArrays(
        weight=weight,
        unit=unit,
        group=number,
        groups=groups,
        design=design,
        count=people(columns, n),
        weight_squares=weight**2 if columns.weight_squares is None else columns.weight_squares / scale**2,
        replicate_weights=columns.replicate_weights,
        weight_scale=scale,
    )


def people(columns: DesignColumns, n: int) -> IntArray:
    """Return how many people each row (n,) stands for."""
    return np.ones(n, np.int64) if columns.count is None else columns.count


def _fingerprint(given: ReplicateWeights) -> FloatArray:
    """Return a number (n,) that tells rows of different replicate weights apart."""
    mixed = np.zeros(given.values.shape[1])
    for weight in given.values:
        mixed = 0.6180339887498949 * mixed + weight
    return mixed


def _sorted_rows(rows: IntArray, keys: Sequence[NDArray[Any]]) -> IntArray:
    """Sort some rows (n,) by keys (N,), the last key first."""
    order: IntArray = rows[np.lexsort([key[rows] for key in keys])]
    return order


def _dense_rank(rank: FloatArray, group: IntArray) -> IntArray:
    """Number the distinct ranks of sorted rows (n,) from 1; a new group starts a new number."""
    is_new = np.ones(len(rank), np.int64)
    is_new[1:] = (rank[1:] != rank[:-1]) | (group[1:] != group[:-1])
    return np.cumsum(is_new)


def _sorted_units(unit: UnitArray, design: DesignArrays) -> UnitArray:
    """Renumber rows that are units in sorted order inside their stratum.

    Otherwise draws would depend on the order of the file.
    """
    if design.has_clusters:
        return np.ascontiguousarray(unit)
    return row_units(design.stratum_of_unit[unit], design.stratum_sizes).astype(np.int32)
