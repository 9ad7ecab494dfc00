"""Gradient and information of the nested likelihood (see `nested`).

The gradient is that of the quadrature itself: beside the score averaged over the nodes (Fisher's identity) it has what
moves the nodes, through the modes and the spreads around them, so that it is exact for any number of points. The
information is that of complete data less the spread of the score over the nodes (Louis 1982).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import Patterns
from engine.kernels.regression.multilevel_likelihood import (
    ROOT_2,
    Cells,
    Modes,
    Rule,
    cells_of,
    find_modes,
    inner_of,
    integrate,
    place_nodes,
)

FloatArray = NDArray[np.float64]


@kernel
def _average_score(
    cells: Cells,
    E: FloatArray,
    patterns: Patterns,
    j: int,
    A: FloatArray,
    omega: FloatArray,
    residual: FloatArray,
    gradient: FloatArray,
) -> None:
    """Add an inner cluster's score of b, averaged over nodes of weights omega (l,); writes its residuals (l,)."""
    residual[:] = 0.0
    first, end = cells_of(cells, j)
    for c in range(first, end):
        mean = 0.0
        for x in range(A.shape[0]):
            odds = E[c] * A[x]
            p = odds / (1.0 + odds)
            residual[x] += cells.s[c] - cells.n[c] * p
            mean += omega[x] * p
        rest = cells.s[c] * omega.sum() - cells.n[c] * mean
        r = cells.pattern[c]
        for e in range(patterns.indptr[r], patterns.indptr[r + 1]):
            gradient[patterns.column[e]] += patterns.value[e] * rest


@kernel
def _at_mode(
    cells: Cells, E: FloatArray, patterns: Patterns, j: int, t: float, first: FloatArray, second: FloatArray
) -> tuple[float, float]:
    """Write sums of x p(1-p) and x p(1-p)(1-2p) at shift t to first, second (q,).

    Returns the slope, and the sum of p(1-p)(1-2p).
    """
    A = np.exp(t)
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
        r = cells.pattern[c]
        for e in range(patterns.indptr[r], patterns.indptr[r + 1]):
            first[patterns.column[e]] += patterns.value[e] * q1
            second[patterns.column[e]] += patterns.value[e] * q2
    return slope, skew


@kernel
def _moving_nodes(
    cells: Cells,
    E: FloatArray,
    patterns: Patterns,
    i: int,
    s3: float,
    s2: float,
    modes: Modes,
    along: FloatArray,
    outer: FloatArray,
    gradient: FloatArray,
) -> None:
    """Add what moving nodes do: parameters are b, s3, s2.

    along (J, 3): derivative of the log-integrand by each v, averaged over the nodes, alone and times sqrt(2) z of the
    outer and of the inner node; outer (2,): by u, alone and times sqrt(2) z. Modes move as their equations
    (implicit function theorem) and spreads as the curvatures say.
    """
    low, high = inner_of(cells, i)
    J, Q = high - low, gradient.shape[0]
    q = Q - 2
    c = modes.curvature
    h, skew = 1.0 + s2 * s2 * c, np.empty(J)
    by_b, skew_b = np.empty((J, q)), np.empty((J, q))
    right_u, right_v = np.zeros(Q), np.empty((J, Q))
    for k in range(J):
        slope, skew[k] = _at_mode(
            cells, E, patterns, low + k, s3 * modes.u + s2 * modes.v[k], by_b[k], skew_b[k]
        )
        right_v[k, :q] = -s2 * by_b[k]
        right_v[k, q] = -s2 * c[k] * modes.u
        right_v[k, q + 1] = slope - s2 * c[k] * modes.v[k]
        right_u[:q] -= s3 * by_b[k]
        right_u[q] += slope - s3 * modes.u * c[k]
        right_u[q + 1] -= s3 * c[k] * modes.v[k]
        right_u -= s3 * s2 * c[k] / h[k] * right_v[k]
    tau, g = modes.tau, c / h
    du = tau * tau * right_u
    dT = np.zeros(Q)  # of 1 / tau^2 = 1 + s3^2 sum c / h
    dc, dh, dg = np.empty((J, Q)), np.empty((J, Q)), np.empty((J, Q))
    for k in range(J):
        dv = (right_v[k] - s3 * s2 * c[k] * du) / h[k]
        shift = s3 * du + s2 * dv
        shift[q] += modes.u
        shift[q + 1] += modes.v[k]
        dc[k] = skew[k] * shift
        dc[k, :q] += skew_b[k]
        dh[k] = s2 * s2 * dc[k]
        dh[k, q + 1] += 2.0 * s2 * c[k]
        dg[k] = dc[k] / h[k] - c[k] / (h[k] * h[k]) * dh[k]
        dT += s3 * s3 * dg[k]
        dT[q] += 2.0 * s3 * g[k]
        gradient += along[k, 0] * dv
    dtau = -0.5 * tau * tau * tau * dT
    gradient += dtau / tau + outer[0] * du + outer[1] * dtau
    for k in range(J):
        dslope = s3 * s2 * dg[k]
        dslope[q] += s2 * g[k]
        dslope[q + 1] += s3 * g[k]
        dkappa = -0.5 * modes.kappa[k] / h[k] * dh[k]
        gradient += dkappa / modes.kappa[k] + along[k, 2] * dkappa
        gradient -= along[k, 1] * (tau * dslope + modes.slope[k] * dtau)


