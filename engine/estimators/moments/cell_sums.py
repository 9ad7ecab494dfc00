"""Moments along an order, from the sums of its cells: of a sample, and of all replicates side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray

ROUNDING = 1e-12  # of a share of people


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSums:
    """The cells of an order; totals, amounts (..., c): sums of weights, and of weighted values."""

    totals: FloatArray
    amounts: FloatArray

    @property
    def share(self) -> FloatArray:
        """(..., c) shares of people."""
        with np.errstate(invalid="ignore"):
            share: FloatArray = self.totals / self.totals.sum(axis=-1, keepdims=True)
        return share

    @property
    def amount(self) -> FloatArray:
        """(..., c) sums of weighted values for each unit of all weight."""
        with np.errstate(invalid="ignore"):
            amount: FloatArray = self.amounts / self.totals.sum(axis=-1, keepdims=True)
        return amount

    @property
    def level(self) -> FloatArray:
        """(..., c) mean values; 0 in a cell without people."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.totals > 0.0, self.amounts / self.totals, 0.0)

    def generalized(self) -> FloatArray:
        """Return the generalized concentration index (...,): 2 sum p e (R - 1/2), R the mid-rank."""
        share = self.share
        middle = np.cumsum(share, axis=-1) - 0.5 * share
        index: FloatArray = 2.0 * (self.amount * (middle - 0.5)).sum(axis=-1)
        return index

    def kept(self, aversion: float) -> FloatArray:
        """Return (1 - F)^v below a cell less that above (..., c); F is the share of people."""
        above = np.clip(1.0 - np.cumsum(self.share, axis=-1), 0.0, 1.0)
        below = np.concatenate([np.ones_like(above[..., :1]), above[..., :-1]], axis=-1)
        kept: FloatArray = below**aversion - above**aversion
        return kept

    def ordinate(self, point: float) -> FloatArray:
        """Return the amount (...,) that the lowest share of people holds, ties sharing equally."""
        shares = np.atleast_2d(np.cumsum(self.share, axis=-1))
        amounts = np.atleast_2d(np.cumsum(self.amount, axis=-1))
        found = [
            np.interp(point, np.append(0.0, share), np.append(0.0, amount))
            for share, amount in zip(shares, amounts, strict=True)
        ]
        return np.array(found).reshape(self.totals.shape[:-1])

    def cell_of(self, point: float) -> IntArray:
        """Return the first cell (...,) up to which at least a share of people stands."""
        reached = np.cumsum(self.share, axis=-1) >= point - ROUNDING
        cell: IntArray = np.argmax(reached, axis=-1)
        return cell
