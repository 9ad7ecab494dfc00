"""Likelihood of a logit with nested random intercepts, by nested adaptive Gauss-Hermite quadrature.

y ~ Bernoulli(expit(x'b + s3 u + s2 v)), u of the outer cluster and v of the inner one standard normal:

    L = integral phi(u) prod_j [ integral phi(v_j) prod_r f(y_r | u, v_j) dv_j ] du.

Nodes for u stand around the joint mode; given u those for v_j follow the conditional mean and variance of the normal
distribution that touches the integrand there (Rabe-Hesketh, Skrondal and Pickles 2005). With one point each this is
the Laplace approximation. exp(x'b) is computed once a cell; a node only shifts it by exp(s3 u + s2 v).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_MOST_STEPS = 200
_TOLERANCE = 1e-6  # of the last Newton step of a mode, in standard deviations: its square is left
_LARGE = 1e200  # a running product is turned into its logarithm before it overflows
HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
ROOT_2 = math.sqrt(2.0)


class Cells(NamedTuple):
    """People, sorted by outer and inner cluster; those of one inner cluster and pattern are one cell.

    pattern (c,)
        Which covariates.
    n, s (c,)
        Weights, weighted events.
    inner_end (J,), outer_end (I,)
        Where each inner cluster's cells, and each outer cluster's inner ones end.
    """

    pattern: IntArray
    n: FloatArray
    s: FloatArray
    inner_end: IntArray
    outer_end: IntArray


class Rule(NamedTuple):
    """Gauss-Hermite points z and log(weight) + z^2, of u (outer) and v (inner)."""

    outer_z: FloatArray
    outer_w: FloatArray
    inner_z: FloatArray
    inner_w: FloatArray


class Modes(NamedTuple):
    """The mode of one outer cluster, and the normal distribution that touches the integrand there.

    u, tau
        Mode and spread of the outer effect.
    v, slope, kappa, curvature (J,)
        Modes of the inner effects; given u, v has mean v - slope (u - mode) and spread kappa; minus the second
        derivative of the inner cluster's log-likelihood.
    """

    u: float
    tau: float
    v: FloatArray
    slope: FloatArray
    kappa: FloatArray
    curvature: FloatArray


@kernel
def cells_of(cells: Cells, j: int) -> tuple[int, int]:
    """Return the first cell of an inner cluster, and the one after its last."""
    return (0 if j == 0 else cells.inner_end[j - 1]), cells.inner_end[j]


@kernel
def inner_of(cells: Cells, i: int) -> tuple[int, int]:
    """Return the first inner cluster of an outer one, and the one after its last."""
    return (0 if i == 0 else cells.outer_end[i - 1]), cells.outer_end[i]


@kernel
def _slopes(cells: Cells, E: FloatArray, j: int, t: float) -> tuple[float, float, float]:
    """Return the log-likelihood of an inner cluster at shift t (less s x'b), its slope, and minus its curvature."""
    A, product = math.exp(t), 1.0
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
            if product > _LARGE:
                value -= math.log(product)
                product = 1.0
        else:
            value -= n * math.log(1.0 + odds)
    return value - math.log(product), slope, curvature


@kernel
def find_modes(
    cells: Cells, E: FloatArray, i: int, s3: float, s2: float, u: FloatArray, v: FloatArray
) -> Modes:
    """Find the joint mode of an outer cluster by damped Newton steps, starting from u (I,) and v (J,); updates them.

    The Hessian is an arrow: with h_j = 1 + s2^2 c_j each inner effect is eliminated alone.
    """
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
            f, slope, curvature = _slopes(cells, E, j, s3 * u[i] + s2 * v[j])
            value += f - 0.5 * v[j] * v[j]
            new_c[k], new_rhs[k] = curvature, s2 * slope - v[j]
            right += s3 * slope
            share = s3 * curvature / (1.0 + s2 * s2 * curvature)
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
    return Modes(u[i], 1.0 / math.sqrt(T), v[first:end].copy(), s3 * s2 * c / h, 1.0 / np.sqrt(h), c)


@kernel
def place_nodes(modes: Modes, k: int, rule: Rule, u: FloatArray, v: FloatArray) -> None:
    """Write the nodes of the k-th inner cluster to u and v (a x m,): points of u, and for each those of v."""
    M = rule.inner_z.shape[0]
    for a in range(rule.outer_z.shape[0]):
        away = ROOT_2 * modes.tau * rule.outer_z[a]
        for m in range(M):
            u[a * M + m] = modes.u + away
            v[a * M + m] = modes.v[k] - modes.slope[k] * away + ROOT_2 * modes.kappa[k] * rule.inner_z[m]


@kernel
def _log_integrand(
    cells: Cells, E: FloatArray, j: int, t: FloatArray, A: FloatArray, out: FloatArray
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
            for x in range(L):
                product[x] *= 1.0 + E[c] * A[x]
            if product[L - 1] > _LARGE:  # the last node has the largest shift
                for x in range(L):
                    out[x] -= math.log(product[x])
                    product[x] = 1.0
        else:
            for x in range(L):
                out[x] -= cells.n[c] * math.log(1.0 + E[c] * A[x])
    for x in range(L):
        out[x] += s * t[x] - math.log(product[x])


@kernel
def log_sum(values: FloatArray) -> float:
    """Return log sum exp."""
    top = values.max()
    return float(top + math.log(np.exp(values - top).sum()))


@kernel
def integrate(
    cells: Cells, E: FloatArray, i: int, s3: float, s2: float, rule: Rule, modes: Modes, inside: FloatArray
) -> tuple[float, FloatArray]:
    """Return an outer cluster's log-likelihood (less s x'b) and the posterior weights (a,) of its nodes.

    Weights of inner nodes given the outer one are written to inside (J, a x m).
    """
    first, end = inner_of(cells, i)
    N, M = rule.outer_z.shape[0], rule.inner_z.shape[0]
    u, v, f = np.empty(N * M), np.empty(N * M), np.empty(N * M)
    outer = np.empty(N)
    for a in range(N):
        own = modes.u + ROOT_2 * modes.tau * rule.outer_z[a]
        outer[a] = -0.5 * own * own + rule.outer_w[a] + math.log(ROOT_2 * modes.tau) - HALF_LOG_2PI
    for k in range(end - first):
        place_nodes(modes, k, rule, u, v)
        t = s3 * u + s2 * v
        _log_integrand(cells, E, first + k, t, np.exp(t), f)
        scale = math.log(ROOT_2 * modes.kappa[k]) - HALF_LOG_2PI
        for a in range(N):
            for m in range(M):
                x = a * M + m
                f[x] += rule.inner_w[m] + scale - 0.5 * v[x] * v[x]
            own = log_sum(f[a * M : (a + 1) * M])
            outer[a] += own
            inside[k, a * M : (a + 1) * M] = np.exp(f[a * M : (a + 1) * M] - own)
    total = log_sum(outer)
    return total, np.exp(outer - total)


@kernel
def cluster_effects(
    cells: Cells,
    E: FloatArray,
    s3: float,
    s2: float,
    u: FloatArray,
    v: FloatArray,
    outer: FloatArray,
    inner: FloatArray,
) -> None:
    """Write the mode and spread of each cluster's effect on the log odds to outer (I, 2) and inner (J, 2)."""
    for i in range(outer.shape[0]):
        modes = find_modes(cells, E, i, s3, s2, u, v)
        outer[i, 0], outer[i, 1] = s3 * modes.u, s3 * modes.tau
        first, end = inner_of(cells, i)
        for k in range(end - first):
            spread = math.hypot(modes.kappa[k], modes.slope[k] * modes.tau)
            inner[first + k, 0], inner[first + k, 1] = s2 * modes.v[k], s2 * spread


@kernel
def block_likelihood(
    cells: Cells,
    E: FloatArray,
    low: int,
    high: int,
    s3: float,
    s2: float,
    rule: Rule,
    u: FloatArray,
    v: FloatArray,
) -> float:
    """Return the log-likelihood (less s x'b) of outer clusters low to high; u (I,) and v (J,) are modes, updated."""
    total = 0.0
    for i in range(low, high):
        modes = find_modes(cells, E, i, s3, s2, u, v)
        first, end = inner_of(cells, i)
        inside = np.empty((end - first, rule.outer_z.shape[0] * rule.inner_z.shape[0]))
        total += integrate(cells, E, i, s3, s2, rule, modes, inside)[0]
    return total
