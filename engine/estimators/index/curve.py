"""Concentration curves with pointwise and simultaneous bands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from engine.arrays import FloatArray, IntArray, ReplicateWeights, SampleArrays
from engine.errors import EstimationError
from engine.estimators.index.bands import simultaneous_critical
from engine.estimators.index.differences import pairs_of, too_many_groups
from engine.estimators.index.dominance import DOMINANCE_POINTS, dominance_rows
from engine.estimators.replicates.replicate_weights import (
    UNDEFINED_REPLICATES,
    errors_method,
    replicate_covariance,
    spread_covariance,
)
from engine.estimators.sample.design_variance import NO_DEGREES, NO_ERROR, covariance_of_units, logit_limits
from engine.estimators.sample.group_sample import MEAN_NOT_POSITIVE, GroupSample, group_sample
from engine.kernels.index.curve import curve_ordinates, ordinate_influence
from engine.kernels.index.numerators import weighted_mean
from engine.kernels.survey.design_variance import add_unit_totals
from engine.results import TidyRow
from engine.study import CurveSpec

# With 24 sampling units of one stratum 94 % bands and limits of 95 % cover, with 16 units 90 to 92 %.
ENOUGH_DEGREES = 23
FEW_UNITS = "few sampling units: limits cover less than their level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A curve at m points with spread and covariance (m, m) of its ordinates, see `spread_covariance`.

    Only the sampling `units` (d,) that have rows have linearised totals; replicates have no units. `errors`
    says how errors were made, for the `method` column.
    """

    points: FloatArray
    ordinates: FloatArray
    spread: FloatArray
    units: IntArray | None
    covariance: FloatArray
    degrees: int
    errors: str

    def whole_spread(self, n_units: int) -> FloatArray:
        """Return the spread over all sampling units (m, u), or over replicates."""
        if self.units is None:
            return self.spread
        totals = np.zeros((len(self.points), n_units))
        totals[:, self.units] = self.spread
        return totals

    @property
    def std_errors(self) -> FloatArray:
        """(m,) standard errors."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))


def estimate_curve(sample: GroupSample, arrays: SampleArrays, points: FloatArray) -> Curve:
    """Estimate the share of the outcome held by the lowest ranked share of people, at each point (m,)."""
    amounts = curve_ordinates(sample.weight, sample.outcome, sample.tie_end, sample.W, points)
    ordinates = amounts / sample.mu
    given = arrays.replicate_weights
    if given is None:
        units: IntArray | None = sample.units
        spread = _linearised_totals(sample, points, amounts)
        covariance = covariance_of_units(sample.units, spread, arrays.design)
    else:
        units, spread = None, _replicated_ordinates(sample, given, points)
        covariance, _ = replicate_covariance(spread, ordinates, given)
    return Curve(
        points=points,
        ordinates=ordinates,
        spread=spread,
        units=units,
        covariance=covariance,
        degrees=sample.degrees,
        errors=errors_method(given),
    )


def _linearised_totals(sample: GroupSample, points: FloatArray, amounts: FloatArray) -> FloatArray:
    """Return the linearised totals (m, d) of the ordinates by sampling unit that has rows."""
    # The expected outcome at a rank is taken from a window that narrows as n^(-1/5).
    window = 0.25 * sample.n_people**-0.2
    totals = np.zeros((len(points), len(sample.units)))
    unit = np.searchsorted(sample.units, sample.unit).astype(np.int32)
    for j, point in enumerate(points):
        z = ordinate_influence(sample.weight, sample.outcome, sample.tie_end, sample.W, point, window)
        z = z / sample.mu - amounts[j] / sample.mu**2 * (sample.outcome - sample.mu)
        add_unit_totals(totals[j], unit, sample.weight, z, sample.W)
    return totals


def _replicated_ordinates(sample: GroupSample, given: ReplicateWeights, points: FloatArray) -> FloatArray:
    """Return the ordinates (m, r) with each replicate's weights, NaN where their mean is not positive."""
    ordinates = np.full((len(points), len(given.factors)), np.nan)
    for r, of_all in enumerate(given.values):
        weight = of_all[sample.place]
        W, mu = weighted_mean(weight, sample.outcome)
        if W > 0.0 and mu > 0.0:
            ordinates[:, r] = curve_ordinates(weight, sample.outcome, sample.tie_end, W, points) / mu
    return ordinates


