"""Louis' information: that of complete data less the spread of the score over the nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import Patterns
from engine.kernels.regression.multilevel_cells import ClusterCells, cells_of
from engine.kernels.regression.multilevel_nodes import InnerNodes

FloatArray = NDArray[np.float64]


@kernel
def scores_by_node(
    cells: ClusterCells,
    E: FloatArray,
    patterns: Patterns,
    j: int,
    nodes: InnerNodes,
    S: FloatArray,
    information: FloatArray,
) -> None:
    """Write the score of an inner cluster at each node to S (q + 2, l), and its residuals to the nodes.

    The information of complete data is added to information (q + 2, q + 2), as all is here to its lower half.
    """
    L, q = nodes.A.shape[0], S.shape[0] - 2
    S[:, :] = 0.0
    by_node, rest = np.zeros(L), np.empty(L)
    omega, u, v = nodes.omega, nodes.u, nodes.v
    wu, wv = omega * u, omega * v
    first, end = cells_of(cells, j)
    for c in range(first, end):
        n, s = cells.n[c], cells.s[c]
        w0, w1, w2 = 0.0, 0.0, 0.0
        for node in range(L):
            odds = E[c] * nodes.A[node]
            p = odds / (1.0 + odds)
            rest[node] = s - n * p
            spread = n * p * (1.0 - p)
            by_node[node] += spread
            w0 += omega[node] * spread
            w1 += wu[node] * spread
            w2 += wv[node] * spread
        for node in range(L):
            S[q, node] += rest[node]
        pattern = cells.pattern[c]
        low, high = patterns.indptr[pattern], patterns.indptr[pattern + 1]
        for e in range(low, high):
            column, value = patterns.column[e], patterns.value[e]
            for node in range(L):
                S[column, node] += value * rest[node]
            for f in range(low, e + 1):
                information[column, patterns.column[f]] += w0 * value * patterns.value[f]
            information[q, column] += w1 * value
            information[q + 1, column] += w2 * value
    information[q, q] += (wu * u * by_node).sum()
    information[q + 1, q] += (wu * v * by_node).sum()
    information[q + 1, q + 1] += (wv * v * by_node).sum()
    for node in range(L):
        nodes.residual[node] = S[q, node]
        S[q + 1, node] = S[q, node] * v[node]
        S[q, node] *= u[node]


@kernel
def subtract_inner_spread(
    S: FloatArray,
    pi: FloatArray,
    inside: FloatArray,
    weight: float,
    M: FloatArray,
    information: FloatArray,
    gradient: FloatArray,
) -> None:
    """Subtract the spread of an inner cluster's score given the outer node from the information.

    S (q + 2, l) are the scores, pi (a,) the weights of the outer nodes times that of the outer cluster, and
    inside (l,) those of the inner nodes given them; the inner cluster has a weight too. The means of the
    score given each outer node are added to M (a, q + 2), and over all nodes to the gradient.
    """
    Q, L = S.shape
    inner = L // pi.shape[0]
    centred, mean = np.ascontiguousarray(S.T), np.empty(Q)
    for a in range(pi.shape[0]):
        mean[:] = 0.0
        for node in range(a * inner, (a + 1) * inner):
            for row in range(Q):
                mean[row] += inside[node] * centred[node, row]
        for node in range(a * inner, (a + 1) * inner):
            for row in range(Q):
                centred[node, row] -= mean[row]
            for row in range(Q):
                value = weight * pi[a] * inside[node] * centred[node, row]
                for column in range(row + 1):
                    information[row, column] -= value * centred[node, column]
        for row in range(Q):
            M[a, row] += weight * mean[row]
            gradient[row] += weight * pi[a] * mean[row]


@kernel
def subtract_outer_spread(M: FloatArray, pi: FloatArray, weight: float, information: FloatArray) -> None:
    """Subtract the spread between outer nodes, of weights pi (a,) and mean scores M (a, q + 2).

    The outer cluster has a weight.
    """
    Q = M.shape[1]
    mean = np.zeros(Q)
    for a in range(pi.shape[0]):
        mean += pi[a] * M[a]
    for a in range(pi.shape[0]):
        away = M[a] - mean
        for row in range(Q):
            for column in range(row + 1):
                information[row, column] -= weight * pi[a] * away[row] * away[column]
