"""Critical values of bands and of many comparisons at once: sup-t, and the studentized maximum modulus."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from scipy.special import chdtri, ndtr

from engine.arrays import FloatArray
from engine.estimators.sample.design_variance import NO_ERROR
from engine.kernels.draws.streams import stream_key

SIMULATIONS = 20_000
SIMULATED_DIGITS = 7  # of a critical value, whose simulation is good for three
CHUNK = 2_000_000  # numbers drawn at a time
MANY_DEGREES = 200


def simultaneous_critical(covariance: FloatArray, degrees: int, conf_level: float, seed: int) -> float:
    """Return the sup-t critical value: the quantile of max |Z_j| / s_j for Z with the ordinates' correlation.

    s_j^2 are independent of Z and vary as the variances of the ordinates do: the diagonal of a Wishart matrix
    with the same correlation, over its degrees of freedom. Each alone makes a Student's t. One s for all
    ordinates would make the band too narrow with few sampling units.
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
    scales = [_scales(root, degrees, size, generator) for size in _chunks(len(root))]
    critical = np.quantile((np.abs(normal @ root) / np.concatenate(scales)).max(axis=1), conf_level)
    # Products of matrices have other last bits on other machines; those digits mean nothing in a simulation.
    return float(f"{critical:.{SIMULATED_DIGITS}g}")


def _chunks(n_ordinates: int) -> Iterator[int]:
    """Yield how many simulations fit memory at a time."""
    size = max(CHUNK // n_ordinates**2, 1)
    for first in range(0, SIMULATIONS, size):
        yield min(size, SIMULATIONS - first)


def _scales(root: FloatArray, degrees: int, size: int, generator: np.random.Generator) -> FloatArray:
    """Draw s_j of the ordinates (m), given a root (m, m) of their correlation: (size, m), or (size, 1).

    With many degrees of freedom they are nearly 1, and one for all ordinates does.
    """
    m = len(root)
    if degrees > MANY_DEGREES:
        return np.sqrt(generator.chisquare(degrees, (size, 1)) / degrees)
    if degrees < m:
        drawn = generator.standard_normal((size, degrees, m)) @ root
    else:  # Bartlett's factor of a Wishart matrix: fewer numbers to draw
        factor = np.tril(generator.standard_normal((size, m, m)), -1)
        diagonal = np.arange(m)
        factor[:, diagonal, diagonal] = np.sqrt(generator.chisquare(degrees - diagonal, (size, m)))
        drawn = np.swapaxes(factor, 1, 2) @ root
    scales: FloatArray = np.sqrt((drawn * drawn).sum(axis=1) / degrees)
    return scales


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
