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
    """

    rows: GroupSample
    cell: IntArray
    n_cells: int

    @property
    def totals(self) -> FloatArray:
        """(c,) sums of weights."""
        return self._sums(self.rows.weight)

    @property
    def amounts(self) -> FloatArray:
        """(c,) sums of weighted outcomes."""
        return self._sums(self.rows.weight * self.rows.outcome)

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
            derivatives.by_mean[c] * standard[k] / share[self.cell] * (self.rows.outcome - mean)
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
    if codes is not None and standard is not None:
        n_standard = len(standard.share)
        cell = codes[rows.place] * n_standard + standard.cell[rows.place]
        return CellSample(rows=rows, cell=cell, n_cells=n_codes * n_standard)
    if codes is not None:
        return CellSample(rows=rows, cell=codes[rows.place], n_cells=n_codes)
    sizes = np.diff(rows.tie_end, prepend=0)
    cell = np.repeat(np.arange(len(sizes)), sizes)
    return CellSample(rows=rows, cell=cell, n_cells=len(sizes))
