"""Critical values of bands and of many comparisons at once: sup-t, and the studentized maximum modulus."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import chdtri, ndtr

from engine.arrays import FloatArray
from engine.kernels.draws.streams import stream_key

SIMULATIONS = 20_000
NO_ERROR = 1e-12  # standard errors below this are rounding of 0


def simultaneous_critical(covariance: FloatArray, degrees: int, conf_level: float, seed: int) -> float:
    """Return the sup-t critical value: the quantile of max |Z_j| / s for Z with the ordinates' correlation.

    s^2 is an independent chi-square over its degrees of freedom, as for Student's t: with few sampling units
    a normal band would be narrower than the pointwise intervals.
    """
    std = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    varies = std > NO_ERROR
    if not varies.any() or degrees < 1:
        return float("nan")
    correlation = covariance[np.ix_(varies, varies)] / np.outer(std[varies], std[varies])
    eigenvalues, vectors = np.linalg.eigh(correlation)
    # The symmetric root does not depend on the signs of the eigenvectors.
    root = (vectors * np.sqrt(np.maximum(eigenvalues, 0.0))) @ vectors.T
    generator = np.random.Generator(np.random.Philox(int(stream_key(seed, "simultaneous band"))))
    normal = generator.standard_normal((SIMULATIONS, len(root)))
    scale = np.sqrt(generator.chisquare(degrees, SIMULATIONS) / degrees)
    return float(np.quantile(np.abs(normal @ root).max(axis=1) / scale, conf_level))


@lru_cache(maxsize=1024)  # thousands of groups have few different degrees of freedom
def studentized_maximum_modulus(points: int, degrees: int, conf_level: float) -> float:
    """Return the quantile of max |Z_j| / s over independent Z_j (Stoline and Ury 1979).

    P(max |Z_j| <= c s) is the mean of (2 Phi(c s) - 1)^points over s^2 = chi-square / degrees.

    Examples
    --------
    >>> round(studentized_maximum_modulus(19, 10**6, 0.95), 2)
    3.0
    >>> round(studentized_maximum_modulus(1, 10, 0.95), 2)
    2.23
    """
    if degrees < 1:
        return float("nan")
    shares = (np.arange(4000) + 0.5) / 4000
    s = np.sqrt(chdtri(degrees, 1.0 - shares) / degrees)
    low, high = 0.0, 1e4
    for _ in range(80):
        middle = 0.5 * (low + high)
        covered = float(np.mean((2.0 * ndtr(middle * s) - 1.0) ** points))
        low, high = (middle, high) if covered < conf_level else (low, middle)
    return 0.5 * (low + high)
