"""Logistic regression on covariate patterns: the likelihood needs nothing else, and statsmodels reports the fit.

Our own Newton steps find the maximum and what has none (separation, combinations); statsmodels' GLM starts there,
confirms it and gives coefficients and model covariance. Clustered and design-based covariances sum scores by unit.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray, UnitArray
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.regression.separation import find_separation
from engine.estimators.sample.design_variance import covariance_of
from engine.estimators.sample.sampling_units import units_and_degrees
from engine.estimators.sample.sparse import sparse_rows
from engine.kernels.regression import glm, links
from engine.kernels.regression.unit_scores import unit_scores

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
    rank
        Columns that are no combination of others: the parameters of the model, infinite estimates included.
    Z
        (p, q) the matrix in standard units, for further fits of the same patterns.
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
    rank: int
    Z: FloatArray
    n: FloatArray
    s: FloatArray
    n_clusters: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maximum:
    """What can be estimated: columns kept, patterns used, their maximum (k,), rank, and status of each column."""

    kept: IntArray
    used: IntArray
    beta: FloatArray
    rank: int
    status: list[str]
    log_likelihood: float


def fit_logit(frame: ModelFrame, rows: Rows, design: DesignArrays, covariance: str) -> Fit:
    """Fit a logit to some rows, with the covariance asked for."""
    q = frame.X.shape[1]
    n, s = pattern_sums(frame, rows.weight, rows.y)
    Z, A = standardised(frame.X, n)
    found = maximise(Z, n, s)
    kept, used, status = found.kept, found.used, found.status
    own = np.ascontiguousarray(Z[np.ix_(used, kept)])
    beta, model, confirmed = _reported(own, n[used], s[used], found.beta)
    if not confirmed:
        status = [DISAGREES if each == "ok" else each for each in status]
    n_clusters = units_and_degrees([rows.unit], design)[0] if design.has_clusters else None
    V, degrees = _covariance(frame.pattern, Z, rows, design, covariance, kept, used, beta, model)
    back = A[np.ix_(kept, kept)]  # from standard units to those of the study
    whole, full = np.full(q, np.nan), np.full((q, q), np.nan)
    whole[kept] = back @ beta
    full[np.ix_(kept, kept)] = back @ V @ back.T
    return Fit(
        kept=kept,
        used=used,
        beta=whole,
        covariance=full,
        degrees=degrees,
        status=tuple(status),
        log_likelihood=found.log_likelihood,
        rank=found.rank,
        Z=Z,
        n=n,
        s=s,
        n_clusters=n_clusters,
    )


def pattern_sums(frame: ModelFrame, weight: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weights and weighted events (p,) of the patterns."""
    p = len(frame.X)
    n, s = (np.bincount(frame.pattern, own, minlength=p).astype(np.float64) for own in (weight, weight * y))
    return n, s


def standardised(X: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Z = X A with numbers centred and scaled to a spread of 1; dummies and the constant stay."""
    A, Z = np.eye(X.shape[1]), X.copy()
    share = n / n.sum()
    for k in range(1, X.shape[1]):
        column = X[:, k]
        if ((column == 0.0) | (column == 1.0)).all():
            continue
        centre = float(share @ column)
        spread = float(np.sqrt(share @ (column - centre) ** 2))
        if spread > 0.0:
            A[k, k], A[0, k] = 1.0 / spread, -centre / spread
            Z[:, k] = (column - centre) / spread
    return Z, A


def _newton(Z: FloatArray, n: FloatArray, s: FloatArray) -> tuple[FloatArray, tuple[int, int]]:
    """Return the maximum (k,) by Newton steps, and the kernel's status with the column that is a combination."""
    patterns = glm.Patterns(*sparse_rows(Z))
    beta = np.zeros(Z.shape[1])
    return beta, glm.fit(links.LOGIT, patterns, n, s, beta)


def _log_likelihood(eta: FloatArray, n: FloatArray, s: FloatArray) -> float:
    """Return the log-likelihood of patterns with linear predictors eta."""
    return float(s @ eta - n @ np.logaddexp(0.0, eta))


def maximise(Z: FloatArray, n: FloatArray, s: FloatArray) -> Maximum:
    """Find the maximum of the likelihood of patterns Z (p, q), or what there is of it.

    Columns that are combinations of others are left out; patterns that separating columns fit perfectly too, which
    changes neither the likelihood nor the finite estimates.
    """
    q = Z.shape[1]
    status, rank = ["ok"] * q, 0
    kept, used = np.arange(q), np.flatnonzero(n > 0)

    def done(beta: FloatArray, told: list[str]) -> Maximum:
        ll = _log_likelihood(Z[np.ix_(used, kept)] @ beta, n[used], s[used])
        return Maximum(kept=kept, used=used, beta=beta, rank=rank, status=told, log_likelihood=ll)

    while True:
        own = np.ascontiguousarray(Z[np.ix_(used, kept)])
        beta, (code, column) = _newton(own, n[used], s[used])
        if code == glm.SINGULAR:
            if status[kept[column]] == "ok":
                status[kept[column]] = "a combination of other columns"
            kept = np.delete(kept, column)
            continue
        rank = rank or len(kept)
        if code == glm.CONVERGED and np.abs(own @ beta).max() < _FAR:
            return done(beta, status)
        found = find_separation(own, n[used], s[used])
        if found is None:
            return done(beta, status if code == glm.CONVERGED else ["does not converge"] * q)
        # A separating column stays as far as it tells the others apart; its own estimate is infinite.
        for k in np.flatnonzero(found.direction):
            status[kept[k]] = (
                f"separated: the estimate is {'plus' if found.direction[k] > 0 else 'minus'} infinity"
            )
        used = used[~found.perfect]
        if len(used) == 0:
            kept = kept[:0]
            return done(beta[:0], ["separated: the covariates predict the outcome perfectly"] * q)


def _reported(
    X: FloatArray, n: FloatArray, s: FloatArray, start: FloatArray
) -> tuple[FloatArray, FloatArray, bool]:
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
    pattern: UnitArray,
    Z: FloatArray,
    rows: Rows,
    design: DesignArrays,
    kind: str,
    kept: IntArray,
    used: IntArray,
    beta: FloatArray,
    model: FloatArray,
) -> tuple[FloatArray, float]:
    """Return the covariance (k, k) and its degrees of freedom.

    robust: n / (n - k) times White's (HC1 of R's sandwich); cluster: G / (G - 1) (n - 1) / (n - k) times the clustered
    one (statsmodels, sandwich); design: linearised, units - strata + 1 - k degrees of freedom (R's svyglm).
    """
    k, n_obs = len(kept), float(rows.frequency.sum())
    if kind == "model" or k == 0:
        return model, np.inf
    place = np.full(len(Z), -1, np.int32)
    place[used] = np.arange(len(used))
    at = place[pattern]
    inside = at >= 0
    X = np.ascontiguousarray(Z[np.ix_(used, kept)])
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
