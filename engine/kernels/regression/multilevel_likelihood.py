"""Likelihood of a logit with nested random intercepts, by nested adaptive Gauss-Hermite quadrature.

With u of the outer cluster and v_j of its inner ones standard normal (see `multilevel_cells`):

    L = integral phi(u) prod_j [ integral phi(v_j) prod_r f(y_r | u, v_j) dv_j ]^w_j du.

The weights of people are exponents of f, w_j those of inner clusters, and those of outer ones exponents of L
(Rabe-Hesketh and Skrondal 2006).

Nodes for u stand around the joint mode. Given u, those for v_j follow the conditional mean and variance of
the normal distribution that touches the integrand there (Rabe-Hesketh, Skrondal and Pickles 2005). With one
point each this is the Laplace approximation.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.links import exponential
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.multilevel_cells import ClusterCells, ParameterPoint, cells_of, inner_of
from engine.kernels.regression.multilevel_modes import LARGE, ClusterModes, StartingModes, find_modes

FloatArray = NDArray[np.float64]

HALF_LOG_2PI = 0.91893853320467274178
ROOT_2 = math.sqrt(2.0)


class QuadratureRule(NamedTuple):
    """Gauss-Hermite points z and log(weight) + z^2: (a,) of the outer effect, (m,) of the inner effect."""

    outer_z: FloatArray
    outer_w: FloatArray
    inner_z: FloatArray
    inner_w: FloatArray


@kernel
def place_nodes(modes: ClusterModes, k: int, rule: QuadratureRule, u: FloatArray, v: FloatArray) -> None:
    """Write the nodes of the k-th inner cluster to u and v (l,): the points of u, and for each those of v."""
    M = rule.inner_z.shape[0]
    for a in range(rule.outer_z.shape[0]):
        away = ROOT_2 * modes.tau * rule.outer_z[a]
        for m in range(M):
            u[a * M + m] = modes.u + away
            v[a * M + m] = modes.v[k] - modes.slope[k] * away + ROOT_2 * modes.kappa[k] * rule.inner_z[m]


@kernel
def _log_integrand(
    cells: ClusterCells, E: FloatArray, j: int, t: FloatArray, A: FloatArray, out: FloatArray
) -> None:
    """Write the log-likelihood of an inner cluster at shifts t (l,), A = exp(t), to out (l,)."""
    L = t.shape[0]
    product = np.ones(L)
    first, end = cells_of(cells, j)
    s = 0.0
    out[:] = 0.0
    for c in range(first, end):
        s += cells.s[c]
        if cells.n[c] == 1.0:
            for node in range(L):
                product[node] *= 1.0 + E[c] * A[node]
            if product[L - 1] > LARGE:  # the last node has the largest shift
                for node in range(L):
                    out[node] -= logarithm(product[node])
                    product[node] = 1.0
        else:
            for node in range(L):
                out[node] -= cells.n[c] * logarithm(1.0 + E[c] * A[node])
    for node in range(L):
        out[node] += s * t[node] - logarithm(product[node])


@kernel
def _log_sum(values: FloatArray) -> float:
    """Return log sum exp."""
    top, total = values.max(), 0.0
    for node in range(values.shape[0]):
        total += exponential(values[node] - top)
    return float(top + logarithm(total))


@kernel
def integrate(
    cells: ClusterCells,
    at: ParameterPoint,
    i: int,
    rule: QuadratureRule,
    modes: ClusterModes,
    inside: FloatArray,
) -> tuple[float, FloatArray]:
    """Return the log-likelihood of an outer cluster (less s x'b) and the posterior weights (a,) of its nodes.

    The weights of inner nodes given the outer one are written to inside (J, l), for the J inner clusters.
    """
    first, end = inner_of(cells, i)
    N, M = rule.outer_z.shape[0], rule.inner_z.shape[0]
    u, v, f, A = np.empty(N * M), np.empty(N * M), np.empty(N * M), np.empty(N * M)
    outer, pi = np.empty(N), np.empty(N)
    log_tau = logarithm(ROOT_2 * modes.tau) - HALF_LOG_2PI
    for a in range(N):
        node_u = modes.u + ROOT_2 * modes.tau * rule.outer_z[a]
        outer[a] = -0.5 * node_u * node_u + rule.outer_w[a] + log_tau
    for k in range(end - first):
        place_nodes(modes, k, rule, u, v)
        t = at.s3 * u + at.s2 * v
        for node in range(N * M):
            A[node] = exponential(t[node])
        _log_integrand(cells, at.E, first + k, t, A, f)
        scale = logarithm(ROOT_2 * modes.kappa[k]) - HALF_LOG_2PI
        for a in range(N):
            for m in range(M):
                node = a * M + m
                f[node] += rule.inner_w[m] + scale - 0.5 * v[node] * v[node]
            value = _log_sum(f[a * M : (a + 1) * M])
            outer[a] += cells.inner_weight[first + k] * value
            for node in range(a * M, (a + 1) * M):
                inside[k, node] = exponential(f[node] - value)
    total = _log_sum(outer)
    for a in range(N):
        pi[a] = exponential(outer[a] - total)
    return total, pi


@kernel
def block_likelihood(
    cells: ClusterCells, at: ParameterPoint, low: int, high: int, rule: QuadratureRule, start: StartingModes
) -> float:
    """Return the log-likelihood (less s x'b) of outer clusters low .. high - 1."""
    total = 0.0
    for i in range(low, high):
        modes = find_modes(cells, at, i, start)
        first, end = inner_of(cells, i)
        inside = np.empty((end - first, rule.outer_z.shape[0] * rule.inner_z.shape[0]))
        total += cells.outer_weight[i] * integrate(cells, at, i, rule, modes, inside)[0]
    return total
