"""A number with the influence of every person on it, and the arithmetic of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Estimand:
    """A number of a sample, or of every replicate of it.

    A statistic is written once, as arithmetic of estimands. On a sample the influence values follow by the
    chain rule; in replicates only the values are computed.

    Attributes
    ----------
    value
        () for a sample, (lanes,) for replicates; NaN where undefined.
    influence
        (n,) influence values of the rows of a sample; None in replicates.

    Examples
    --------
    >>> mean = Estimand(np.array(2.0), np.array([-1.0, 1.0]))
    >>> square = mean * mean
    >>> float(square.value), square.influence.tolist()
    (4.0, [-4.0, 4.0])
    """

    value: FloatArray
    influence: FloatArray | None = None

    def __add__(self, other: Estimand) -> Estimand:
        return Estimand(self.value + other.value, _combined(self, 1.0, other, 1.0))

    def __sub__(self, other: Estimand) -> Estimand:
        return Estimand(self.value - other.value, _combined(self, 1.0, other, -1.0))

    def __mul__(self, other: Estimand) -> Estimand:
        return Estimand(self.value * other.value, _combined(self, other.value, other, self.value))

    def __truediv__(self, other: Estimand) -> Estimand:
        """Return a ratio; undefined where the lower number is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(other.value == 0.0, np.nan, self.value / other.value)
            return Estimand(value, _combined(self, 1.0 / other.value, other, -value / other.value))

    def times(self, factor: float) -> Estimand:
        """Return a multiple."""
        return self.through(lambda value: factor * value, lambda value: np.full_like(value, factor))

    def through(
        self, function: Callable[[FloatArray], FloatArray], slope: Callable[[FloatArray], FloatArray]
    ) -> Estimand:
        """Return a smooth function of the number, given its derivative."""
        with np.errstate(all="ignore"):
            influence = None if self.influence is None else slope(self.value) * self.influence
            return Estimand(function(self.value), influence)

    def where_positive(self, other: Estimand) -> Estimand:
        """Return the number; undefined where another is 0 or less."""
        return Estimand(np.where(other.value > 0.0, self.value, np.nan), self.influence)


def _combined(
    first: Estimand, by_first: FloatArray | float, second: Estimand, by_second: FloatArray | float
) -> FloatArray | None:
    if first.influence is None or second.influence is None:
        return None
    combined: FloatArray = by_first * first.influence + by_second * second.influence
    return combined
