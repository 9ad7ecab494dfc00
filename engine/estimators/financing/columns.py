"""Payments, or benefits, of people sorted by resources, and the columns that the measures need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignColumns, FloatArray, Group, IntArray, SampleArrays
from engine.errors import DataError
from engine.estimators.moments.columns import Columns, places
from engine.estimators.moments.moments import RANK
from engine.estimators.sample.group_sample import group_sample
from engine.estimators.sample.sorting import checked_outcome, sort_sample
from engine.study.financing import FinancingSpec

NET = "net"  # the order of resources after payments or benefits


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What people have, pay and get, as read.

    Attributes
    ----------
    outcomes
        Name -> (N,) payments, or uses of a service where the study gives a cost of each.
    resources, capacity, fee
        (N,) amounts, NaN where missing; `capacity` and `fee` are None where the study names none.
    """

    outcomes: Mapping[str, FloatArray]
    resources: FloatArray
    capacity: FloatArray | None = None
    fee: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancingSample:
    """Rows sorted by resources; resources, capacity (n,) in their order."""

    arrays: SampleArrays
    resources: FloatArray
    capacity: FloatArray


def financing_sample(
    amounts: Amounts,
    spec: FinancingSpec,
    columns: DesignColumns,
    group: IntArray,
    groups: tuple[Group, ...],
) -> FinancingSample:
    """Return the rows whose resources and capacity are known, sorted by resources.

    Raises
    ------
    DataError
        If a payment, use or fee is negative, or an amount infinite.
    """
    capacity = amounts.resources if amounts.capacity is None else amounts.capacity
    capacity = checked_outcome("capacity", capacity, None)
    outcomes = {name: _received(name, values, amounts.fee, spec) for name, values in amounts.outcomes.items()}
    arrays = sort_sample(
        outcomes={name: np.where(np.isnan(capacity), np.nan, y) for name, y in outcomes.items()},
        rank=amounts.resources,
        rank_name=spec.resources,
        columns=columns,
        group=group,
        groups=groups,
        also=[capacity],
    )
    return FinancingSample(
        arrays=arrays, resources=amounts.resources[arrays.order], capacity=capacity[arrays.order]
    )


def financing_columns(sample: FinancingSample, spec: FinancingSpec, outcome: int, group: int) -> Columns:
    """Return the columns of an outcome in a group (both by number).

    Columns: ``resources``, ``outcome``, ``net``; by threshold ``catastrophic z`` (0 or 1) and ``over z``, NaN
    for people who pay without resources; below the poverty line ``poor``, ``poor net``, ``gap``, ``gap net``.
    """
    rows = group_sample(sample.arrays, outcome, group)
    X, D, T = sample.resources[rows.place], sample.capacity[rows.place], rows.outcome
    N = X - T if spec.unit_cost is None else X + T
    values = {"resources": X, "outcome": T, "net": N}
    if spec.threshold:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(D > 0.0, T / D, np.where(T > 0.0, np.inf, 0.0))
        for threshold in dict.fromkeys(spec.threshold):
            is_over = share > threshold
            over = np.where(is_over, share - threshold, 0.0)
            values[f"catastrophic {threshold:g}"] = is_over.astype(np.float64)
            values[f"over {threshold:g}"] = np.where(np.isinf(over), np.nan, over)
    if (line := spec.poverty_line) is not None:
        for suffix, had in (("", X), (" net", N)):
            values[f"poor{suffix}"] = (had < line).astype(np.float64)
            values[f"gap{suffix}"] = np.maximum(line - had, 0.0)
    sizes = np.diff(rows.tie_end, prepend=0)
    return Columns(
        rows=rows,
        values=values,
        ranking="resources",
        orders={RANK: np.repeat(np.arange(len(sizes)), sizes), NET: places(N)},
    )


def _received(name: str, values: FloatArray, fee: FloatArray | None, spec: FinancingSpec) -> FloatArray:
    """Return payments (N,) as they are, or benefits: cost of use less the fee, 0 at least."""
    values = checked_outcome(name, values, None)
    paid = np.zeros_like(values) if fee is None else checked_outcome("fee", fee, None)
    for what, amounts in ((f"outcome '{name}'", values), ("fee", paid)):
        if count := int((amounts < 0).sum()):
            raise DataError(
                f"{what}: found {count:,} negative values; expected 0 or more. List their codes under "
                "missing, or correct them."
            )
    return values if spec.unit_cost is None else np.maximum(spec.unit_cost * values - paid, 0.0)
