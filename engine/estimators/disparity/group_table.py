"""What every measure of disparity is computed from: means and shares of groups, worst off first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTable:
    """Groups of people, once or in every replicate.

    Attributes
    ----------
    mean
        (..., k) float64: mean outcome of each group less the origin, NaN of a group without people.
    share
        (..., k) float64: share of all people, 0 or more, with the sum 1.
    is_ordered
        Whether the groups have an order; if so the first group is the worst off.
    is_favourable
        Whether more of the outcome is better, as with a vaccination and unlike a disease.
    reference
        Number of the group that others are compared with; None without one.
    parameter
        Of measures that have one: alpha of generalized entropy, epsilon of Atkinson.
    origin
        What means are measured from. Means around a billion then keep the digits of their differences.
    """

    mean: FloatArray
    share: FloatArray
    is_ordered: bool = True
    is_favourable: bool = True
    reference: int | None = None
    parameter: float = 0.0
    origin: float = 0.0

    @property
    def level(self) -> FloatArray:
        """(..., k) mean outcome of each group."""
        return self.origin + self.mean

    @property
    def overall(self) -> FloatArray:
        """(...,) mean of all people."""
        return self.origin + weighted_sum(self.share, self.mean)

    @property
    def away(self) -> FloatArray:
        """(..., k) mean of each group less that of all people."""
        return self.mean - weighted_sum(self.share, self.mean)[..., None]

    @property
    def best(self) -> NDArray[np.int64]:
        """(...,) number of the group with the best mean; the first of equals."""
        towards_better = self.mean if self.is_favourable else -self.mean
        best: NDArray[np.int64] = np.argmax(np.where(np.isnan(self.mean), np.inf, towards_better), axis=-1)
        return best


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivatives:
    """A measure with its derivatives, from which its standard error follows.

    Attributes
    ----------
    value
        (...,) float64, NaN where undefined.
    by_mean, by_share
        (..., k) float64: derivatives by the mean and by the share of each group. Shares have the sum 1, so
        that derivatives by all shares may miss the same constant.
    """

    value: FloatArray
    by_mean: FloatArray
    by_share: FloatArray


Measure = Callable[[GroupTable], Derivatives]


def weighted_sum(share: FloatArray, values: FloatArray) -> FloatArray:
    """Return the sum over groups of share times value (...,); a group without people adds nothing."""
    total: FloatArray = np.where(share > 0, share * values, 0.0).sum(axis=-1)
    return total


def at(group: NDArray[Any], n_groups: int) -> FloatArray:
    """Return 1 at the given groups (...,) and 0 elsewhere: (..., k)."""
    here: FloatArray = (np.arange(n_groups) == np.asarray(group)[..., None]).astype(np.float64)
    return here


def quotient(above: Derivatives, below: Derivatives, factor: float = 1.0) -> Derivatives:
    """Return factor times a ratio of two measures; undefined where the lower one is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = factor * above.value / below.value
        return Derivatives(
            value=np.where(below.value == 0.0, np.nan, value),
            by_mean=(factor * above.by_mean - value[..., None] * below.by_mean) / below.value[..., None],
            by_share=(factor * above.by_share - value[..., None] * below.by_share) / below.value[..., None],
        )


def overall_mean(table: GroupTable) -> Derivatives:
    """Return the mean of all people as a measure."""
    return Derivatives(value=table.overall, by_mean=table.share, by_share=table.away)
