"""Covariate patterns: their weights, and their matrix in standard units and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.sample.sparse import sparse_rows
from engine.kernels.regression.glm import Patterns
from engine.kernels.regression.small_matrices import product, times


def pattern_sums(frame: ModelFrame, weight: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return sums n of weight and s of weight x y by pattern (p,); weight and y are by row (n,)."""
    p = len(frame.X)
    return sums_by_key(frame.pattern, weight, y, p)


def sums_by_key(
    key: NDArray[Any], weight: FloatArray, y: FloatArray, size: int
) -> tuple[FloatArray, FloatArray]:
    """Return sums of weight and of weight x y by key (size,), the same bits for any order of the rows (n,).

    Sums of whole numbers are exact; other weights are added by their size.
    """
    if not (weight == np.floor(weight)).all():
        order = np.lexsort((weight, key))
        key, weight, y = key[order], weight[order], y[order]
    n = np.bincount(key, weight, minlength=size).astype(np.float64)
    s = np.bincount(key, weight * y, minlength=size).astype(np.float64)
    return n, s


def standardised(X: FloatArray, n: FloatArray, *, is_centred: bool = True) -> tuple[FloatArray, FloatArray]:
    """Return Z = X A (p, q) with numbers centred and scaled to a spread of 1; dummies and the constant stay.

    Parameters
    ----------
    X
        (p, q) the matrix in the units of the study.
    n
        (p,) sums of weights of the patterns.
    is_centred
        False: only scaled, where no constant takes what centring moves.
    """
    A = np.eye(X.shape[1])
    numbers = 1 + np.flatnonzero([((one != 0.0) & (one != 1.0)).any() for one in X.T[1:]])
    if not len(numbers):
        return X, A
    Z, share = X.copy(), n / math.fsum(n)
    for k in numbers:
        column = X[:, k]
        centre = math.fsum(share * column) if is_centred else 0.0
        spread = math.sqrt(math.fsum(share * (column - centre) ** 2))
        if spread > 0.0:
            A[k, k], A[0, k] = 1.0 / spread, -centre / spread
            Z[:, k] = (column - centre) / spread
    return Z, A


def in_study_units(
    A: FloatArray, estimated: IntArray, beta: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return coefficients (q,) and covariance (q, q) in the units of the study, NaN where not estimated.

    Parameters
    ----------
    A
        (q, q) of `standardised`.
    estimated
        (e,) numbers of the estimated columns.
    beta, covariance
        (e,) and (e, e) in standard units.
    """
    q = len(A)
    to_units = np.ascontiguousarray(A[np.ix_(estimated, estimated)])
    beta_in_units, covariance_in_units = np.full(q, np.nan), np.full((q, q), np.nan)
    beta_in_units[estimated] = times(to_units, np.ascontiguousarray(beta))
    half = product(to_units, np.ascontiguousarray(covariance))
    covariance_in_units[np.ix_(estimated, estimated)] = product(half, np.ascontiguousarray(to_units.T))
    return beta_in_units, covariance_in_units


def submatrix(Z: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    """Return some rows and columns of a matrix, in C order; the matrix itself if these are all."""
    if (len(rows), len(columns)) == Z.shape:
        return Z
    return np.ascontiguousarray(Z[np.ix_(rows, columns)])


def sparse_patterns(X: FloatArray) -> Patterns:
    """Return a dense matrix of patterns (p, q) as the kernels read it."""
    return Patterns(*sparse_rows(X))
