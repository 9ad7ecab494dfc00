"""Point estimates of an index with linearised, design-based standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignArrays, FloatArray
from engine.estimators.index.indices import Index
from engine.estimators.sample.design_variance import covariance_of
from engine.estimators.sample.pieces import Piece
from engine.kernels.index.numerators import numerator, numerator_influence
from engine.kernels.survey.design_variance import add_unit_totals


@dataclass(frozen=True, slots=True, kw_only=True)
class PointEstimates:
    """One index of one outcome in every group.

    Attributes
    ----------
    values
        (g,) float64, NaN where undefined.
    totals
        (g, u) float64: linearised totals by sampling unit.
    covariance
        (g, g) float64: between groups too, because groups can share units.
    """

    values: FloatArray
    totals: FloatArray
    covariance: FloatArray

    @property
    def std_errors(self) -> FloatArray:
        """(g,) standard errors."""
        return np.sqrt(np.diag(self.covariance))


def estimate_index(index: Index, pieces: Sequence[Piece], design: DesignArrays) -> PointEstimates:
    """Estimate an index in every group, with the design covariance of all of them."""
    values = np.full(len(pieces), np.nan)
    totals = np.zeros((len(pieces), design.n_units))
    for g, piece in enumerate(pieces):
        if piece.status != "ok":
            continue
        W, mu, N = numerator(index.family, index.parameter, piece.weight, piece.outcome, piece.ends)
        values[g] = index.value(N, mu)
        if not np.isfinite(values[g]):
            values[g] = np.nan
            continue
        z = numerator_influence(
            index.family, index.parameter, piece.weight, piece.outcome, piece.ends, W, mu, N
        )
        by_N, by_mu = index.gradient(N, mu)
        z = by_N * z + by_mu * (piece.outcome - mu)
        add_unit_totals(totals[g], piece.unit, piece.weight, z, W)
    return PointEstimates(values=values, totals=totals, covariance=covariance_of(totals, design))
