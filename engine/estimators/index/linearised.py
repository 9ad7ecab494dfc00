"""Point estimates of an index with their standard errors, linearised through the design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import DesignArrays, FloatArray, ReplicateWeights
from engine.estimators.index.indices import Index
from engine.estimators.replicates.replicate_weights import replicate_covariance
from engine.estimators.sample.design_variance import covariance_of
from engine.estimators.sample.group_sample import GroupSample
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


def estimate_index(index: Index, samples: Sequence[GroupSample], design: DesignArrays) -> PointEstimates:
    """Estimate an index in every group, with the design covariance of all groups.

    Where the index is undefined its value is NaN and its linearised totals are 0.
    """
    values = np.full(len(samples), np.nan)
    totals = np.zeros((len(samples), design.n_units))
    for g, sample in enumerate(samples):
        if sample.status != "ok":
            continue
        rows = (sample.weight, sample.outcome, sample.tie_end)
        W, mu, N = numerator(index.family, index.parameter, *rows)
        value = index.value(N, mu)
        if not np.isfinite(value):
            continue
        values[g] = value
        z = numerator_influence(index.family, index.parameter, *rows, W, mu, N)
        by_N, by_mu = index.gradient(N, mu)
        z = by_N * z + by_mu * (sample.outcome - mu)
        add_unit_totals(totals[g], sample.unit, sample.weight, z, W)
    return PointEstimates(values=values, totals=totals, covariance=covariance_of(totals, design))


def with_replicates(
    point: PointEstimates, values: FloatArray, given: ReplicateWeights | None
) -> PointEstimates:
    """Return estimates with the covariance of their replicates (g, r), where replicate weights are given."""
    if given is None:
        return point
    present = np.flatnonzero(np.isfinite(point.values))
    covariance = np.zeros_like(point.covariance)
    covariance[np.ix_(present, present)], _ = replicate_covariance(
        values[present], point.values[present], given
    )
    return replace(point, covariance=covariance)
