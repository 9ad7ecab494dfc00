"""The rows of one outcome in one group of an analysis, put into the cells that a measure compares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray, SampleArrays
from engine.estimators.disparity.group_table import Derivatives
from engine.estimators.sample.group_sample import GroupSample, group_sample
from engine.estimators.sample.standard import Standard


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSample:
    """Complete rows with their cells.

    Attributes
    ----------
    rows
        The rows of the outcome in the group.
    cell
        (n,) int64: the cell of each row: a compared group, or people of equal rank; with a standard
        population of s cells, number of the group times s plus number of the cell in it.
    n_cells
        How many cells there are, those without rows included.
    origin
        What outcomes are measured from, see `exact_origin`.
    """

    rows: GroupSample
    cell: IntArray
    n_cells: int
    origin: float

    @property
    def outcome(self) -> FloatArray:
        """(n,) outcomes less the origin."""
        return self.rows.outcome - self.origin

    @property
    def totals(self) -> FloatArray:
        """(c,) sums of weights."""
        return self._sums(self.rows.weight)

    @property
    def amounts(self) -> FloatArray:
        """(c,) sums of weighted outcomes less the origin."""
        return self._sums(self.rows.weight * self.outcome)

    def _sums(self, values: FloatArray) -> FloatArray:
        sums: FloatArray = np.bincount(self.cell, weights=values, minlength=self.n_cells).astype(np.float64)
        return sums

    def influence(self, derivatives: Derivatives, standard: FloatArray) -> FloatArray:
        """Return the influence values (n,) of a measure: through the mean of a row's group and its share.

        z = dM/de_c S_k (y - r_ck) / p_ck + sum_g dM/dp_g (1(g = c) - p_g), with the standard shares S (s,).
        """
        totals, n_standard = self.totals, len(standard)
        share = totals / totals.sum()
        c, k = self.cell // n_standard, self.cell % n_standard
        of_groups = share.reshape(-1, n_standard).sum(axis=1)
        centre = float(np.where(of_groups > 0, of_groups * derivatives.by_share, 0.0).sum())
        mean = self.amounts[self.cell] / totals[self.cell]
        z: FloatArray = (
            derivatives.by_mean[c] * standard[k] / share[self.cell] * (self.outcome - mean)
            + derivatives.by_share[c]
            - centre
        )
        return z


def cell_sample(
    arrays: SampleArrays,
    outcome: int,
    group: int,
    codes: IntArray | None,
    n_codes: int,
    standard: Standard | None = None,
) -> CellSample:
    """Return the rows of a group that have an outcome, with their cells.

    `codes` (n,) are the compared groups of the sorted rows, of which there are n_codes; None makes a cell of
    the people of equal rank.
    """
    rows = group_sample(arrays, outcome, group)
    origin = exact_origin(rows.outcome)
    if codes is not None and standard is not None:
        n_standard = len(standard.share)
        cell = codes[rows.place] * n_standard + standard.cell[rows.place]
        return CellSample(rows=rows, cell=cell, n_cells=n_codes * n_standard, origin=origin)
    if codes is not None:
        return CellSample(rows=rows, cell=codes[rows.place], n_cells=n_codes, origin=origin)
    sizes = np.diff(rows.tie_end, prepend=0)
    cell = np.repeat(np.arange(len(sizes)), sizes)
    return CellSample(rows=rows, cell=cell, n_cells=len(sizes), origin=origin)


def exact_origin(outcome: FloatArray) -> float:
    """Return an outcome (n,) from which all others can be measured without rounding; 0 if there is none.

    A difference of two doubles is exact if neither is more than twice the other (Sterbenz). Where outcomes
    lie around a billion, their means and the distances between them then keep all digits.

    Examples
    --------
    >>> exact_origin(np.array([30.0, 25.0, 50.0])), exact_origin(np.array([1.0, 3.0]))
    (25.0, 0.0)
    >>> exact_origin(np.array([-3.0, -2.0])), exact_origin(np.array([0.0, 1.0])), exact_origin(np.empty(0))
    (-2.0, 0.0, 0.0)
    """
    if not len(outcome):
        return 0.0
    low, high = float(outcome.min()), float(outcome.max())
    if low > 0.0 and 0.5 * high <= low:
        return low
    return high if high < 0.0 and 0.5 * low >= high else 0.0