def curves(arrays: SampleArrays, spec: CurveSpec, *, seed: int) -> tuple[TidyRow, ...]:
    """Estimate the curve of every outcome in every group, with bands and dominance tests.

    Rows: ``concentration_curve`` with pointwise and then simultaneous limits, `level` the share of people;
    ``dominance`` against the diagonal and between groups: 1 above, -1 below, 0 neither.

    Raises
    ------
    EstimationError
        If an outcome has no defined curve in any group.
    """
    rows: list[TidyRow] = []
    for k, name in enumerate(arrays.outcome_names):
        samples = [group_sample(arrays, k, g) for g in range(len(arrays.groups))]
        if not any(_has_curve(sample) for sample in samples):
            raise EstimationError(
                f"curve of outcome '{name}': its mean is not positive in any group; expected a positive "
                "mean, because a concentration curve is a share of a positive total. Check the outcome's "
                "coding."
            )
        tested: dict[int, Curve] = {}
        for g, sample in enumerate(samples):
            base = _base_row(arrays, name, g, sample)
            if not _has_curve(sample):
                status = sample.status if sample.status != "ok" else MEAN_NOT_POSITIVE
                rows.append(replace(base, status=status))
                continue
            points = np.arange(spec.points + 1) / spec.points
            curve = estimate_curve(sample, arrays, points)
            rows += _curve_rows(base, curve, spec.conf_level, seed)
            tested[g] = estimate_curve(sample, arrays, DOMINANCE_POINTS)
            rows += _against_diagonal(base, tested[g], spec.conf_level)
        rows += _between_groups(arrays, name, samples, tested, spec.conf_level)
    return tuple(rows)


def _has_curve(sample: GroupSample) -> bool:
    return sample.status in ("ok", "outcome constant", "rank constant") and sample.mu > 0


def _base_row(arrays: SampleArrays, name: str, g: int, sample: GroupSample) -> TidyRow:
    given = arrays.replicate_weights
    return TidyRow(
        outcome=name,
        rank_by=arrays.rank_name,
        wave=arrays.groups[g].wave,
        subgroup=arrays.groups[g].subgroup,
        measure="concentration_curve",
        n_obs=sample.n_people,
        n_clusters=sample.n_clusters,
        sum_weights=sample.sum_weights,
        n_replicates=None if given is None else len(given.factors),
    )


def _curve_rows(base: TidyRow, curve: Curve, conf_level: float, seed: int) -> Iterator[TidyRow]:
    pointwise = float("nan")
    if curve.degrees >= 1:
        pointwise = float(stdtrit(curve.degrees, 0.5 + conf_level / 2.0))
    simultaneous = simultaneous_critical(curve.covariance, curve.degrees, conf_level, seed)
    for around, critical in (("pointwise", pointwise), ("simultaneous", simultaneous)):
        for point, ordinate, error in zip(curve.points, curve.ordinates, curve.std_errors, strict=True):
            # The ends of the curve are fixed; rounding must not make a band of them.
            std_error = float(error) if 0.0 < point < 1.0 else 0.0
            half = critical * std_error if std_error > NO_ERROR else 0.0
            low, high = _limits(float(ordinate), float(half))
            row = replace(
                base,
                level=f"{point:.6g}",
                estimate=float(ordinate),
                conf_level=conf_level,
                method=f"{curve.errors}, {around}",
            )
            if not np.isfinite(std_error):
                yield replace(row, status=UNDEFINED_REPLICATES)
            elif curve.degrees >= 1 and np.isfinite(half):
                status = FEW_UNITS if curve.degrees < ENOUGH_DEGREES else row.status
                row = replace(row, std_error=std_error, conf_low=low, conf_high=high, status=status)
                yield replace(row, df2=curve.degrees if around == "pointwise" else None)
            else:
                yield replace(row, status=NO_DEGREES)


def _limits(share: float, half: float) -> tuple[float, float]:
    """Return the limits of a share, given half the width of a symmetric interval, on the logit scale.

    There a share near 0 or 1 is less skewed. A share outside of 0 and 1, of an outcome with negative values,
    has symmetric limits.
    """
    if not 0.0 < share < 1.0:
        return share - half, share + half
    return logit_limits(share, half)


def _against_diagonal(base: TidyRow, curve: Curve, conf_level: float) -> Iterator[TidyRow]:
    base = replace(base, level="diagonal")
    difference = curve.ordinates - curve.points
    return dominance_rows(base, difference, curve.std_errors, curve.degrees, conf_level)


def _between_groups(
    arrays: SampleArrays,
    name: str,
    samples: Sequence[GroupSample],
    tested: Mapping[int, Curve],
    conf_level: float,
) -> Iterator[TidyRow]:
    """Yield the dominance tests between pairs of the groups that have a curve."""
    has_curve = np.array([1.0 if g in tested else np.nan for g in range(len(samples))])
    not_compared = too_many_groups(len(tested))
    if not_compared is not None:
        base = TidyRow(outcome=name, rank_by=arrays.rank_name, measure="dominance", level="groups")
        yield replace(base, status=not_compared)
        return
    for pair in pairs_of(has_curve):
        first, second = tested[pair.first], tested[pair.second]
        compared = (samples[pair.first], samples[pair.second])
        base = TidyRow(
            outcome=name,
            rank_by=arrays.rank_name,
            measure="dominance",
            level=f"{arrays.groups[pair.second].label} - {arrays.groups[pair.first].label}",
            n_obs=sum(sample.n_people for sample in compared),
            sum_weights=sum(sample.sum_weights for sample in compared),
        )
        difference = second.ordinates - first.ordinates
        n_units = arrays.design.n_units
        covariance = spread_covariance(
            second.whole_spread(n_units) - first.whole_spread(n_units),
            difference,
            arrays.design,
            arrays.replicate_weights,
        )
        errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        degrees = min(first.degrees, second.degrees)
        yield from dominance_rows(base, difference, errors, degrees, conf_level)
