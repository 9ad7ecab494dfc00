"""Modes of the random effects of an outer cluster, around which the nodes of the quadrature stand."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.links import exponential
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.multilevel_cells import ClusterCells, ParameterPoint, cells_of, inner_of

FloatArray = NDArray[np.float64]

_MOST_STEPS = 200
_TOLERANCE = 1e-6  # of the last Newton step, in standard deviations: the error is of its square
LARGE = 1e200  # a running product is turned into its logarithm before it overflows


class StartingModes(NamedTuple):
    """Where the search for modes starts, u (i,) and v (j,); each search leaves its modes for the next."""

    u: FloatArray
    v: FloatArray


class ClusterModes(NamedTuple):
    """The mode of an outer cluster with J inner ones, and the normal distribution that touches there.

    u, tau
        Mode and spread of the outer effect.
    v, slope, kappa (J,)
        Modes of the inner effects; given u, an inner effect has mean v - slope (u - mode) and spread kappa.
    curvature (J,)
        Minus the second derivative of the log-likelihood of the inner cluster.
    """

    u: float
    tau: float
    v: FloatArray
    slope: FloatArray
    kappa: FloatArray
    curvature: FloatArray


@kernel
def _slopes(cells: ClusterCells, E: FloatArray, j: int, t: float) -> tuple[float, float, float]:
    """Return log-likelihood (less s x'b), slope and minus curvature of an inner cluster at shift t."""
    A, product = exponential(t), 1.0
    value, slope, curvature = 0.0, 0.0, 0.0
    first, end = cells_of(cells, j)
    for c in range(first, end):
        n = cells.n[c]
        odds = E[c] * A
        p = odds / (1.0 + odds)
        slope += cells.s[c] - n * p
        curvature += n * p * (1.0 - p)
        value += cells.s[c] * t
        if n == 1.0:
            product *= 1.0 + odds
            if product > LARGE:
                value -= logarithm(product)
                product = 1.0
        else:
            value -= n * logarithm(1.0 + odds)
    return value - logarithm(product), slope, curvature


@kernel
def find_modes(cells: ClusterCells, at: ParameterPoint, i: int, start: StartingModes) -> ClusterModes:
    """Find the joint mode of an outer cluster by damped Newton steps.

    The Hessian is an arrow: with h_j = 1 + s2^2 c_j each inner effect is eliminated alone.
    """
    s3, s2, u, v = at.s3, at.s2, start.u, start.v
    first, end = inner_of(cells, i)
    J = end - first
    c, du, dv, rhs = np.zeros(J), 0.0, np.zeros(J), np.zeros(J)
    best, step, T, largest = -np.inf, 1.0, 1.0, np.inf
    for _ in range(_MOST_STEPS):
        value = -0.5 * u[i] * u[i]
        right, T = -u[i], 1.0
        new_c, new_rhs = np.empty(J), np.empty(J)
        for k in range(J):
            j = first + k
            f, slope, curvature = _slopes(cells, at.E, j, s3 * u[i] + s2 * v[j])
            weight = cells.inner_weight[j]
            value += weight * (f - 0.5 * v[j] * v[j])
            new_c[k], new_rhs[k] = curvature, s2 * slope - v[j]
            right += weight * s3 * slope
            share = weight * s3 * curvature / (1.0 + s2 * s2 * curvature)
            T += s3 * share
            right -= s2 * share * new_rhs[k]
        if value < best - 1e-12 * (1.0 + abs(best)) and step > 1e-6:  # too far: go back half the way
            u[i] -= 0.5 * step * du
            v[first:end] -= 0.5 * step * dv
            step *= 0.5
            continue
        best, step = value, 1.0
        c, rhs = new_c, new_rhs
        if largest < _TOLERANCE:
            break
        du = right / T
        largest = abs(du)
        for k in range(J):
            dv[k] = (rhs[k] - s3 * s2 * c[k] * du) / (1.0 + s2 * s2 * c[k])
            largest = max(largest, abs(dv[k]))
        u[i] += du
        v[first:end] += dv
    h = 1.0 + s2 * s2 * c
    return ClusterModes(u[i], 1.0 / math.sqrt(T), v[first:end].copy(), s3 * s2 * c / h, 1.0 / np.sqrt(h), c)


@kernel
def cluster_effects(
    cells: ClusterCells, at: ParameterPoint, start: StartingModes, outer: FloatArray, inner: FloatArray
) -> None:
    """Write mode and spread of each cluster's effect on the log odds to outer (i, 2) and inner (j, 2)."""
    for i in range(outer.shape[0]):
        modes = find_modes(cells, at, i, start)
        outer[i, 0], outer[i, 1] = at.s3 * modes.u, at.s3 * modes.tau
        first, end = inner_of(cells, i)
        for k in range(end - first):
            through_u = modes.slope[k] * modes.tau
            spread = math.sqrt(modes.kappa[k] * modes.kappa[k] + through_u * through_u)
            inner[first + k, 0], inner[first + k, 1] = at.s2 * modes.v[k], at.s2 * spread
