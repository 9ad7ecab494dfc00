"""The complete rows of one outcome in one group, ready for a statistic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray, SampleArrays, UnitArray
from engine.estimators.sample.sampling_units import degrees_of, distinct_units
from engine.kernels.index.numerators import weighted_mean
from engine.kernels.index.ranks import tie_ends

NO_REST = 1e-15  # of the largest deviation from the mean: it costs no digit


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSample:
    """The complete rows of one outcome in one group.

    Attributes
    ----------
    weight, outcome
        (n,) float64.
    unit
        (n,) int32: the sampling unit of each row.
    tie_end
        (t,) int64: where each tie group's rows end.
    W, mu
        Sum of weights and weighted mean.
    rest
        What rounding leaves out of the mean, the weighted mean of outcome - mu, if it would cost digits: an
        outcome of some units around a billion has it. Otherwise 0.
    units
        (m,) int64: the distinct sampling units, in their order.
    sum_weights
        The sum of the weights as they were given.
    n_clusters
        How many sampling clusters have rows here; None without clusters.
    degrees
        Degrees of freedom: units minus strata that have rows here.
    status
        ``ok``, or why no index exists.
    """

    weight: FloatArray
    outcome: FloatArray
    unit: UnitArray
    tie_end: IntArray
    W: float
    mu: float
    rest: float
    units: IntArray
    sum_weights: float
    n_clusters: int | None
    degrees: int
    status: str

    @property
    def n_rows(self) -> int:
        """How many rows are complete."""
        return len(self.weight)

    @property
    def without_offset(self) -> FloatArray:
        """(n,) the outcome; less its mean, to the last digit, where an offset would cost digits."""
        return self.outcome - self.mu - self.rest if self.rest else self.outcome

    @property
    def largest(self) -> float:
        """The largest absolute value of the outcome; 0 without rows."""
        return float(abs(self.outcome).max(initial=0.0))

    @property
    def doubt(self) -> str | None:
        """Why shares of the outcome's total mean little; None if no value is negative."""
        if self.mu < 0:
            return "mean not positive"
        return "negative values" if self.n_rows and self.outcome.min() < 0 else None

    @property
    def n_events(self) -> int | None:
        """How many events a 0/1 outcome has; None for other outcomes and without rows."""
        is_event = self.outcome == 1
        is_binary = self.n_rows > 0 and np.all(is_event | (self.outcome == 0))
        return int(is_event.sum()) if is_binary else None


def group_sample(arrays: SampleArrays, outcome: int, group: int) -> GroupSample:
    """Return the rows of a group that have an outcome (both by number)."""
    rows = arrays.rows_of(group)
    values = arrays.outcomes[outcome, rows]
    weight, unit, rank = arrays.weight[rows], arrays.unit[rows], arrays.rank[rows]
    present = ~np.isnan(values)
    if not present.all():
        values, weight, unit, rank = values[present], weight[present], unit[present], rank[present]
    W, mu = weighted_mean(weight, values)
    units = distinct_units([unit], arrays.design)
    return GroupSample(
        weight=weight,
        outcome=values,
        unit=unit,
        tie_end=tie_ends(rank),
        W=W,
        mu=mu,
        rest=_rest(weight, values - mu),
        units=units,
        sum_weights=W * arrays.weight_scale,
        n_clusters=len(units) if arrays.design.has_clusters else None,
        degrees=degrees_of(units, arrays.design),
        status=_status(values, rank),
    )


def _rest(weight: FloatArray, deviation: FloatArray) -> float:
    """Return the weighted mean of the deviations (n,) from a rounded mean, 0 if it is as good as 0."""
    rest: float = weighted_mean(weight, deviation)[1]
    return rest if abs(rest) > NO_REST * abs(deviation).max(initial=0.0) else 0.0


def _status(values: FloatArray, rank: IntArray) -> str:
    if len(values) < 2:
        return "no observations" if len(values) == 0 else "a single observation"
    if values.min() == values.max():
        return "outcome constant"
    return "rank constant" if rank[0] == rank[-1] else "ok"
