"""Design variance of linearised totals, and Student's t intervals with the design's degrees of freedom."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, stdtr, stdtrit

from engine.arrays import DesignArrays, FloatArray, IntArray
from engine.estimators.sample.calibrated_parts import residual_totals, sampling_design
from engine.kernels.survey.design_variance import design_covariance, sparse_covariance


def covariance_of(totals: FloatArray, design: DesignArrays) -> FloatArray:
    """Return the design covariance (q, q) of linearised totals (q, u).

    Where weights are calibrated it is that of the residuals.
    """
    totals, design = residual_totals(totals, design), sampling_design(design)
    return design_covariance(
        totals, design.stratum_end, design.population, centre_single=design.single_psu == "adjust"
    )


def covariance_of_units(units: IntArray, totals: FloatArray, design: DesignArrays) -> FloatArray:
    """Return the same of totals (q, m) of a domain, of which only these units (m,) have any."""
    if design.calibration is not None:  # then all units have residuals
        whole = np.zeros((len(totals), design.n_units))
        whole[:, units] = totals
        return covariance_of(whole, design)
    return sparse_covariance(
        units,
        totals,
        design.stratum_of_unit,
        design.stratum_end,
        design.population,
        centre_single=design.single_psu == "adjust",
    )


NO_DEGREES, NO_STANDARD_ERROR = "no degrees of freedom", "no standard error"
NO_ERROR = 1e-12  # standard errors below this are rounding of 0


def t_interval(
    estimate: float, std_error: float, degrees: int, conf_level: float
) -> tuple[float, float, float]:
    """Return (low, high, two-sided p) by Student's t; NaN without degrees of freedom or standard error.

    An error that is rounding of 0 tests nothing: p is NaN.

    Examples
    --------
    >>> low, high, p = t_interval(0.0, 1.0, 10**9, 0.95)
    >>> round(low, 4), round(high, 4), p
    (-1.96, 1.96, 1.0)
    """
    if degrees < 1 or not np.isfinite(std_error):
        return np.nan, np.nan, np.nan
    half = float(stdtrit(degrees, 0.5 + conf_level / 2)) * std_error
    is_tested = std_error > NO_ERROR * abs(estimate)
    p = 2.0 * float(stdtr(degrees, -abs(estimate) / std_error)) if is_tested else np.nan
    return estimate - half, estimate + half, p


def logit_limits(share: float, half: float) -> tuple[float, float]:
    """Return the limits of a share between 0 and 1, given half the width of its interval, on the logit scale.

    Examples
    --------
    >>> [round(limit, 4) for limit in logit_limits(0.5, 0.1)], logit_limits(0.5, 1e6)
    ([0.4013, 0.5987], (0.0, 1.0))
    """
    logit, step = np.log(share / (1.0 - share)), half / (share * (1.0 - share))
    return float(expit(logit - step)), float(expit(logit + step))


def finite_or_none(value: float) -> float | None:
    """Return a number as a tidy row holds it: None where it is undefined."""
    return float(value) if np.isfinite(value) else None
