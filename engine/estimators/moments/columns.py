"""The columns of one outcome in one group from which moments are computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.estimators.sample.group_sample import GroupSample


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Complete rows with named values, and with orders of people.

    Attributes
    ----------
    rows
        The rows of the outcome in the group, sorted by rank.
    values
        Name -> (n,) float64.
    ranking
        The column that ranks the rows.
    orders
        Name -> (n,) int64: the place of each row among distinct values; equal for ties.
    """

    rows: GroupSample
    values: Mapping[str, FloatArray]
    ranking: str
    orders: Mapping[str, IntArray]

    @cached_property
    def n_cells(self) -> int:
        """How many cells all orders have together."""
        return sum(self.cells(order) for order in self.orders)

    def cells(self, order: str) -> int:
        """Return how many distinct places an order has."""
        return int(self.orders[order].max(initial=-1)) + 1


def places(values: FloatArray) -> IntArray:
    """Return the place (n,) of each value among the distinct ones, from the lowest.

    Examples
    --------
    >>> places(np.array([3.0, 1.0, 3.0])).tolist()
    [1, 0, 1]
    """
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
