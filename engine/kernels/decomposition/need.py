"""The outcome that need predicts, for horizontal inequity by indirect standardisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.decomposition.lane_models import LaneModels
from engine.kernels.decomposition.rows import NeedSets
from engine.kernels.jit import kernel
from engine.kernels.regression.refit import means_and_slopes

FloatArray = NDArray[np.float64]


@kernel
def _other_covariates(models: LaneModels, need: NeedSets) -> FloatArray:
    """Return what the covariates that are not need add to eta at their means: (lanes,)."""
    eta = np.zeros(models.W.shape[0])
    for column in range(models.beta.shape[0]):
        if not need.is_need[column]:
            for lane in range(eta.shape[0]):
                eta[lane] += models.mean[column, lane] * models.beta[column, lane]
    return eta


@kernel
def need_predicted(models: LaneModels, need: NeedSets, rank_sums: FloatArray) -> FloatArray:
    """Return mean and GC (2, lanes) of the outcome predicted from need, with other covariates at their means.

    rank_sums (m, lanes) are the sums of w m R of each set of need covariates, m the multiplier. Without sets
    both are 0. Source: O'Donnell et al. (2008), chapter 15.
    """
    W, patterns = models.W, models.patterns
    lanes, n_sets = W.shape[0], need.example.shape[0]
    out, weight = np.zeros((2, lanes)), np.zeros((n_sets, lanes))
    if n_sets == 0:
        return out
    for p in range(models.n.shape[0]):
        for lane in range(lanes):
            weight[need.of_pattern[p], lane] += models.n[p, lane]
    others = _other_covariates(models, need)
    eta, mu, slope = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    for m in range(n_sets):
        for lane in range(lanes):
            eta[lane] = others[lane]
        for e in range(patterns.indptr[need.example[m]], patterns.indptr[need.example[m] + 1]):
            column, value = patterns.column[e], patterns.value[e]
            if need.is_need[column]:
                for lane in range(lanes):
                    eta[lane] += value * models.beta[column, lane]
        means_and_slopes(models.link, eta, mu, slope)
        for lane in range(lanes):
            out[0, lane] += mu[lane] * weight[m, lane] / W[lane]
            out[1, lane] += 2.0 * mu[lane] * rank_sums[m, lane] / (W[lane] * W[lane])
    for lane in range(lanes):
        out[1, lane] -= out[0, lane]
    return out
