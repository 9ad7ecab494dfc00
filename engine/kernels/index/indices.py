"""Each index as a function of its numerator N, the mean mu, the bounds a, b of the outcome and a parameter.

An index is built on the numerator of its family, see `numerators`: mid-rank, where N is the generalized index
GC; extended or symmetric, where N is the weighted sum of their kernels. Sources: Erreygers (2009), Wagstaff
(2005), Erreygers and Van Ourti (2011), Erreygers, Clarke and Van Ourti (2012).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]

STANDARD, GENERALIZED, ERREYGERS, WAGSTAFF, MODIFIED = 0, 1, 2, 3, 4
EXTENDED, GENERALIZED_EXTENDED, SYMMETRIC, GENERALIZED_SYMMETRIC = 5, 6, 7, 8

MIDRANK_FAMILY, EXTENDED_FAMILY, SYMMETRIC_FAMILY = 0, 1, 2


class IndexFormula(NamedTuple):
    """An index as kernels take it: its code, the family of its numerator, bounds a and b, and its parameter.

    Bounds are NaN where the index needs none, and the parameter is 0 where it has none.
    """

    code: int
    family: int
    a: float
    b: float
    parameter: float


@kernel
def index_value(index: IndexFormula, N: float, mu: float) -> float:
    """Return the index; NaN or infinity where it is undefined (a relative index of a mean of zero)."""
    code, a, b, parameter = index.code, index.a, index.b, index.parameter
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
def index_gradient(index: IndexFormula, N: float, mu: float) -> tuple[float, float]:
    """Return (d index / d N, d index / d mu): the weights of influence values of N and mu in the index's."""
    code, a, b = index.code, index.a, index.b
    if code in (STANDARD, EXTENDED, SYMMETRIC):
        return 1.0 / mu, -N / mu**2
    if code == WAGSTAFF:
        d = (b - mu) * (mu - a)
        return (b - a) / d, -(b - a) * N * (a + b - 2.0 * mu) / d**2
    if code == MODIFIED:
        return 1.0 / (mu - a), -N / (mu - a) ** 2
    return index_value(index, 1.0, np.nan), 0.0


@kernel
def index_values(index: IndexFormula, N: FloatArray, mu: FloatArray) -> FloatArray:
    """Return the index of each replicate: N, mu (r,) -> (r,)."""
    values = np.empty(N.shape[0])
    for r in range(N.shape[0]):
        values[r] = index_value(index, N[r], mu[r])
    return values


@kernel
def index_gradients(index: IndexFormula, N: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of each replicate: N, mu (r,) -> (r,), (r,)."""
    by_N, by_mu = np.empty(N.shape[0]), np.empty(N.shape[0])
    for r in range(N.shape[0]):
        by_N[r], by_mu[r] = index_gradient(index, N[r], mu[r])
    return by_N, by_mu
