"""Intervals from replicates: normal, basic, percentile, BCa, studentized.

Sources: Davison and Hinkley (1997), chapter 5; Efron (1987) for BCa. Quantiles follow their (b + 1) p rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from engine.arrays import FloatArray
from engine.estimators.sample.design_variance import t_interval

MOST_FAILED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateSummary:
    """What replicates say about one estimate."""

    std_error: float
    conf_low: float
    conf_high: float
    p_value: float
    interval: str
    n_failed: int
    status: str


def replicate_variance(values: FloatArray, factors: FloatArray, centre: float | None) -> float:
    """Return v = sum_r c_r (theta_r - centre)^2; centre None is the replicates' mean.

    One formula for every method; undefined replicates are left out and the factors scaled up for them.
    """
    present = np.isfinite(values)
    if present.sum() < 2:
        return float("nan")
    middle = float(values[present].mean()) if centre is None else centre
    scale = factors.sum() / factors[present].sum()
    return float(scale * (factors[present] * (values[present] - middle) ** 2).sum())


def summarise(
    estimate: float,
    values: FloatArray,
    *,
    factors: FloatArray,
    centre: float | None,
    interval: str,
    conf_level: float,
    degrees: int,
    acceleration: float = 0.0,
    errors: FloatArray | None = None,
    std_error: float = float("nan"),
) -> ReplicateSummary:
    """Return standard error and interval of an estimate.

    Parameters
    ----------
    estimate
        The full-sample estimate.
    values
        (b,) its replicates, NaN where undefined.
    factors, centre
        Of the variance, see `replicate_variance`.
    interval
        Which interval.
    conf_level, degrees
        Level, and degrees of freedom of the normal interval's t.
    acceleration
        Of BCa, from the influence values.
    errors, std_error
        (b,) linearised standard errors inside the replicates and that of the estimate, for studentized.
    """
    spread = float(np.sqrt(replicate_variance(values, factors, centre)))
    low, high, p = t_interval(estimate, spread, degrees, conf_level)
    present = np.isfinite(values)
    if interval == "studentized" and errors is not None:
        present &= np.isfinite(errors) & (errors > 0)
    failed = int((~present).sum())
    status = "ok"
    kept = values[present]
    tail = (1.0 - conf_level) / 2.0
    if failed > MOST_FAILED * len(values) or len(kept) == 0 or not np.isfinite(estimate):
        low = high = p = float("nan")
        status = f"{failed} of {len(values)} replicates undefined: no interval"
    elif interval == "percentile":
        low, high = _quantiles(kept, tail, 1.0 - tail)
    elif interval == "basic":
        upper, lower = _quantiles(kept, 1.0 - tail, tail)
        low, high = 2.0 * estimate - upper, 2.0 * estimate - lower
    elif interval == "bca":
        low, high = _bca(estimate, kept, tail, acceleration)
    elif interval == "studentized" and errors is not None:
        upper, lower = _quantiles((kept - estimate) / errors[present], 1.0 - tail, tail)
        low, high = estimate - upper * std_error, estimate - lower * std_error
    return ReplicateSummary(
        std_error=spread,
        conf_low=low,
        conf_high=high,
        p_value=p,
        interval=interval,
        n_failed=failed,
        status=status,
    )


def _quantiles(values: FloatArray, first: float, second: float) -> tuple[float, float]:
    low, high = np.quantile(values, [first, second], method="weibull")
    return float(low), float(high)


def _bca(estimate: float, values: FloatArray, tail: float, acceleration: float) -> tuple[float, float]:
    """Return the bias-corrected and accelerated interval; ties with the estimate count half."""
    below = (float((values < estimate).sum()) + 0.5 * float((values == estimate).sum())) / len(values)
    z0 = float(ndtri(below))
    if not np.isfinite(z0):
        return float("nan"), float("nan")
    z = z0 + ndtri(np.array([tail, 1.0 - tail]))
    first, second = ndtr(z0 + z / (1.0 - acceleration * z))
    return _quantiles(values, float(first), float(second))
