"""What moving nodes add to the gradient of the quadrature: modes and spreads change with the parameters.

Modes move as the equations that define them say (implicit function theorem), spreads as the curvatures there
do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import Patterns
from engine.kernels.regression.links import exponential
from engine.kernels.regression.multilevel_cells import ClusterCells, ParameterPoint, cells_of, inner_of
from engine.kernels.regression.multilevel_modes import ClusterModes

FloatArray = NDArray[np.float64]


class NodeSlopes(NamedTuple):
    """Derivatives of the log-integrand of an outer cluster, averaged over the nodes.

    inner (J, 3)
        By each v: alone, and times sqrt(2) z of the outer and of the inner node.
    outer (2,)
        By u: alone, and times sqrt(2) z.
    """

    inner: FloatArray
    outer: FloatArray


class ModeEquations(NamedTuple):
    """Derivatives by the parameters (q + 2,) of the equations that define the modes of J inner clusters.

    right_u (q + 2,), right_v (J, q + 2)
        Of the equations of u, v eliminated, and of each v.
    skew (J,), skew_b (J, q)
        Sum of p(1-p)(1-2p) in each inner cluster: the derivative of its curvature by the shift; and by b.
    """

    right_u: FloatArray
    right_v: FloatArray
    skew: FloatArray
    skew_b: FloatArray


@kernel
def _at_mode(
    cells: ClusterCells,
    E: FloatArray,
    patterns: Patterns,
    j: int,
    t: float,
    first: FloatArray,
    second: FloatArray,
) -> tuple[float, float]:
    """Write sums of x p(1-p) and x p(1-p)(1-2p) of an inner cluster at shift t to first and second (q,).

    Returns the slope of its log-likelihood, and the sum of p(1-p)(1-2p).
    """
    A = exponential(t)
    slope, skew = 0.0, 0.0
    first[:], second[:] = 0.0, 0.0
    low, high = cells_of(cells, j)
    for c in range(low, high):
        odds = E[c] * A
        p = odds / (1.0 + odds)
        q1 = cells.n[c] * p * (1.0 - p)
        q2 = q1 * (1.0 - 2.0 * p)
        slope += cells.s[c] - cells.n[c] * p
        skew += q2
        pattern = cells.pattern[c]
        for e in range(patterns.indptr[pattern], patterns.indptr[pattern + 1]):
            first[patterns.column[e]] += patterns.value[e] * q1
            second[patterns.column[e]] += patterns.value[e] * q2
    return slope, skew


@kernel
def _mode_equations(
    cells: ClusterCells, at: ParameterPoint, patterns: Patterns, i: int, modes: ClusterModes, q: int
) -> ModeEquations:
    s3, s2, c = at.s3, at.s2, modes.curvature
    first, end = inner_of(cells, i)
    J, weight = end - first, cells.inner_weight[first:end]
    h = 1.0 + s2 * s2 * c
    by_b, skew_b, skew = np.empty(q), np.empty((J, q)), np.empty(J)
    right_u, right_v = np.zeros(q + 2), np.empty((J, q + 2))
    for k in range(J):
        shift = s3 * modes.u + s2 * modes.v[k]
        slope, skew[k] = _at_mode(cells, at.E, patterns, first + k, shift, by_b, skew_b[k])
        for column in range(q):
            right_v[k, column] = -s2 * by_b[column]
            right_u[column] -= weight[k] * s3 * by_b[column]
        right_v[k, q] = -s2 * c[k] * modes.u
        right_v[k, q + 1] = slope - s2 * c[k] * modes.v[k]
        right_u[q] += weight[k] * (slope - s3 * modes.u * c[k])
        right_u[q + 1] -= weight[k] * s3 * c[k] * modes.v[k]
        for column in range(q + 2):
            right_u[column] -= weight[k] * s3 * s2 * c[k] / h[k] * right_v[k, column]
    return ModeEquations(right_u, right_v, skew, skew_b)


@kernel
def add_node_motion(
    cells: ClusterCells,
    at: ParameterPoint,
    patterns: Patterns,
    i: int,
    modes: ClusterModes,
    slopes: NodeSlopes,
    gradient: FloatArray,
) -> None:
    """Add what the moving nodes of an outer cluster do to the gradient (q + 2,)."""
    s3, s2, q = at.s3, at.s2, gradient.shape[0] - 2
    equations = _mode_equations(cells, at, patterns, i, modes, q)
    c, tau = modes.curvature, modes.tau
    first, end = inner_of(cells, i)
    J, weight, outer_weight = end - first, cells.inner_weight[first:end], cells.outer_weight[i]
    h = 1.0 + s2 * s2 * c
    g = c / h
    du = tau * tau * equations.right_u
    dT = np.zeros(q + 2)  # of 1 / tau^2 = 1 + s3^2 sum w c / h
    dh, dg = np.empty((J, q + 2)), np.empty((J, q + 2))
    for k in range(J):
        dv = (equations.right_v[k] - s3 * s2 * c[k] * du) / h[k]
        shift = s3 * du + s2 * dv
        shift[q] += modes.u
        shift[q + 1] += modes.v[k]
        dc = equations.skew[k] * shift
        dc[:q] += equations.skew_b[k]
        dh[k] = s2 * s2 * dc
        dh[k, q + 1] += 2.0 * s2 * c[k]
        dg[k] = dc / h[k] - c[k] / (h[k] * h[k]) * dh[k]
        dT += weight[k] * s3 * s3 * dg[k]
        dT[q] += weight[k] * 2.0 * s3 * g[k]
        gradient += slopes.inner[k, 0] * dv
    dtau = -0.5 * tau * tau * tau * dT
    gradient += outer_weight * dtau / tau + slopes.outer[0] * du + slopes.outer[1] * dtau
    for k in range(J):
        dslope = s3 * s2 * dg[k]
        dslope[q] += s2 * g[k]
        dslope[q + 1] += s3 * g[k]
        dkappa = -0.5 * modes.kappa[k] / h[k] * dh[k]
        gradient += outer_weight * weight[k] * dkappa / modes.kappa[k] + slopes.inner[k, 2] * dkappa
        gradient -= slopes.inner[k, 1] * (tau * dslope + modes.slope[k] * dtau)