@kernel
def _scores_by_node(
    cells: Cells,
    E: FloatArray,
    patterns: Patterns,
    j: int,
    u: FloatArray,
    v: FloatArray,
    A: FloatArray,
    omega: FloatArray,
    residual: FloatArray,
    S: FloatArray,
    information: FloatArray,
) -> None:
    """Write an inner cluster's score at each node to S (Q, l), and its residuals (l,).

    The information of complete data is added.
    """
    L, Q = A.shape[0], S.shape[0]
    q = Q - 2
    S[:, :] = 0.0
    by_node, rest = np.zeros(L), np.empty(L)
    wu, wv = omega * u, omega * v
    first, end = cells_of(cells, j)
    for c in range(first, end):
        n, s = cells.n[c], cells.s[c]
        w0, w1, w2 = 0.0, 0.0, 0.0
        for x in range(L):
            odds = E[c] * A[x]
            p = odds / (1.0 + odds)
            rest[x] = s - n * p
            spread = n * p * (1.0 - p)
            by_node[x] += spread
            w0 += omega[x] * spread
            w1 += wu[x] * spread
            w2 += wv[x] * spread
        for x in range(L):
            S[q, x] += rest[x]
        r = cells.pattern[c]
        low, high = patterns.indptr[r], patterns.indptr[r + 1]
        for e in range(low, high):
            k, value = patterns.column[e], patterns.value[e]
            for x in range(L):
                S[k, x] += value * rest[x]
            for f in range(low, e + 1):
                information[k, patterns.column[f]] += w0 * value * patterns.value[f]
            information[q, k] += w1 * value
            information[q + 1, k] += w2 * value
    information[q, q] += (wu * u * by_node).sum()
    information[q + 1, q] += (wu * v * by_node).sum()
    information[q + 1, q + 1] += (wv * v * by_node).sum()
    residual[:] = S[q]
    S[q + 1] = S[q] * v
    S[q] *= u


@kernel
def _less_spread(
    S: FloatArray,
    pi: FloatArray,
    inside: FloatArray,
    M: FloatArray,
    information: FloatArray,
    gradient: FloatArray,
) -> None:
    """Take the spread of an inner cluster's score given the outer node off; adds its means to M (a, Q)."""
    Q, L = S.shape
    inner = L // pi.shape[0]
    own, mean = np.ascontiguousarray(S.T), np.empty(Q)
    for a in range(pi.shape[0]):
        mean[:] = 0.0
        for m in range(inner):
            x = a * inner + m
            for k in range(Q):
                mean[k] += inside[x] * own[x, k]
        for m in range(inner):
            x = a * inner + m
            for k in range(Q):
                own[x, k] -= mean[k]
            for k in range(Q):
                value = pi[a] * inside[x] * own[x, k]
                for f in range(k + 1):
                    information[k, f] -= value * own[x, f]
        for k in range(Q):
            M[a, k] += mean[k]
            gradient[k] += pi[a] * mean[k]


