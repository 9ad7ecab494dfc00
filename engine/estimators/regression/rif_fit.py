"""One RIF regression: weighted least squares on the influence values that the same weights give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.index.indices import Index
from engine.kernels.index.numerators import RankedSample, numerator, numerator_influence
from engine.kernels.regression.small_matrices import inverse as inverted
from engine.kernels.regression.small_matrices import product, times, weighted_rows
from engine.kernels.regression.symmetric import eigen

_NEARLY_SINGULAR = 1e-11  # smallest eigenvalue of the moments of columns scaled to a mean square of 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RifFit:
    """A regression of recentered influence values.

    Attributes
    ----------
    value
        The index; not finite where it is undefined.
    W, mu, N
        Sum of weights, mean of the outcome, numerator of the index.
    influence
        (n,) influence values of the numerator.
    rif
        (n,) recentered influence values of the index.
    beta, inverse
        (q,) coefficients and (q, q) inverse moments of the scaled columns; None where columns are
        combinations of others.
    """

    value: float
    W: float
    mu: float
    N: float
    influence: FloatArray
    rif: FloatArray
    beta: FloatArray | None
    inverse: FloatArray | None


def scaled_columns(X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the columns (n, q) with a mean square of 1, and what they were divided by (q,)."""
    scale: FloatArray = np.sqrt((X * X).mean(axis=0))
    return X / scale, scale


def fit_rif(index: Index, sample: RankedSample, Z: FloatArray) -> RifFit:
    """Regress the recentered influence values of an index on scaled columns Z (n, q)."""
    W, mean, N = numerator(index.family, index.parameter, *sample)
    # A mean that only rounding keeps from 0 has no share: the index is undefined.
    mu = float(index.snapped(np.array([mean]), float(abs(sample.outcome).max()))[0])
    value = float(index.value(N, mu))
    influence = numerator_influence(index.family, index.parameter, *sample, W, mu, N)
    if not np.isfinite(value):
        none = np.full(len(influence), np.nan)
        return RifFit(value=value, W=W, mu=mu, N=N, influence=influence, rif=none, beta=None, inverse=None)
    by_N, by_mu = index.gradient(N, mu)
    rif = value + by_N * influence + by_mu * (sample.outcome - mu)
    beta: FloatArray | None = None
    inverse: FloatArray | None = None
    moments = product(np.ascontiguousarray(Z.T), sample.weight[:, None] * Z) / W
    if eigen(moments)[0].min() >= _NEARLY_SINGULAR:
        inverse, _ = inverted(moments)
        beta = times(inverse, weighted_rows(sample.weight * rif, Z)) / W
    return RifFit(value=value, W=W, mu=mu, N=N, influence=influence, rif=rif, beta=beta, inverse=inverse)
