"""The complete rows of one outcome in one group, ready for a statistic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray, SampleArrays, UnitArray
from engine.estimators.sample.degrees import degrees_of_freedom
from engine.estimators.sample.sampling_units import distinct_units
from engine.kernels.index.numerators import weighted_mean
from engine.kernels.index.ranks import tie_ends

NEARLY = 1e-12  # of the largest outcome: far above rounding, far below one event among any number of people
MEAN_ZERO, MEAN_NOT_POSITIVE, NEGATIVE_VALUES = "mean is zero", "mean not positive", "negative values"
TOTAL_NEAR_ZERO = "share of a total near 0: no reliable limits"
_FEWEST_ERRORS = 5.0  # from a total to 0, see `is_near_zero`
NO_REST = 1e-14  # of the mean distance from the mean: it costs no digit


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSample:
    """The complete rows of one outcome in one group.

    Attributes
    ----------
    weight, outcome
        (n,) float64.
    count
        (n,) int64: how many people each row stands for.
    unit
        (n,) int32: the sampling unit of each row.
    place
        (n,) int64: where each row stands in the sorted sample.
    tie_end
        (t,) int64: where each tie group's rows end.
    W, mu
        Sum of weights and weighted mean.
    rest
        What rounding leaves out of the mean, the weighted mean of outcome - mu, if it would cost digits: an
        outcome of some units around a billion has it, and one person with nearly all of the weight makes it.
        Otherwise 0.
    units
        (m,) int64: the distinct sampling units, in their order.
    sum_weights
        The sum of the weights as they were given.
    n_clusters
        How many sampling clusters have rows here; None without clusters.
    degrees
        Degrees of freedom of these rows, see `degrees_of_freedom`.
    status
        ``ok``, or why no index exists.
    """

    weight: FloatArray
    outcome: FloatArray
    count: IntArray
    unit: UnitArray
    place: IntArray
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
    def n_people(self) -> int:
        """How many people have complete rows."""
        return int(self.count.sum())

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
            return MEAN_NOT_POSITIVE
        return NEGATIVE_VALUES if self.n_people and self.outcome.min() < 0 else None

    @property
    def has_mean_zero(self) -> bool:
        """Whether only rounding keeps the mean from 0."""
        return bool(abs(self.mu) <= NEARLY * self.largest)

    @property
    def n_events(self) -> int | None:
        """How many events a 0/1 outcome has; None for other outcomes and without rows."""
        is_event = self.outcome == 1
        is_binary = self.n_people > 0 and np.all(is_event | (self.outcome == 0))
        return int(self.count[is_event].sum()) if is_binary else None


def is_near_zero(total: float, std_error: float) -> bool:
    """Say whether a total is so uncertain that linearised limits of a share of it may hold too seldom.

    95 % limits of a ratio of two normal estimates hold the true ratio in at least 93.3 % of samples if the
    lower one lies 5 standard errors from 0, and in at least 88.7 % if it lies 2 from there.
    """
    return bool(abs(total) < _FEWEST_ERRORS * std_error)


def group_sample(arrays: SampleArrays, outcome: int, group: int) -> GroupSample:
    """Return the rows of a group that have an outcome (both by number)."""
    rows = arrays.rows_of(group)
    values = arrays.outcomes[outcome, rows]
    weight, unit, rank = arrays.weight[rows], arrays.unit[rows], arrays.rank[rows]
    count = arrays.count[rows]
    place = np.arange(rows.start, rows.stop)
    present = ~np.isnan(values)
    if not present.all():
        values, weight, unit, rank = values[present], weight[present], unit[present], rank[present]
        place, count = place[present], count[present]
    W, mu = weighted_mean(weight, values)
    units = distinct_units([unit], arrays.design)
    return GroupSample(
        weight=weight,
        outcome=values,
        count=count,
        unit=unit,
        place=place,
        tie_end=tie_ends(rank),
        W=W,
        mu=mu,
        rest=_rest(weight, values - mu),
        units=units,
        sum_weights=W * arrays.weight_scale,
        n_clusters=_n_clusters(units, arrays.design),
        degrees=degrees_of_freedom(arrays.design, arrays.replicate_weights, [unit], [place]),
        status=_status(values, rank, int(count.sum())),
    )


def _n_clusters(units: IntArray, design: DesignArrays) -> int | None:
    if not design.has_clusters:
        return None
    return len(units) if design.calibration is None else len(np.unique(design.calibration.unit[units]))


def _rest(weight: FloatArray, deviation: FloatArray) -> float:
    """Return the weighted mean of the deviations (n,) from a rounded mean, 0 if it is as good as 0."""
    rest: float = weighted_mean(weight, deviation)[1]
    return rest if abs(rest) > NO_REST * weighted_mean(weight, abs(deviation))[1] else 0.0


def _status(values: FloatArray, rank: IntArray, n_people: int) -> str:
    if n_people < 2:
        return "no observations" if n_people == 0 else "a single observation"
    if values.min() == values.max():
        return "outcome constant"
    return "rank constant" if rank[0] == rank[-1] else "ok"


def joint_degrees(arrays: SampleArrays, samples: Sequence[GroupSample]) -> int:
    """Return the degrees of freedom of a comparison of several groups."""
    return degrees_of_freedom(
        arrays.design,
        arrays.replicate_weights,
        [sample.unit for sample in samples],
        [sample.place for sample in samples],
    )
