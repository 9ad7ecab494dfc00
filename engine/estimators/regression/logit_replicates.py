"""The covariance of a logit from replicate weights: the model refitted with the weights of each replicate."""

from __future__ import annotations

import numpy as np

from engine.arrays import FloatArray, ReplicateWeights
from engine.estimators.regression.logit_covariance import EstimatedColumns
from engine.estimators.regression.model_rows import ModelRows
from engine.estimators.regression.patterns import sparse_patterns
from engine.estimators.replicates.replicate_weights import replicate_covariance
from engine.kernels.draws.streams import LANES
from engine.kernels.jit import in_threads
from engine.kernels.regression import glm, links
from engine.kernels.regression.refit import refit


def replicated_covariance(
    columns: EstimatedColumns, rows: ModelRows, given: ReplicateWeights
) -> tuple[FloatArray, int]:
    """Return the covariance (e, e) of the coefficients, and how many replicates are undefined.

    Patterns that the sample fits perfectly are left out of every replicate too.
    """
    n, s = _pattern_sums(columns, rows, given)
    patterns = sparse_patterns(columns.X)
    e, n_replicates = columns.X.shape[1], n.shape[1]
    betas = np.empty((e, n_replicates))
    start = np.ascontiguousarray(columns.beta)

    def work(block: int) -> None:
        lanes = slice(block * LANES, min((block + 1) * LANES, n_replicates))
        of_block = (np.ascontiguousarray(n[:, lanes]), np.ascontiguousarray(s[:, lanes]))
        beta = np.empty((e, of_block[0].shape[1]))
        status = np.empty(beta.shape[1], np.int64)
        refit(links.LOGIT, patterns, *of_block, start, beta, status)
        betas[:, lanes] = np.where(status == glm.CONVERGED, beta, np.nan)

    in_threads(work, -(-n_replicates // LANES))
    return replicate_covariance(betas, columns.beta, given)


def _pattern_sums(
    columns: EstimatedColumns, rows: ModelRows, given: ReplicateWeights
) -> tuple[FloatArray, FloatArray]:
    """Return sums of weights and of weighted events by used pattern and replicate: (p, r) each.

    They are scaled to a mean weight of 1 in each replicate, so that the size of weights is no matter.
    """
    place = columns.place[columns.pattern]
    is_used = place >= 0
    at, y, p = place[is_used], rows.y[is_used], len(columns.X)
    n, s = np.empty((2, p, len(given.factors)))
    for r, of_all in enumerate(given.values):
        weight = of_all[is_used]
        total = weight.sum()
        weight = weight * (len(weight) / total) if total > 0.0 else weight
        n[:, r] = np.bincount(at, weight, minlength=p)
        s[:, r] = np.bincount(at, weight * y, minlength=p)
    return n, s
