"""The nodes of one inner cluster with their posterior weights, over which its score is averaged."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import Patterns
from engine.kernels.regression.links import exponential
from engine.kernels.regression.multilevel_cells import ClusterCells, ParameterPoint, cells_of
from engine.kernels.regression.multilevel_likelihood import QuadratureRule, place_nodes
from engine.kernels.regression.multilevel_modes import ClusterModes

FloatArray = NDArray[np.float64]


class InnerNodes(NamedTuple):
    """All nodes (l,) of an inner cluster.

    u, v, A
        The nodes, and exp(s3 u + s2 v).
    omega
        Posterior weights, of outer and inner node together, times the weights of both clusters.
    residual
        Sum of s - n p of the cluster at each node.
    """

    u: FloatArray
    v: FloatArray
    A: FloatArray
    omega: FloatArray
    residual: FloatArray


@kernel
def new_nodes(count: int) -> InnerNodes:
    """Return memory for `count` nodes."""
    return InnerNodes(np.empty(count), np.empty(count), np.empty(count), np.empty(count), np.empty(count))


@kernel
def fill_nodes(
    at: ParameterPoint,
    modes: ClusterModes,
    k: int,
    rule: QuadratureRule,
    pi: FloatArray,
    inside: FloatArray,
    weight: float,
    nodes: InnerNodes,
) -> None:
    """Fill nodes and weights of the k-th inner cluster, of some weight.

    pi (a,), times the weight of the outer cluster, and inside (l,) come from `integrate`.
    """
    place_nodes(modes, k, rule, nodes.u, nodes.v)
    inner = rule.inner_z.shape[0]
    for node in range(inside.shape[0]):
        nodes.A[node] = exponential(at.s3 * nodes.u[node] + at.s2 * nodes.v[node])
        nodes.omega[node] = weight * pi[node // inner] * inside[node]


@kernel
def average_score(
    cells: ClusterCells,
    E: FloatArray,
    patterns: Patterns,
    j: int,
    nodes: InnerNodes,
    gradient: FloatArray,
) -> None:
    """Add an inner cluster's score, averaged over its nodes, to gradient (q + 2,); writes the residuals."""
    A, omega, residual = nodes.A, nodes.omega, nodes.residual
    residual[:] = 0.0
    first, end = cells_of(cells, j)
    for c in range(first, end):
        mean = 0.0
        for node in range(A.shape[0]):
            odds = E[c] * A[node]
            p = odds / (1.0 + odds)
            residual[node] += cells.s[c] - cells.n[c] * p
            mean += omega[node] * p
        rest = cells.s[c] * omega.sum() - cells.n[c] * mean
        pattern = cells.pattern[c]
        for e in range(patterns.indptr[pattern], patterns.indptr[pattern + 1]):
            gradient[patterns.column[e]] += patterns.value[e] * rest
    q = gradient.shape[0] - 2
    for node in range(A.shape[0]):
        gradient[q] += omega[node] * residual[node] * nodes.u[node]
        gradient[q + 1] += omega[node] * residual[node] * nodes.v[node]