@kernel
def _less_outer_spread(M: FloatArray, pi: FloatArray, information: FloatArray) -> None:
    """Take the spread of the score between outer nodes off; M (a, Q) are its means given each."""
    Q = M.shape[1]
    mean = np.zeros(Q)
    for a in range(pi.shape[0]):
        mean += pi[a] * M[a]
    for a in range(pi.shape[0]):
        away = M[a] - mean
        for k in range(Q):
            for f in range(k + 1):
                information[k, f] -= pi[a] * away[k] * away[f]


@kernel
def block_scores(
    cells: Cells,
    E: FloatArray,
    patterns: Patterns,
    low: int,
    high: int,
    s3: float,
    s2: float,
    rule: Rule,
    u: FloatArray,
    v: FloatArray,
    gradient: FloatArray,
    information: FloatArray,
    squares: FloatArray,
) -> float:
    """Return the log-likelihood (less s x'b) of outer clusters low to high, with derivatives by b, s3, s2.

    Adds to gradient (Q,) and, where they are not empty, to the lower triangle of information (Q, Q) and to the
    sum of outer products of the clusters' gradients, squares (Q, Q). u (I,) and v (J,) are modes, updated.
    """
    total, Q = 0.0, gradient.shape[0]
    N, inner = rule.outer_z.shape[0], rule.inner_z.shape[0]
    L = N * inner
    node_u, node_v, residual = np.empty(L), np.empty(L), np.empty(L)
    S, M, own = np.empty((Q if information.size else 0, L)), np.zeros((N, Q)), np.empty(Q)
    z2, z3 = ROOT_2 * np.repeat(rule.outer_z, inner), np.empty(L)
    for x in range(L):
        z3[x] = ROOT_2 * rule.inner_z[x % inner]
    for i in range(low, high):
        modes = find_modes(cells, E, i, s3, s2, u, v)
        first, end = inner_of(cells, i)
        inside = np.empty((end - first, L))
        value, pi = integrate(cells, E, i, s3, s2, rule, modes, inside)
        total += value
        own[:], M[:, :] = 0.0, 0.0
        along, by_u = np.zeros((end - first, 3)), np.zeros(N)
        for k in range(end - first):
            place_nodes(modes, k, rule, node_u, node_v)
            A = np.exp(s3 * node_u + s2 * node_v)
            omega = np.repeat(pi, inner) * inside[k]
            if information.size:
                _scores_by_node(
                    cells, E, patterns, first + k, node_u, node_v, A, omega, residual, S, information
                )
                _less_spread(S, pi, inside[k], M, information, own)
            else:
                _average_score(cells, E, patterns, first + k, A, omega, residual, own)
                for x in range(L):
                    own[Q - 2] += omega[x] * residual[x] * node_u[x]
                    own[Q - 1] += omega[x] * residual[x] * node_v[x]
            for x in range(L):
                slope = omega[x] * (s2 * residual[x] - node_v[x])
                along[k, 0] += slope
                along[k, 1] += slope * z2[x]
                along[k, 2] += slope * z3[x]
                by_u[x // inner] += omega[x] * residual[x]
        outer = np.zeros(2)
        for a in range(N):
            slope = s3 * by_u[a] - pi[a] * (modes.u + ROOT_2 * modes.tau * rule.outer_z[a])
            outer[0] += slope
            outer[1] += slope * ROOT_2 * rule.outer_z[a]
        _moving_nodes(cells, E, patterns, i, s3, s2, modes, along, outer, own)
        gradient += own
        if information.size:
            _less_outer_spread(M, pi, information)
        if squares.size:
            for k in range(Q):
                for f in range(k + 1):
                    squares[k, f] += own[k] * own[f]
    return total
