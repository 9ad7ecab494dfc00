"""Point estimates of an index with their standard errors, linearised through the design."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray, ReplicateWeights
from engine.estimators.index.indices import Index
from engine.estimators.replicates.replicate_weights import replicate_variances
from engine.estimators.sample.design_variance import covariance_of_units
from engine.estimators.sample.group_sample import GroupSample
from engine.kernels.index.numerators import numerator, numerator_influence
from engine.kernels.survey.design_variance import add_unit_totals


@dataclass(frozen=True, slots=True, kw_only=True)
class PointEstimates:
    """One index or measure of one outcome in every group.

    Memory and time follow the rows, however many groups there are.

    Attributes
    ----------
    values, std_errors
        (g,) float64, NaN where undefined.
    samples
        Of each group.
    unit_totals
        By group: the linearised totals (m,) of the sampling units that have rows in it; none where undefined.
    n_units
        How many sampling units the design has.
    replicates
        (g, r) replicates behind the standard errors; None if these are linearised.
    """

    values: FloatArray
    std_errors: FloatArray
    samples: Sequence[GroupSample]
    unit_totals: Sequence[FloatArray]
    n_units: int
    replicates: FloatArray | None = None

    def totals_of(self, group: int) -> FloatArray:
        """Return the linearised totals (u,) of all sampling units, 0 outside the group."""
        totals = np.zeros(self.n_units)
        if len(self.unit_totals[group]):
            totals[self.samples[group].units] = self.unit_totals[group]
        return totals


Estimate = Callable[[int], tuple[float, FloatArray] | None]
"""Number of a group -> a value and the influence values (n,) of its rows; None where it is undefined."""


def estimate_index(index: Index, samples: Sequence[GroupSample], design: DesignArrays) -> PointEstimates:
    """Estimate an index in every group; where it is undefined, value and error are NaN."""
    return point_estimates(samples, design, index_estimate(index, samples))


def index_estimate(index: Index, samples: Sequence[GroupSample]) -> Estimate:
    """Return how an index is estimated in a group."""

    def estimate(group: int) -> tuple[float, FloatArray] | None:
        sample = samples[group]
        if sample.status != "ok":
            return None
        rows = (sample.weight, sample.without_offset, sample.tie_end)
        W, centre, N = numerator(index.family, index.parameter, *rows)
        here = index.measured_from(sample.mu)
        rest = float(here.snapped(np.array([sample.rest]), sample.largest)[0])
        value = here.value(N, rest)
        if not np.isfinite(value):
            return None
        z = numerator_influence(index.family, index.parameter, *rows, W, centre, N)
        by_N, by_mu = here.gradient(N, rest)
        return value, by_N * z + by_mu * (rows[1] - centre)

    return estimate


def influence_of_rows(
    samples: Sequence[GroupSample], order: IntArray, n: int, estimate: Estimate
) -> FloatArray:
    """Return the influence values (g, n) of an estimate in every group, for the n rows as they were given.

    They are those of a total: the variance of an estimate is that of the weighted sum of its values. A row
    outside of a group has 0; where the estimate is undefined, all rows have NaN.

    Parameters
    ----------
    samples
        The rows of each group.
    order
        The row as it was given, of each row of the sorted sample.
    n
        How many rows were given.
    estimate
        The estimate.
    """
    values = np.zeros((len(samples), n))
    for g, sample in enumerate(samples):
        found = estimate(g)
        if found is None:
            values[g] = np.nan
        else:
            values[g, order[sample.place]] = found[1] / sample.sum_weights
    return values


def point_estimates(
    samples: Sequence[GroupSample], design: DesignArrays, estimate: Estimate
) -> PointEstimates:
    """Return an estimate in every group with its linearised standard error."""
    values, std_errors = np.full((2, len(samples)), np.nan)
    unit_totals = [np.empty(0)] * len(samples)
    workspace = np.zeros(design.n_units)
    for g, sample in enumerate(samples):
        estimated = estimate(g)
        if estimated is None:
            continue
        values[g], z = estimated
        add_unit_totals(workspace, sample.unit, sample.weight, z, sample.W)
        totals = workspace[sample.units]
        workspace[sample.units] = 0.0
        variance = covariance_of_units(sample.units, totals[None, :], design)[0, 0]
        std_errors[g], unit_totals[g] = np.sqrt(variance), totals
    return PointEstimates(
        values=values,
        std_errors=std_errors,
        samples=samples,
        unit_totals=unit_totals,
        n_units=design.n_units,
    )


def with_replicates(
    point: PointEstimates, values: FloatArray, given: ReplicateWeights | None
) -> PointEstimates:
    """Return estimates with the errors of their replicates (g, r), where replicate weights are given."""
    if given is None:
        return point
    variances, _ = replicate_variances(values - point.values[:, None], given)
    return replace(point, std_errors=np.sqrt(variances), replicates=values)
