"""Frozen types of the balance of covariates between groups, and sums of cells: for data and statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ALL = -1  # the reference, if it is all groups together
NO_GROUP = -1  # the group of records that are not balanced


def unit_of(values: FloatArray) -> float:
    """Return the largest power of 2 that is not above the largest of the values (n,); 1 if all are 0.

    No digit changes by division, and no square is 0 or infinite afterwards.

    Examples
    --------
    >>> unit_of(np.array([0.0, -5.0, 3.0])), unit_of(np.empty(0))
    (4.0, 1.0)
    """
    largest = float(abs(values).max(initial=0.0))
    return float(np.ldexp(1.0, int(np.frexp(largest)[1]) - 1)) if 0.0 < largest < np.inf else 1.0


def sums_of_cells(values: FloatArray, codes: IntArray, n_cells: int) -> FloatArray:
    """Return the sum of values of each cell (c,), the same in any order of the records."""
    order = np.lexsort((values, codes))
    sums = np.zeros(n_cells)
    if len(codes):
        first = np.flatnonzero(np.diff(codes[order], prepend=-1))
        sums[codes[order][first]] = np.add.reduceat(values[order], first)
    return sums


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceCells:
    """The cells of a balance: records alike in group and in all covariates.

    Attributes
    ----------
    x
        (c, q) float64: a constant, then the covariates of each cell, none a combination of the others.
    group
        (c,) int64: the group of each cell, `NO_GROUP` of records that keep their weight.
    reference
        The group whose covariates the others get; `ALL`: those of all groups together.
    is_entropy
        Whether the factors are exponential and meet the means; otherwise they are inverse probabilities.
    factor
        (c,) what the weights of each cell were multiplied by.
    probability
        (g, c) of each group, if factors are inverse probabilities: that of the reference, or of the group
        itself if the reference is all; no rows otherwise.
    """

    x: FloatArray
    group: IntArray
    reference: int
    is_entropy: bool
    factor: FloatArray
    probability: FloatArray

    @property
    def adjusted_groups(self) -> range | tuple[int, ...]:
        """The groups whose weights change; a single one is its own reference."""
        groups = range(int(self.group.max(initial=NO_GROUP)) + 1)
        if len(groups) == 1:
            return ()
        return groups if self.reference == ALL else tuple(g for g in groups if g != self.reference)

    @property
    def is_reference(self) -> NDArray[np.bool_]:
        """(c,) whether the covariates of a cell count for the reference."""
        inside: NDArray[np.bool_] = self.group == self.reference
        return (self.group != NO_GROUP) if self.reference == ALL else inside
