"""The maximum of a logit's likelihood on covariate patterns, or as much of it as exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.estimators.regression.patterns import sparse_patterns, submatrix
from engine.estimators.regression.separation import find_separation
from engine.kernels.regression import glm, links
from engine.kernels.regression.small_matrices import logit_log_likelihood, times

_FAR = 15.0  # linear predictors beyond are hardly a probability other than 0 or 1
COMBINATION = "a combination of other columns"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogitMaximum:
    """What can be estimated.

    Attributes
    ----------
    kept
        (e,) numbers of the estimated columns.
    used
        Numbers of the patterns behind them: all with weight but those that are fitted perfectly.
    beta
        (e,) the coefficients; of no meaning where the status is not ``ok``.
    rank
        Columns that are no combination of others: the parameters of the model, infinite estimates included.
    status
        For each of the q columns ``ok``, or why it has no estimate.
    log_likelihood
        Of the model; patterns that are fitted perfectly add 0.
    """

    kept: IntArray
    used: IntArray
    beta: FloatArray
    rank: int
    status: list[str]
    log_likelihood: float


def maximise_logit(Z: FloatArray, n: FloatArray, s: FloatArray) -> LogitMaximum:
    """Find the maximum of the likelihood of patterns.

    Columns that are combinations of others are left out. So are patterns that separating columns fit
    perfectly: they change neither the likelihood nor the finite estimates.

    Parameters
    ----------
    Z
        (p, q) the matrix in standard units.
    n, s
        (p,) sums of weights and of weighted events.
    """
    q, rank = Z.shape[1], 0
    status, beta = ["ok"] * q, np.empty(0)
    kept, used = np.arange(q), np.flatnonzero(n > 0)
    while len(used) > 0:
        X = submatrix(Z, used, kept)
        beta, code, combination = _newton(X, n[used], s[used])
        if code == glm.SINGULAR:
            if status[kept[combination]] == "ok":
                status[kept[combination]] = COMBINATION
            kept = np.delete(kept, combination)
            continue
        rank = rank or len(kept)
        has_converged = code == glm.CONVERGED
        if has_converged and np.abs(times(X, beta)).max() < _FAR:
            break
        separation = find_separation(X, n[used], s[used])
        if separation is None:
            status = status if has_converged else ["does not converge"] * q
            break
        # A separating column stays while it tells other patterns apart; only its own estimate is infinite.
        for k in np.flatnonzero(separation.direction):
            sign = "plus" if separation.direction[k] > 0 else "minus"
            status[kept[k]] = f"separated: the estimate is {sign} infinity"
        used = used[~separation.perfect]
    else:
        kept, beta = kept[:0], beta[:0]
        status = ["separated: the covariates predict the outcome perfectly"] * q
    eta = times(submatrix(Z, used, kept), beta)
    log_likelihood = logit_log_likelihood(eta, n[used], s[used])
    return LogitMaximum(
        kept=kept, used=used, beta=beta, rank=rank, status=status, log_likelihood=log_likelihood
    )


def _newton(X: FloatArray, n: FloatArray, s: FloatArray) -> tuple[FloatArray, int, int]:
    """Return the maximum (e,) by Newton steps, the kernel's status, and the column that is a combination."""
    beta = np.zeros(X.shape[1])
    code, combination = glm.fit(links.LOGIT, sparse_patterns(X), n, s, beta)
    return beta, code, combination
