"""Means of the models behind a decomposition, by products, quotients and roots: the same bits anywhere.

Links: LINEAR (normal errors), LOGIT, PROBIT, IDENTITY (binomial with identity link).
"""

from __future__ import annotations

import math

import numpy as np

from engine.kernels.jit import inlined, kernel

LINEAR, LOGIT, PROBIT, IDENTITY = 0, 1, 2, 3
_LOG2E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_PHI_0 = 1.0 / math.sqrt(2.0 * math.pi)
_FRACTIONS = 60  # of Laplace's continued fraction: exact to 1e-16 beyond 3


@inlined
def exponential(x: float) -> float:
    """Return e**x to 1 ulp: x = k ln 2 + r, Taylor's series for r, and k in the bits of the exponent."""
    x = min(max(x, -708.0), 709.0)
    k = np.floor(x * _LOG2E + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return float(p * np.int64((np.int64(k) + 1023) << 52).view(np.float64))


@kernel
def normal_density(x: float) -> float:
    """Return the standard normal density."""
    return _PHI_0 * exponential(-0.5 * x * x)


@kernel
def normal_distribution(x: float) -> float:
    """Return the standard normal distribution: a series near 0, Laplace's continued fraction in the tails."""
    a = abs(x)
    if a < 3.0:
        term, total = a, a
        k = 1
        while term > 1e-18 * total:
            term *= a * a / (2.0 * k + 1.0)
            total += term
            k += 1
        below = 0.5 + normal_density(a) * total
        return below if x >= 0.0 else 1.0 - below
    fraction = a
    for k in range(_FRACTIONS, 0, -1):
        fraction = a + k / fraction
    above = normal_density(a) / fraction
    return 1.0 - above if x >= 0.0 else above


@kernel
def mean_and_slope(link: int, eta: float) -> tuple[float, float]:
    """Return the mean and its derivative by the linear predictor eta."""
    if link == LOGIT:
        mu = 1.0 / (1.0 + exponential(-eta))
        return mu, mu * (1.0 - mu)
    if link == PROBIT:
        return normal_distribution(eta), normal_density(eta)
    return eta, 1.0


@kernel
def variance(link: int, mu: float) -> float:
    """Return the variance of one observation."""
    return 1.0 if link == LINEAR else mu * (1.0 - mu)
