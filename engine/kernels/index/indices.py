"""Each index as a function of its numerator N, the mean mu, the bounds a, b and its parameter.

Family 0 (mid-rank): N is the generalized index GC. Families 1 and 2 (extended, symmetric): N is the
weighted sum of their kernels, see `numerators`. Sources: Erreygers (2009), Wagstaff (2005), Erreygers and
Van Ourti (2011), Erreygers, Clarke and Van Ourti (2012).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]

STANDARD, GENERALIZED, ERREYGERS, WAGSTAFF, MODIFIED = 0, 1, 2, 3, 4
EXTENDED, GENERALIZED_EXTENDED, SYMMETRIC, GENERALIZED_SYMMETRIC = 5, 6, 7, 8

MIDRANK_FAMILY, EXTENDED_FAMILY, SYMMETRIC_FAMILY = 0, 1, 2


@kernel
def family(code: int) -> int:
    """Return which numerator an index is built on."""
    if code <= MODIFIED:
        return MIDRANK_FAMILY
    return EXTENDED_FAMILY if code <= GENERALIZED_EXTENDED else SYMMETRIC_FAMILY


@kernel
def index_value(code: int, N: float, mu: float, a: float, b: float, parameter: float) -> float:
    """Return the index; NaN or infinity where it is undefined (a relative index of a mean of zero)."""
    if code in (STANDARD, EXTENDED, SYMMETRIC):
        return N / mu
    if code == GENERALIZED:
        return N
    if code == ERREYGERS:
        return 4.0 * N / (b - a)
    if code == WAGSTAFF:
        return (b - a) * N / ((b - mu) * (mu - a))
    if code == MODIFIED:
        return N / (mu - a)
    if code == GENERALIZED_EXTENDED:
        return N * float(parameter ** (parameter / (parameter - 1.0))) / (parameter - 1.0)
    return 4.0 * N


@kernel
def index_gradient(
    code: int, N: float, mu: float, a: float, b: float, parameter: float
) -> tuple[float, float]:
    """Return (d index / d N, d index / d mu), which turn influence values of N and mu into the index's."""
    if code in (STANDARD, EXTENDED, SYMMETRIC):
        return 1.0 / mu, -N / mu**2
    if code == WAGSTAFF:
        d = (b - mu) * (mu - a)
        return (b - a) / d, -(b - a) * N * (a + b - 2.0 * mu) / d**2
    if code == MODIFIED:
        return 1.0 / (mu - a), -N / (mu - a) ** 2
    return index_value(code, 1.0, np.nan, a, b, parameter), 0.0


@kernel
def index_gradients(
    code: int, N: FloatArray, mu: FloatArray, a: float, b: float, parameter: float
) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of each replicate: N, mu (b,) -> (b,), (b,)."""
    by_N, by_mu = np.empty(N.shape[0]), np.empty(N.shape[0])
    for i in range(N.shape[0]):
        by_N[i], by_mu[i] = index_gradient(code, N[i], mu[i], a, b, parameter)
    return by_N, by_mu


@kernel
def index_values(
    code: int, N: FloatArray, mu: FloatArray, a: float, b: float, parameter: float
) -> FloatArray:
    """Return the index of each replicate: N, mu (b,) -> (b,)."""
    out = np.empty(N.shape[0])
    for i in range(N.shape[0]):
        out[i] = index_value(code, N[i], mu[i], a, b, parameter)
    return out
