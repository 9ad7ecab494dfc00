"""Intervals from replicates: normal, basic, percentile, BCa, studentized.

Sources: Davison and Hinkley (1997), chapter 5; Efron (1987) for BCa. Quantiles follow their (b + 1) p rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from engine.arrays import FloatArray
from engine.estimators.sample.design_variance import t_interval

MOST_FAILED = 0.05  # share of undefined replicates beyond which there is no interval


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceRule:
    """How replicates make a variance: v = sum_r c_r (theta_r - centre)^2.

    Attributes
    ----------
    name
        Name of the resampling plan.
    factors
        (r,) float64: c_r.
    centre
        ``estimate``, the full-sample estimate, or ``mean``, the mean of the replicates.
    is_drawn
        Whether another seed gives other replicates.
    """

    name: str
    factors: FloatArray
    centre: str
    is_drawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalSpec:
    """One interval of one estimate.

    Attributes
    ----------
    interval
        ``normal``, ``basic``, ``percentile``, ``bca`` or ``studentized``.
    conf_level
        Confidence level.
    degrees
        Degrees of freedom of the normal interval's t.
    acceleration
        Acceleration of BCa, from the influence values.
    errors, std_error
        For studentized: (r,) linearised standard errors inside the replicates, and that of the estimate.
    null
        The value that the p-value tests; NaN for no test.
    """

    interval: str
    conf_level: float
    degrees: int
    acceleration: float = 0.0
    errors: FloatArray | None = None
    std_error: float = float("nan")
    null: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateSummary:
    """Standard error, interval and p-value of one estimate, from its replicates."""

    std_error: float
    conf_low: float
    conf_high: float
    p_value: float
    n_failed: int
    status: str


def replicate_variance(values: FloatArray, factors: FloatArray, centre: float | None) -> float:
    """Return v = sum_r c_r (theta_r - centre)^2; centre None is the mean of the replicates that count.

    One formula for every method; undefined replicates are left out and the factors scaled up for them.
    """
    present = np.isfinite(values)
    if present.sum() < 2:
        return float("nan")
    counts = present & (factors > 0)
    if centre is None and not counts.any():
        return 0.0
    middle = float(mean_of_counted(values[present], factors[present])) if centre is None else centre
    scale = factors.sum() / factors[present].sum()
    return float(scale * (factors[present] * (values[present] - middle) ** 2).sum())


def mean_of_counted(values: FloatArray, factors: FloatArray) -> FloatArray:
    """Return the mean over replicates (..., r), without those whose factor (r,) is 0."""
    mean: FloatArray = values[..., factors > 0.0].mean(axis=-1)
    return mean


def summarise(
    estimate: float, values: FloatArray, spec: IntervalSpec, rule: VarianceRule
) -> ReplicateSummary:
    """Return standard error and interval of an estimate from its replicates (r,), NaN where undefined.

    With more than MOST_FAILED of them undefined there is no interval and no p-value, and the status says so.
    """
    centre = estimate if rule.centre == "estimate" else None
    std_error = float(np.sqrt(replicate_variance(values, rule.factors, centre)))
    low, high, _ = t_interval(estimate, std_error, spec.degrees, spec.conf_level)
    p = t_interval(estimate - spec.null, std_error, spec.degrees, spec.conf_level)[2]
    present = _usable(values, spec)
    n_failed = int((~present).sum())
    status = "ok"
    if n_failed > MOST_FAILED * len(values) or n_failed == len(values) or not np.isfinite(estimate):
        low = high = p = float("nan")
        status = f"{n_failed} of {len(values)} replicates undefined: no interval"
    elif spec.interval != "normal":
        low, high = _quantile_limits(estimate, values, spec, present)
        has_limits = np.isfinite([low, high, spec.null]).all()
        p = _inverted_p(estimate, values[present], spec, present) if has_limits else float("nan")
    return ReplicateSummary(
        std_error=std_error, conf_low=low, conf_high=high, p_value=p, n_failed=n_failed, status=status
    )


def _usable(values: FloatArray, spec: IntervalSpec) -> NDArray[np.bool_]:
    """Say which replicates (r,) the interval can use."""
    usable = np.isfinite(values)
    if spec.interval == "studentized" and spec.errors is not None:
        usable &= np.isfinite(spec.errors) & (spec.errors > 0)
    return usable


def _quantile_limits(
    estimate: float, values: FloatArray, spec: IntervalSpec, usable: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return the limits of an interval that is made of quantiles of the usable replicates."""
    kept = values[usable]
    tail = (1.0 - spec.conf_level) / 2.0
    if spec.interval == "bca":
        return _bca(estimate, kept, tail, spec.acceleration)
    if spec.interval == "studentized":
        assert spec.errors is not None  # noqa: S101 - narrowing for mypy; a studentized interval comes with them
        upper, lower = _quantiles((kept - estimate) / spec.errors[usable], 1.0 - tail, tail)
        return estimate - upper * spec.std_error, estimate - lower * spec.std_error
    if spec.interval == "basic":
        upper, lower = _quantiles(kept, 1.0 - tail, tail)
        return 2.0 * estimate - upper, 2.0 * estimate - lower
    return _quantiles(kept, tail, 1.0 - tail)


