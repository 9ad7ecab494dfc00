"""Gradient and information of the multilevel likelihood.

The gradient is that of the quadrature itself: to the score averaged over the nodes (Fisher's identity) it
adds what moves the nodes, through the modes and the spreads around them, so that it is exact for any number
of points. The information is that of complete data less the spread of the score over the nodes (Louis 1982).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import Patterns
from engine.kernels.regression.multilevel_cells import ClusterCells, ParameterPoint, inner_of
from engine.kernels.regression.multilevel_information import (
    scores_by_node,
    subtract_inner_spread,
    subtract_outer_spread,
)
from engine.kernels.regression.multilevel_likelihood import ROOT_2, QuadratureRule, integrate
from engine.kernels.regression.multilevel_modes import ClusterModes, StartingModes, find_modes
from engine.kernels.regression.multilevel_node_motion import NodeSlopes, add_node_motion
from engine.kernels.regression.multilevel_nodes import InnerNodes, average_score, fill_nodes, new_nodes

FloatArray = NDArray[np.float64]


class ScoreSums(NamedTuple):
    """Sums over outer clusters of the derivatives by b, s3 and s2; matrices that are not requested are empty.

    gradient (q + 2,)
        First derivatives.
    information (q + 2, q + 2)
        Louis' information, lower half.
    squares (q + 2, q + 2)
        Sum of the outer products of the clusters' gradients, which have the clusters' weights, lower half.
    """

    gradient: FloatArray
    information: FloatArray
    squares: FloatArray


@kernel
def _add_inner_slopes(
    at: ParameterPoint, rule: QuadratureRule, nodes: InnerNodes, along: FloatArray, by_u: FloatArray
) -> None:
    """Add the slopes of an inner cluster at its nodes to along (3,) and, by outer node, to by_u (a,)."""
    inner = rule.inner_z.shape[0]
    for node in range(nodes.u.shape[0]):
        slope = nodes.omega[node] * (at.s2 * nodes.residual[node] - nodes.v[node])
        along[0] += slope
        along[1] += slope * (ROOT_2 * rule.outer_z[node // inner])
        along[2] += slope * (ROOT_2 * rule.inner_z[node % inner])
        by_u[node // inner] += nodes.omega[node] * nodes.residual[node]


@kernel
def _outer_slopes(
    at: ParameterPoint, rule: QuadratureRule, modes: ClusterModes, pi: FloatArray, by_u: FloatArray
) -> FloatArray:
    """Return the slope by u averaged over outer nodes of weights pi (a,): alone, and times sqrt(2) z.

    The weights are those of the nodes times that of the outer cluster.
    """
    outer = np.zeros(2)
    for a in range(pi.shape[0]):
        slope = at.s3 * by_u[a] - pi[a] * (modes.u + ROOT_2 * modes.tau * rule.outer_z[a])
        outer[0] += slope
        outer[1] += slope * ROOT_2 * rule.outer_z[a]
    return outer


@kernel
def _cluster_scores(
    cells: ClusterCells,
    at: ParameterPoint,
    patterns: Patterns,
    i: int,
    rule: QuadratureRule,
    start: StartingModes,
    information: FloatArray,
    gradient: FloatArray,
) -> float:
    """Fill the gradient (q + 2,) of one outer cluster, add its information, and return its log-likelihood."""
    modes = find_modes(cells, at, i, start)
    first, end = inner_of(cells, i)
    Q, N, L = gradient.shape[0], rule.outer_z.shape[0], rule.outer_z.shape[0] * rule.inner_z.shape[0]
    inside, nodes = np.empty((end - first, L)), new_nodes(L)
    S, M = np.empty((Q if information.size else 0, L)), np.zeros((N, Q))
    value, pi = integrate(cells, at, i, rule, modes, inside)
    outer_weight = float(cells.outer_weight[i])
    weighted_pi = outer_weight * pi
    gradient[:] = 0.0
    along, by_u = np.zeros((end - first, 3)), np.zeros(N)
    for k in range(end - first):
        weight = cells.inner_weight[first + k]
        fill_nodes(at, modes, k, rule, weighted_pi, inside[k], weight, nodes)
        if information.size:
            scores_by_node(cells, at.E, patterns, first + k, nodes, S, information)
            subtract_inner_spread(S, weighted_pi, inside[k], weight, M, information, gradient)
        else:
            average_score(cells, at.E, patterns, first + k, nodes, gradient)
        _add_inner_slopes(at, rule, nodes, along[k], by_u)
    slopes = NodeSlopes(along, _outer_slopes(at, rule, modes, weighted_pi, by_u))
    add_node_motion(cells, at, patterns, i, modes, slopes, gradient)
    if information.size:
        subtract_outer_spread(M, pi, outer_weight, information)
    return outer_weight * value


@kernel
def block_scores(
    cells: ClusterCells,
    at: ParameterPoint,
    patterns: Patterns,
    low: int,
    high: int,
    rule: QuadratureRule,
    start: StartingModes,
    sums: ScoreSums,
) -> float:
    """Return the log-likelihood (less s x'b) of outer clusters low .. high - 1; add derivatives to sums."""
    total, gradient = 0.0, np.empty(sums.gradient.shape[0])
    for i in range(low, high):
        total += _cluster_scores(cells, at, patterns, i, rule, start, sums.information, gradient)
        for row in range(gradient.shape[0]):
            sums.gradient[row] += gradient[row]
        if sums.squares.size:
            for row in range(gradient.shape[0]):
                for column in range(row + 1):
                    sums.squares[row, column] += gradient[row] * gradient[column]
    return total
