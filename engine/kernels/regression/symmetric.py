"""Eigenvalues of small symmetric matrices, by rotations in a fixed order: the same bits anywhere."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]

_SWEEPS = 30
_NEAR = 1e-15  # of the largest element: smaller off the diagonal is 0


@kernel
def _rotate(A: FloatArray, vectors: FloatArray, i: int, j: int) -> None:
    """Turn A (q, q) so that A[i, j] becomes 0, and the vectors (q, q) with it."""
    theta = (A[j, j] - A[i, i]) / (2.0 * A[i, j])
    t = 1.0 / (abs(theta) + math.sqrt(theta * theta + 1.0))
    if theta < 0.0:
        t = -t
    c = 1.0 / math.sqrt(t * t + 1.0)
    s = t * c
    for k in range(A.shape[0]):
        a, b = A[k, i], A[k, j]
        A[k, i], A[k, j] = c * a - s * b, s * a + c * b
    for k in range(A.shape[0]):
        a, b = A[i, k], A[j, k]
        A[i, k], A[j, k] = c * a - s * b, s * a + c * b
        a, b = vectors[k, i], vectors[k, j]
        vectors[k, i], vectors[k, j] = c * a - s * b, s * a + c * b


@kernel
def eigen(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues (q,), in no order, and the vectors (q, q; columns) of a symmetric matrix.

    By Jacobi's rotations.
    """
    A, q = matrix.copy(), matrix.shape[0]
    vectors, values = np.eye(q), np.empty(q)
    for _ in range(_SWEEPS):
        largest, off = 0.0, 0.0
        for i in range(q):
            for j in range(q):
                largest = max(largest, abs(A[i, j]))
                if i != j:
                    off = max(off, abs(A[i, j]))
        if off <= _NEAR * largest:
            break
        for i in range(q):
            for j in range(i + 1, q):
                if abs(A[i, j]) > 1e-300:
                    _rotate(A, vectors, i, j)
    for i in range(q):
        values[i] = A[i, i]
    return values, vectors