def _inverted_p(estimate: float, kept: FloatArray, spec: IntervalSpec, usable: NDArray[np.bool_]) -> float:
    """Return the p-value: 1 less the highest confidence level whose interval leaves the null value out.

    So that interval and p never contradict each other. Beyond all b replicates it is
    2 / (b + 1), the least that so many can show.
    """
    if spec.interval == "studentized":
        assert spec.errors is not None  # noqa: S101 - narrowing for mypy, as above
        away = (estimate - spec.null) / spec.std_error
        shares = _shares_below((kept - estimate) / spec.errors[usable], away)
    else:
        point = 2.0 * estimate - spec.null if spec.interval == "basic" else spec.null
        shares = _shares_below(kept, point)
    if shares is None:
        return 2.0 / (len(kept) + 1.0)
    tails = np.array(shares)
    if spec.interval == "bca":
        tails = _bca_tails(tails, _bias(estimate, kept), spec.acceleration)
    if not np.isfinite(tails).all():
        return float("nan")
    low, high = tails
    return 1.0 if low <= 0.5 <= high else float(2.0 * min(high, 1.0 - low))


def _shares_below(values: FloatArray, point: float) -> tuple[float, float] | None:
    """Return the lowest and the highest share p whose quantile by the (b + 1) p rule is the point.

    These differ where replicates equal the point; None outside all values.
    """
    ordered = np.sort(values)
    first, last = (int(np.searchsorted(ordered, point, side)) for side in ("left", "right"))
    if first < last:
        return (first + 1) / (len(ordered) + 1), last / (len(ordered) + 1)
    if first in (0, len(ordered)):
        return None
    low, high = ordered[first - 1], ordered[first]
    share = float((first + (point - low) / (high - low)) / (len(ordered) + 1))
    return share, share


def _bca_tails(shares: FloatArray, z0: float, acceleration: float) -> FloatArray:
    """Return the tails whose limits BCa puts at these shares: the inverse of `_bca`."""
    from_bias = ndtri(shares) - z0
    shrunk = 1.0 + acceleration * from_bias
    # No tail, however small, puts a limit there.
    out_of_reach = np.where(acceleration > 0, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        tails: FloatArray = np.where(shrunk > 0, ndtr(from_bias / shrunk - z0), out_of_reach)
    return tails


def _quantiles(values: FloatArray, first: float, second: float) -> tuple[float, float]:
    low, high = np.quantile(values, [first, second], method="weibull")
    return float(low), float(high)


def _bca(estimate: float, values: FloatArray, tail: float, acceleration: float) -> tuple[float, float]:
    """Return the bias-corrected and accelerated interval; replicates equal to the estimate count half."""
    z0 = _bias(estimate, values)
    if not np.isfinite(z0):
        return float("nan"), float("nan")
    z = z0 + ndtri(np.array([tail, 1.0 - tail]))
    first, second = ndtr(z0 + z / (1.0 - acceleration * z))
    return _quantiles(values, float(first), float(second))


def _bias(estimate: float, values: FloatArray) -> float:
    """Return the bias correction z0 of BCa; infinite if all replicates lie on one side."""
    below = (float((values < estimate).sum()) + 0.5 * float((values == estimate).sum())) / len(values)
    return float(ndtri(below))
