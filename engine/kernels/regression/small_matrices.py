"""Products and inverses of small matrices in a fixed order of sums: the same bits on any processor."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import Patterns, cholesky_solve, predictor
from engine.kernels.regression.links import exponential
from engine.kernels.regression.logarithm import logarithm, logarithm_of_one_plus

FloatArray = NDArray[np.float64]


@kernel
def product(A: FloatArray, B: FloatArray) -> FloatArray:
    """Return A B of A (m, k) and B (k, n)."""
    out = np.zeros((A.shape[0], B.shape[1]))
    for i in range(A.shape[0]):
        for k in range(A.shape[1]):
            for j in range(B.shape[1]):
                out[i, j] += A[i, k] * B[k, j]
    return out


@kernel
def exponentials(values: FloatArray) -> FloatArray:
    """Return e to the power of each value (n,)."""
    out = np.empty(values.shape[0])
    for i in range(values.shape[0]):
        out[i] = exponential(values[i])
    return out


@kernel
def dot(a: FloatArray, b: FloatArray) -> float:
    """Return the sum of a b, both (n,)."""
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@kernel
def times(A: FloatArray, b: FloatArray) -> FloatArray:
    """Return A b of A (m, k) and b (k,)."""
    out = np.zeros(A.shape[0])
    for i in range(A.shape[0]):
        for k in range(A.shape[1]):
            out[i] += A[i, k] * b[k]
    return out


@kernel
def weighted_rows(weight: FloatArray, A: FloatArray) -> FloatArray:
    """Return the sum (k,) of the rows of A (m, k), each times its weight (m,)."""
    out = np.zeros(A.shape[1])
    for i in range(A.shape[0]):
        for k in range(A.shape[1]):
            out[k] += weight[i] * A[i, k]
    return out


@kernel
def inverse(matrix: FloatArray) -> tuple[FloatArray, int]:
    """Return the inverse of a positive definite matrix (q, q), and the first singular column or -1."""
    q = matrix.shape[0]
    out, unit, step = np.full((q, q), np.nan), np.zeros(q), np.empty(q)
    for column in range(q):
        unit[column] = 1.0
        singular = cholesky_solve(matrix.copy(), unit, step)
        unit[column] = 0.0
        if singular >= 0:
            return out, singular
        for row in range(column, q):
            out[row, column] = step[row]
            out[column, row] = step[row]
    return out, -1


@kernel
def lower_root(matrix: FloatArray) -> FloatArray:
    """Return the lower L (q, q) with L L' = matrix, which is positive definite (Cholesky)."""
    q, root = matrix.shape[0], matrix.copy()
    cholesky_solve(root, np.zeros(q), np.empty(q))
    for row in range(q):
        for column in range(row + 1, q):
            root[row, column] = 0.0
    return root


@kernel
def quadratic_form(matrix: FloatArray, b: FloatArray) -> float:
    """Return b' matrix^-1 b of a positive definite matrix (q, q); NaN if it is singular."""
    step = np.empty(b.shape[0])
    if cholesky_solve(matrix.copy(), b, step) >= 0:
        return math.nan
    return dot(b, step)


@kernel
def log_determinant(matrix: FloatArray) -> float:
    """Return the logarithm of the determinant of a positive definite matrix (q, q); NaN if it is singular."""
    q, factor = matrix.shape[0], matrix.copy()
    if cholesky_solve(factor, np.zeros(q), np.empty(q)) >= 0:
        return math.nan
    total = 0.0
    for i in range(q):
        total += 2.0 * logarithm(factor[i, i])
    return total


@kernel
def logit_means(X: FloatArray, beta: FloatArray) -> FloatArray:
    """Return the predicted probability (p,) of patterns X (p, q)."""
    mu = times(X, beta)
    for p in range(mu.shape[0]):
        mu[p] = 1.0 / (1.0 + exponential(-mu[p]))
    return mu


@kernel
def logit_log_likelihood(eta: FloatArray, n: FloatArray, s: FloatArray) -> float:
    """Return the log-likelihood of patterns with linear predictors eta, weights n and events s, all (p,)."""
    total = 0.0
    for p in range(eta.shape[0]):
        total += s[p] * eta[p] - n[p] * (max(eta[p], 0.0) + logarithm_of_one_plus(exponential(-abs(eta[p]))))
    return total


@kernel
def logit_information(patterns: Patterns, n: FloatArray, beta: FloatArray) -> FloatArray:
    """Return the information (q, q) of a logit with weights n (p,)."""
    q = beta.shape[0]
    information = np.zeros((q, q))
    for p in range(n.shape[0]):
        mu = 1.0 / (1.0 + exponential(-predictor(patterns, p, beta)))
        v = n[p] * mu * (1.0 - mu)
        for e in range(patterns.indptr[p], patterns.indptr[p + 1]):
            row, x = patterns.column[e], patterns.value[e]
            for f in range(patterns.indptr[p], e + 1):
                information[row, patterns.column[f]] += x * patterns.value[f] * v
    for row in range(q):
        for column in range(row):
            information[column, row] = information[row, column]
    return information
