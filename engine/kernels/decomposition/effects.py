"""Effects of covariates on the mean: they replace beta in the decomposition of a non-linear model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.decomposition.lane_models import LaneModels
from engine.kernels.jit import kernel
from engine.kernels.regression.links import IDENTITY, LINEAR
from engine.kernels.regression.refit import means_and_slopes, predict

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

AVERAGE, AT_MEANS, DISCRETE = 0, 1, 2


@kernel
def _add_switches(
    models: LaneModels,
    p: int,
    factor: IntArray,
    eta: FloatArray,
    mu: FloatArray,
    share: FloatArray,
    out: FloatArray,
) -> None:
    """Add share (lanes,) times the change of pattern p's mean when a dummy alone goes from 0 to 1.

    eta and mu (lanes,) are the pattern's linear predictor and mean; out (q, lanes).
    """
    patterns, beta = models.patterns, models.beta
    q, lanes = beta.shape
    other, switched, slope = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    entry, last = patterns.indptr[p], patterns.indptr[p + 1]
    for column in range(q):
        is_set = entry < last and patterns.column[entry] == column
        entry += is_set
        if factor[column] >= 0:
            sign = -1.0 if is_set else 1.0
            for lane in range(lanes):
                other[lane] = eta[lane] + sign * beta[column, lane]
            means_and_slopes(models.link, other, switched, slope)
            for lane in range(lanes):
                out[column, lane] += share[lane] * sign * (switched[lane] - mu[lane])


@kernel
def _slope_at_means(models: LaneModels) -> FloatArray:
    """Return the slope (lanes,) of the mean where every column is at its mean."""
    q, lanes = models.beta.shape
    eta, mu, slope = np.zeros(lanes), np.empty(lanes), np.empty(lanes)
    for column in range(q):
        for lane in range(lanes):
            eta[lane] += models.mean[column, lane] * models.beta[column, lane]
    means_and_slopes(models.link, eta, mu, slope)
    return slope


@kernel
def _average_slope(models: LaneModels, factor: IntArray, switches: bool, out: FloatArray) -> FloatArray:
    """Return the mean slope (lanes,); with `switches`, add the effects of dummies to out (q, lanes)."""
    n, lanes = models.n, models.W.shape[0]
    eta, mu, slope = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    share, average = np.empty(lanes), np.zeros(lanes)
    for p in range(n.shape[0]):
        predict(models.patterns, p, models.beta, eta)
        means_and_slopes(models.link, eta, mu, slope)
        for lane in range(lanes):
            share[lane] = n[p, lane] / models.W[lane]
            average[lane] += share[lane] * slope[lane]
        if switches:
            _add_switches(models, p, factor, eta, mu, share, out)
    return average


@kernel
def column_effects(models: LaneModels, kind: int, factor: IntArray) -> FloatArray:
    """Return the effect of each column (q, lanes); factor (q,) is a dummy's factor, -1 for other columns.

    AVERAGE: beta times the mean slope. AT_MEANS: beta times the slope at the columns' means. DISCRETE: as
    AVERAGE for numbers, and for a dummy the mean change when it alone goes from 0 to 1 (as R's mfx and
    Stata's dprobit).
    """
    if models.link in (LINEAR, IDENTITY):
        return models.beta.copy()
    q, lanes = models.beta.shape
    out = np.zeros((q, lanes))
    if kind == AT_MEANS:
        slope = _slope_at_means(models)
    else:
        slope = _average_slope(models, factor, kind == DISCRETE, out)
    for column in range(q):
        if kind != DISCRETE or factor[column] < 0:
            for lane in range(lanes):
                out[column, lane] = models.beta[column, lane] * slope[lane]
    return out
