"""Effects of covariates on the mean: what takes the place of beta in a decomposition of a non-linear model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.regression.glm import Patterns
from engine.kernels.regression.links import IDENTITY, LINEAR
from engine.kernels.regression.refit import means_and_slopes, predict

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

AVERAGE, AT_MEANS, DISCRETE = 0, 1, 2


@kernel
def _add_switches(
    link: int,
    patterns: Patterns,
    p: int,
    factor: IntArray,
    eta: FloatArray,
    mu: FloatArray,
    beta: FloatArray,
    weight: FloatArray,
    out: FloatArray,
) -> None:
    """Add weight (lanes,) times the change of the mean when a dummy alone goes from 0 to 1; eta, mu: the pattern's."""
    q, lanes = beta.shape
    other, switched, slope = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    entry, last = patterns.indptr[p], patterns.indptr[p + 1]
    for k in range(q):
        is_set = entry < last and patterns.column[entry] == k
        entry += is_set
        if factor[k] >= 0:
            sign = -1.0 if is_set else 1.0
            for lane in range(lanes):
                other[lane] = eta[lane] + sign * beta[k, lane]
            means_and_slopes(link, other, switched, slope)
            for lane in range(lanes):
                out[k, lane] += weight[lane] * sign * (switched[lane] - mu[lane])


@kernel
def effects(  # noqa: C901 - loops over patterns, columns and lanes
    link: int,
    kind: int,
    patterns: Patterns,
    factor: IntArray,
    n: FloatArray,
    W: FloatArray,
    mean: FloatArray,
    beta: FloatArray,
    out: FloatArray,
) -> None:
    """Fill out (q, lanes) with each column's effect; n (p, lanes), W (lanes,), mean and beta (q, lanes).

    AVERAGE: beta times the mean slope; AT_MEANS: beta times the slope at the columns' means; DISCRETE: as
    average for numbers, and for a dummy the mean change when it alone goes from 0 to 1 (as R's mfx, Stata's dprobit).
    """
    q, lanes = beta.shape
    if link in (LINEAR, IDENTITY):
        for k in range(q):
            for lane in range(lanes):
                out[k, lane] = beta[k, lane]
        return
    eta, mu, slope, average = np.zeros(lanes), np.empty(lanes), np.empty(lanes), np.zeros(lanes)
    for k in range(q):
        for lane in range(lanes):
            out[k, lane] = 0.0
            eta[lane] += mean[k, lane] * beta[k, lane]
    if kind == AT_MEANS:
        means_and_slopes(link, eta, mu, average)
    else:
        share = np.empty(lanes)
        for p in range(n.shape[0]):
            predict(patterns, p, beta, eta)
            means_and_slopes(link, eta, mu, slope)
            for lane in range(lanes):
                share[lane] = n[p, lane] / W[lane]
                average[lane] += share[lane] * slope[lane]
            if kind == DISCRETE:
                _add_switches(link, patterns, p, factor, eta, mu, beta, share, out)
    for k in range(q):
        if kind != DISCRETE or factor[k] < 0:
            for lane in range(lanes):
                out[k, lane] = beta[k, lane] * average[lane]
