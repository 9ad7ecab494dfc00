"""Logistic regression on covariate patterns: the likelihood needs nothing else, and statsmodels reports the fit.

Our own Newton steps find the maximum and what has none (separation, combinations); statsmodels' GLM starts there,
confirms it and gives coefficients and model covariance. Clustered and design-based covariances sum scores by unit.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray, UnitArray
from engine.estimators.model_frame import ModelFrame
from engine.estimators.point import covariance_of, units_and_degrees
from engine.estimators.separation import find_separation
from engine.estimators.terms import sparse_rows
from engine.kernels import glm, links
from engine.kernels.scores import unit_scores

_FAR = 15.0  # linear predictors beyond: hardly a probability other than 0 or 1
_AGREEMENT = 1e-6
DISAGREES = "statsmodels does not confirm the maximum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The complete rows of a model: weights (n,), with frequencies; events, frequencies and sampling units."""

    weight: FloatArray
    y: FloatArray
    frequency: FloatArray
    unit: UnitArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted model.

    Attributes
    ----------
    kept
        (k,) the columns that were estimated.
    used
        The patterns behind them: all but those that are fitted perfectly.
    beta
        (q,) coefficients, NaN where not kept; of no meaning where the status is not ok.
    covariance
        (q, q), NaN where not kept.
    degrees
        Of Student's t; infinite for the normal distribution.
    status
        (q,) ``ok``, or why a column has no estimate.
    log_likelihood
        Of the model (patterns that are fitted perfectly add 0).
    n, s
        (p,) weights and weighted events of the patterns.
    n_clusters
        Sampling clusters with rows here, or None.
    """

    kept: IntArray
    used: IntArray
    beta: FloatArray
    covariance: FloatArray
    degrees: float
    status: tuple[str, ...]
    log_likelihood: float
    n: FloatArray
    s: FloatArray
    n_clusters: int | None


def fit_logit(frame: ModelFrame, rows: Rows, design: DesignArrays, covariance: str) -> Fit:
    """Fit a logit to some rows, with the covariance asked for."""
    p, q = frame.X.shape
    n: FloatArray = np.bincount(frame.pattern, rows.weight, minlength=p).astype(np.float64)
    s: FloatArray = np.bincount(frame.pattern, rows.weight * rows.y, minlength=p).astype(np.float64)
    kept, used, start, status = _estimable(frame.X, n, s)
    X, own_n, own_s = np.ascontiguousarray(frame.X[np.ix_(used, kept)]), n[used], s[used]
    beta, model, confirmed = _reported(X, own_n, own_s, start)
    if not confirmed:
        status = [DISAGREES if own == "ok" else own for own in status]
    n_clusters = units_and_degrees([rows.unit], design)[0] if design.has_clusters else None
    V, degrees = _covariance(frame, rows, design, covariance, kept, used, beta, model)
    whole, full = np.full(q, np.nan), np.full((q, q), np.nan)
    whole[kept] = beta
    full[np.ix_(kept, kept)] = V
    return Fit(
        kept=kept, used=used, beta=whole, covariance=full, degrees=degrees, status=tuple(status),
        log_likelihood=log_likelihood(X @ beta, own_n, own_s), n=n, s=s, n_clusters=n_clusters,
    )  # fmt: skip


def newton(X: FloatArray, n: FloatArray, s: FloatArray) -> tuple[FloatArray, tuple[int, int]]:
    """Return the maximum (k,) by Newton steps, and the kernel's status with the column that is a combination."""
    scale = np.sqrt(np.mean(X**2, axis=0))
    scale[scale == 0.0] = 1.0
    patterns = glm.Patterns(*sparse_rows(X / scale))
    beta = np.zeros(X.shape[1])
    status = glm.fit(links.LOGIT, patterns, n, s, beta)
    return beta / scale, status


def log_likelihood(eta: FloatArray, n: FloatArray, s: FloatArray) -> float:
    """Return the log-likelihood of patterns with linear predictors eta."""
    return float(s @ eta - n @ np.logaddexp(0.0, eta))


