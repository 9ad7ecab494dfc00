"""Moments of a sample with their influence values, and of replicates without them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray
from engine.estimators.disparity.ordered import through_ranks
from engine.estimators.moments.cell_sums import CellSums
from engine.estimators.moments.columns import Columns
from engine.estimators.moments.estimand import Estimand
from engine.kernels.index.curve import curve_ordinates, ordinate_influence
from engine.kernels.index.numerators import weighted_mean
from engine.kernels.survey.cell_totals import cell_totals

RANK = "rank"
"""The order in which the rows stand."""


class Moments(Protocol):
    """What statistics are made of; `name` is a column and `order` an order of people."""

    def mean(self, name: str) -> Estimand:
        """Return a weighted mean."""

    def generalized(self, name: str, order: str) -> Estimand:
        """Return a generalized concentration index, by mid-ranks."""

    def averse_mean(self, name: str, aversion: float) -> Estimand:
        """Return the mean in which a person at rank R counts v (1 - R)^(v - 1)."""

    def ordinate(self, name: str, point: float) -> Estimand:
        """Return the amount, for each person of all, that the lowest share of people holds."""

    def quantile(self, point: float) -> Estimand:
        """Return the least value of the column that ranks people up to which a share of them stands."""


class SampleMoments:
    """Moments of a sample."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._weight = columns.rows.weight
        self._known: dict[tuple[str, ...], Estimand] = {}

    def mean(self, name: str) -> Estimand:
        """Return a weighted mean."""
        return self._once(("mean", name), self._mean)

    def generalized(self, name: str, order: str) -> Estimand:
        """Return a generalized concentration index; its influence goes through the ranks too."""
        return self._once(("generalized", name, order), self._generalized)

    def averse_mean(self, name: str, aversion: float) -> Estimand:
        """Return the mean in which a person at rank R counts v (1 - R)^(v - 1)."""
        sums, cell, values = self._sums(name, RANK), self._columns.orders[RANK], self._columns.values[name]
        kept, share, level = sums.kept(aversion), sums.share, sums.level
        rest = np.clip(1.0 - np.cumsum(share)[:-1], 0.0, 1.0)
        by_share_below = aversion * rest ** (aversion - 1.0) * (level[:-1] - level[1:])
        by_share = np.append(np.cumsum(by_share_below[::-1])[::-1], 0.0)
        z = kept[cell] / share[cell] * (values - level[cell]) + by_share[cell] - (share * by_share).sum()
        return Estimand(np.array((kept * level).sum()), z)

    def ordinate(self, name: str, point: float) -> Estimand:
        """Return the amount that the lowest share of people holds.

        The expected value at a rank is known for the column that ranks people, and else taken from a window
        that narrows as n^(-1/5).
        """
        rows, values = self._columns.rows, self._columns.values[name]
        window = 0.0 if name == self._columns.ranking else 0.25 * rows.n_people**-0.2
        sample = (self._weight, values, rows.tie_end, rows.W)
        ordinate = curve_ordinates(*sample, np.array([point]))[0]
        return Estimand(np.array(ordinate), ordinate_influence(*sample, point, window))

    def quantile(self, point: float) -> Estimand:
        """Return a quantile, with the density of a normal kernel in its influence values."""
        name = self._columns.ranking
        values = self._columns.values[name]
        quantile = values[self._columns.rows.tie_end[int(self._sums(name, RANK).cell_of(point))] - 1]
        is_below = values <= quantile
        share = self._weight[is_below].sum() / self._columns.rows.W
        return Estimand(np.array(quantile), -(is_below - share) / self._density(values, quantile))

    def _mean(self, name: str) -> Estimand:
        values = self._columns.values[name]
        mean = weighted_mean(self._weight, values)[1]
        return Estimand(np.array(mean), values - mean)

    def _generalized(self, name: str, order: str) -> Estimand:
        sums, cell, values = self._sums(name, order), self._columns.orders[order], self._columns.values[name]
        share, index = sums.share, sums.generalized()
        middle = (np.cumsum(share) - 0.5 * share)[cell]
        through = through_ranks(sums.amount)[cell]
        z = 2.0 * (values * (middle - 0.5) + through) - 2.0 * index - sums.amount.sum()
        return Estimand(index, z)

    def _sums(self, name: str, order: str) -> CellSums:
        cell, n = self._columns.orders[order], self._columns.cells(order)
        weighted = self._weight * self._columns.values[name]
        return CellSums(
            totals=np.bincount(cell, weights=self._weight, minlength=n).astype(np.float64),
            amounts=np.bincount(cell, weights=weighted, minlength=n).astype(np.float64),
        )

    def _density(self, values: FloatArray, at: float) -> float:
        """Return the density of amounts at one of them.

        That of a positive amount comes from logarithms, where one width fits poor and rich. A width that fits
        the rich would make the density among the poor too flat.
        """
        if at <= 0.0:
            return self._kernel_density(values, at, self._weight)
        is_positive = values > 0.0
        return self._kernel_density(np.log(values[is_positive]), np.log(at), self._weight[is_positive]) / at

    def _kernel_density(self, values: FloatArray, at: float, weight: FloatArray) -> float:
        """Return the density by Silverman's rule: 0.9 min(sd, interquartile range / 1.34) n^(-1/5)."""
        rows = self._columns.rows
        W, mean = weighted_mean(weight, values)
        spread = np.sqrt((weight * (values - mean) ** 2).sum() / W)
        shares = np.cumsum(weight) / W
        low, high = values[np.searchsorted(shares, [0.25, 0.75])]
        width = min(spread, (high - low) / 1.34) if high > low else spread
        width *= 0.9 * rows.n_people**-0.2
        if width == 0.0:
            return float("nan")
        density = np.exp(-0.5 * ((values - at) / width) ** 2) * weight
        return float(density.sum() / (rows.W * width * np.sqrt(2.0 * np.pi)))

    def _once(self, key: tuple[str, ...], compute: Any) -> Estimand:  # noqa: ANN401 - arguments are the key
        if key not in self._known:
            self._known[key] = compute(*key[1:])
        return self._known[key]


