"""Scores of few sampling units, raised for what each of them bends the fit towards itself.

Bell and McCaffrey 2002 (CR2): residuals of unit c are multiplied by (I - H_cc)^(-1/2), H_cc being its part of
the hat matrix. On the scores that is (I - L' G L)^(-1/2) in coordinates in which the information is the unit
matrix (L L' is its inverse, G the part of the unit), so that no row is needed.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.symmetric import eigen

FloatArray = NDArray[np.float64]
UnitArray = NDArray[np.int32]

_NOTHING_LEFT = 1e-8  # of a direction that one unit alone determines: its score is 0


@kernel
def _unit_information(
    X: FloatArray, spread: FloatArray, pattern: UnitArray, weight: FloatArray, unit: UnitArray, n_units: int
) -> FloatArray:
    """Return the information of each unit (u, q, q) from the variance of each pattern, spread (p,)."""
    q = X.shape[1]
    G = np.zeros((n_units, q, q))
    for i in range(pattern.shape[0]):
        p, u = pattern[i], unit[i]
        v = weight[i] * spread[p]
        for row in range(q):
            for column in range(q):
                G[u, row, column] += v * X[p, row] * X[p, column]
    return G


@kernel
def _times_root(A: FloatArray, root: FloatArray, out: FloatArray) -> None:
    """Write root' A root to out, all (q, q)."""
    q = root.shape[0]
    half = np.zeros((q, q))
    for i in range(q):
        for j in range(q):
            for k in range(q):
                half[i, j] += A[i, k] * root[k, j]
    for i in range(q):
        for j in range(q):
            out[i, j] = 0.0
            for k in range(q):
                out[i, j] += root[k, i] * half[k, j]


@kernel
def _raise(inside: FloatArray, t: FloatArray) -> FloatArray:
    """Return (I - inside)^(-1/2) t, with inside (q, q) and t (q,)."""
    q = t.shape[0]
    rest, along, raised = -inside, np.zeros(q), np.zeros(q)
    for i in range(q):
        rest[i, i] += 1.0
    values, vectors = eigen(rest)
    for j in range(q):
        if values[j] > _NOTHING_LEFT:
            for k in range(q):
                along[j] += vectors[k, j] * t[k]
            along[j] /= math.sqrt(values[j])
    for i in range(q):
        for j in range(q):
            raised[i] += vectors[i, j] * along[j]
    return raised


@kernel
def raised_totals(
    X: FloatArray,
    spread: FloatArray,
    pattern: UnitArray,
    weight: FloatArray,
    unit: UnitArray,
    root: FloatArray,
    scores: FloatArray,
) -> FloatArray:
    """Return linearised totals (q, u) of raised scores.

    X (p, q) and spread (p,) are covariates and variance of a pattern; pattern, weight and unit (n,) those of
    a row. root (q, q) is L with L L' the inverse information; scores (q, u) are sums by unit.
    """
    q, n_units = scores.shape
    G = _unit_information(X, spread, pattern, weight, unit, n_units)
    totals, inside, t = np.zeros((q, n_units)), np.empty((q, q)), np.empty(q)
    for u in range(n_units):
        _times_root(G[u], root, inside)
        for i in range(q):
            t[i] = 0.0
            for k in range(q):
                t[i] += root[k, i] * scores[k, u]
        raised = _raise(inside, t)
        for i in range(q):
            for k in range(q):
                totals[i, u] += root[i, k] * raised[k]
    return totals
