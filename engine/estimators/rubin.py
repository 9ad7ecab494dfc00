"""Rubin's rules: one estimate from those of several completed data sets.

Sources: Rubin (1987); Barnard and Rubin (1999) for the degrees of freedom of small samples; Li, Meng,
Raghunathan and Rubin (1991) for tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from engine.arrays import FloatArray

NORMAL = 1e9  # degrees of freedom with which Student's t is the normal distribution to all digits
_NO_BETWEEN = 1e-28  # of the squared estimate: differences between imputations that only rounding makes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """An estimate from several imputations.

    Attributes
    ----------
    estimate, std_error
        The mean of the estimates, and the root of the variance within and between imputations.
    degrees
        Degrees of freedom of Student's t.
    missing_information
        The share of information that the missing values take.
    """

    estimate: float
    std_error: float
    degrees: float
    missing_information: float

    def interval(self, conf_level: float) -> tuple[float, float]:
        """Return the limits by Student's t."""
        half = float(stdtrit(self.degrees, 0.5 + conf_level / 2.0)) * self.std_error
        return self.estimate - half, self.estimate + half

    def p_value(self) -> float:
        """Return the two-sided test against 0."""
        return 2.0 * float(stdtr(self.degrees, -abs(self.estimate) / self.std_error))


def rubin(estimates: FloatArray, variances: FloatArray, complete: float = np.inf) -> Pooled:
    """Pool estimates and their variances, (m,) each.

    `complete` is the degrees of freedom that the data would have without missing values.

    Examples
    --------
    >>> pooled = rubin(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0]), 20.0)
    >>> round(pooled.estimate, 4), round(pooled.std_error, 4), round(pooled.degrees, 2)
    (2.0, 1.5275, 3.44)
    """
    m, estimate, within = len(estimates), float(np.mean(estimates)), float(np.mean(variances))
    between = (1.0 + 1.0 / m) * float(np.var(estimates, ddof=1))
    total = within + between
    is_equal = between <= _NO_BETWEEN * max(estimate**2, within)
    of_between = 0.0 if is_equal else between / total
    complete = min(complete, NORMAL)
    observed = (complete + 1.0) / (complete + 3.0) * complete * (1.0 - of_between)
    if is_equal:
        return Pooled(
            estimate=estimate, std_error=float(np.sqrt(within)), degrees=observed, missing_information=0.0
        )
    degrees = (m - 1.0) / of_between**2
    if observed > 0.0:
        degrees = 1.0 / (1.0 / degrees + 1.0 / observed)
    r = between / within if within > 0.0 else np.inf
    share = (r + 2.0 / (degrees + 3.0)) / (r + 1.0) if np.isfinite(r) else 1.0
    return Pooled(
        estimate=estimate, std_error=float(np.sqrt(total)), degrees=degrees, missing_information=float(share)
    )


def rubin_of_tests(chi2: FloatArray, k: float, complete: float = np.inf) -> tuple[float, float, float]:
    """Pool the chi-square statistics (m,) of tests of k degrees of freedom (the rule D2).

    `complete` is the degrees of freedom of the denominator that F has in complete data: those of the rule,
    which is for large samples, are no more.

    Returns
    -------
    tuple of float
        The statistic, an F of k and v degrees of freedom; v; and the share of missing information, which is
        r / (1 + r) with the increase r of the variance.

    Examples
    --------
    >>> [round(number, 3) for number in rubin_of_tests(np.array([4.0, 9.0, 6.25]), 2.0)]
    [1.906, 16.0, 0.25]
    """
    m = len(chi2)
    r = (1.0 + 1.0 / m) * float(np.var(np.sqrt(np.maximum(chi2, 0.0)), ddof=1))
    statistic = (float(np.mean(chi2)) / k - (m + 1.0) / (m - 1.0) * r) / (1.0 + r)
    is_equal, share = r <= _NO_BETWEEN, r / (1.0 + r)
    degrees = NORMAL if is_equal else k ** (-3.0 / m) * (m - 1.0) * (1.0 + 1.0 / r) ** 2
    return statistic, min(degrees, complete), 0.0 if is_equal else share
