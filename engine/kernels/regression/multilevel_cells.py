"""People in nested clusters, and the point at which the likelihood of a multilevel logit is evaluated.

y ~ Bernoulli(expit(x'b + s3 u + s2 v)), with u of the outer cluster and v of the inner one standard normal.
The parameters are b (q,), s3 and s2, in this order: q + 2 in all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class ClusterCells(NamedTuple):
    """People sorted by outer and inner cluster; those of one inner cluster and pattern are one cell.

    pattern (c,)
        Pattern of covariates.
    n, s (c,)
        Weights, and weighted events.
    inner_end (j,), outer_end (i,)
        Where the cells of each inner cluster, and the inner clusters of each outer one end.
    inner_weight (j,), outer_weight (i,)
        Exponents of the likelihood of each cluster: how many clusters like it it stands for.
    """

    pattern: IntArray
    n: FloatArray
    s: FloatArray
    inner_end: IntArray
    outer_end: IntArray
    inner_weight: FloatArray
    outer_weight: FloatArray


class ParameterPoint(NamedTuple):
    """Where the likelihood is evaluated: E = exp(x'b) of each cell (c,), s3 and s2.

    E is computed once; a node of the quadrature only multiplies it by exp(s3 u + s2 v).
    """

    E: FloatArray
    s3: float
    s2: float


@kernel
def cells_of(cells: ClusterCells, j: int) -> tuple[int, int]:
    """Return the first cell of an inner cluster, and the one after its last."""
    return (0 if j == 0 else cells.inner_end[j - 1]), cells.inner_end[j]


@kernel
def inner_of(cells: ClusterCells, i: int) -> tuple[int, int]:
    """Return the first inner cluster of an outer one, and the one after its last."""
    return (0 if i == 0 else cells.outer_end[i - 1]), cells.outer_end[i]