class ReplicateMoments:
    """Moments of some replicates: multipliers (n, lanes) of weights (n,)."""

    def __init__(self, columns: Columns, weight: FloatArray, multipliers: NDArray[Any]) -> None:
        self._columns = columns
        self._weight = weight
        self._multipliers = multipliers
        self._known: dict[tuple[str, str], CellSums] = {}

    def mean(self, name: str) -> Estimand:
        """Return a weighted mean."""
        return Estimand(self._sums(name, RANK).amount.sum(axis=-1))

    def generalized(self, name: str, order: str) -> Estimand:
        """Return a generalized concentration index."""
        return Estimand(self._sums(name, order).generalized())

    def averse_mean(self, name: str, aversion: float) -> Estimand:
        """Return the mean in which a person at rank R counts v (1 - R)^(v - 1)."""
        sums = self._sums(name, RANK)
        return Estimand((sums.kept(aversion) * sums.level).sum(axis=-1))

    def ordinate(self, name: str, point: float) -> Estimand:
        """Return the amount that the lowest share of people holds."""
        return Estimand(self._sums(name, RANK).ordinate(point))

    def quantile(self, point: float) -> Estimand:
        """Return a quantile."""
        name = self._columns.ranking
        cell = self._sums(name, RANK).cell_of(point)
        return Estimand(self._columns.values[name][self._columns.rows.tie_end[cell] - 1])

    def _sums(self, name: str, order: str) -> CellSums:
        if (name, order) not in self._known:
            totals = np.empty((self._multipliers.shape[1], self._columns.cells(order)))
            amounts = np.empty_like(totals)
            values, cell = self._columns.values[name], self._columns.orders[order]
            cell_totals(self._multipliers, self._weight, values, cell, totals, amounts)
            self._known[name, order] = CellSums(totals=totals, amounts=amounts)
        return self._known[name, order]
