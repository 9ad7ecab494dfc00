"""A model fitted in every replicate of a block, side by side in lanes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import SINGULAR, Patterns, fit
from engine.kernels.regression.refit import refit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class LaneModels(NamedTuple):
    """The models of a block.

    link, patterns
        Link function and covariates.
    n (p, lanes), W (lanes,)
        Weight of each pattern, and their sum.
    mean, beta (q, lanes)
        Weighted mean and coefficient of each column.
    """

    link: int
    patterns: Patterns
    n: FloatArray
    W: FloatArray
    mean: FloatArray
    beta: FloatArray


@kernel
def fit_lanes(
    link: int, patterns: Patterns, n: FloatArray, s: FloatArray, start: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Return coefficients (q, lanes) and status (lanes,); n, s (p, lanes) are weights and weighted outcomes.

    Starts from start (q,). Where that is NaN each lane is fitted from scratch, and the number of a singular
    column then stands in the first coefficient.
    """
    q, lanes = start.shape[0], n.shape[1]
    beta, status = np.empty((q, lanes)), np.empty(lanes, np.int64)
    if np.isnan(start[0]):
        lane_beta = np.empty(q)
        for lane in range(lanes):
            status[lane], singular = fit(link, patterns, n[:, lane].copy(), s[:, lane].copy(), lane_beta)
            if status[lane] == SINGULAR:
                lane_beta[0] = singular
            for column in range(q):
                beta[column, lane] = lane_beta[column]
    else:
        refit(link, patterns, n, s, start, beta, status)
    return beta, status