def _estimable(X: FloatArray, n: FloatArray, s: FloatArray) -> tuple[IntArray, IntArray, FloatArray, list[str]]:
    """Return the columns that can be kept, the patterns that carry them, their maximum, and each column's status."""
    q = X.shape[1]
    status = ["ok"] * q
    kept, used = np.arange(q), np.flatnonzero(n > 0)
    while True:
        own = np.ascontiguousarray(X[np.ix_(used, kept)])
        beta, (code, column) = newton(own, n[used], s[used])
        if code == glm.SINGULAR:
            if status[kept[column]] == "ok":
                status[kept[column]] = "a combination of other columns"
            kept = np.delete(kept, column)
            continue
        if code == glm.CONVERGED and np.abs(own @ beta).max() < _FAR:
            return kept, used, beta, status
        found = find_separation(own, n[used], s[used])
        if found is None:
            return kept, used, beta, status if code == glm.CONVERGED else ["does not converge"] * q
        # A separating column stays as far as it tells the others apart; its own estimate is infinite.
        for k in np.flatnonzero(found.direction):
            status[kept[k]] = f"separated: the estimate is {'plus' if found.direction[k] > 0 else 'minus'} infinity"
        used = used[~found.perfect]
        if len(used) == 0:
            return kept[:0], used, beta[:0], ["separated: the covariates predict the outcome perfectly"] * q


def _reported(X: FloatArray, n: FloatArray, s: FloatArray, start: FloatArray) -> tuple[FloatArray, FloatArray, bool]:
    """Return statsmodels' coefficients (k,) and covariance (k, k), and whether it stays where we started."""
    if X.shape[1] == 0:
        return np.empty(0), np.empty((0, 0)), True
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    with warnings.catch_warnings():
        # It takes a saturated model (cells fitted exactly) for separation, which has been looked for above.
        warnings.simplefilter("ignore")
        found = GLM(np.column_stack([s, n - s]), X, family=Binomial()).fit(
            start_params=start, tol=1e-12, tol_criterion="params"
        )
    beta: FloatArray = np.asarray(found.params)
    near = bool(np.all(np.abs(beta - start) <= _AGREEMENT * (1.0 + np.abs(beta))))
    return beta, np.asarray(found.cov_params()), near


def _covariance(
    frame: ModelFrame, rows: Rows, design: DesignArrays, kind: str, kept: IntArray, used: IntArray, beta: FloatArray,
    model: FloatArray,
) -> tuple[FloatArray, float]:  # fmt: skip
    """Return the covariance (k, k) and its degrees of freedom.

    robust: n / (n - k) times White's; cluster: G / (G - 1) (n - 1) / (n - k) times the clustered one (both as
    statsmodels and R's sandwich, HC1); design: linearised, units - strata + 1 - k degrees of freedom (R's svyglm).
    """
    k, n_obs = len(kept), float(rows.frequency.sum())
    if kind == "model" or k == 0:
        return model, np.inf
    place = np.full(len(frame.X), -1, np.int32)
    place[used] = np.arange(len(used))
    at = place[frame.pattern]
    inside = at >= 0
    X = np.ascontiguousarray(frame.X[np.ix_(used, kept)])
    mu = 1.0 / (1.0 + np.exp(-(X @ beta)))
    if kind == "robust":
        residual = rows.y[inside] - mu[at[inside]]
        squares = (rows.weight[inside] * residual) ** 2 / rows.frequency[inside]
        meat = (X * np.bincount(at[inside], squares, minlength=len(used))[:, None]).T @ X
        return model @ meat @ model * n_obs / (n_obs - k), np.inf
    unit = np.ascontiguousarray(rows.unit[inside])
    totals = model @ unit_scores(X, mu, at[inside], rows.weight[inside], rows.y[inside], unit, design.n_units)
    units, degrees = units_and_degrees([rows.unit], design)
    if kind == "cluster":
        return totals @ totals.T * units / (units - 1.0) * (n_obs - 1.0) / (n_obs - k), np.inf
    return covariance_of(np.ascontiguousarray(totals), design), float(degrees + 1 - k)
