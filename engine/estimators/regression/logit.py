"""Logistic regression on covariate patterns: sums by pattern are all that the likelihood needs.

Newton steps in `logit_maximum` find the maximum, and what has none (separation, combinations). A further
step in numpy, from the formulas alone, has to stay there: as the likelihood is concave, this proves it.
Sums and inverses have a fixed order, so that the numbers have the same bits on any processor; clustered and
design-based covariances sum scores by sampling unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from engine.arrays import DesignArrays, FloatArray, IntArray
from engine.estimators.regression.logit_covariance import (
    EstimatedColumns,
    JointCovariance,
    joint_covariance,
    logit_covariance,
)
from engine.estimators.regression.logit_maximum import maximise_logit
from engine.estimators.regression.logit_replicates import replicated_covariance
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.regression.model_rows import ModelRows
from engine.estimators.regression.patterns import (
    in_study_units,
    pattern_sums,
    sparse_patterns,
    standardised,
    submatrix,
)
from engine.estimators.sample.degrees import replicate_degrees
from engine.estimators.sample.sampling_units import units_and_degrees
from engine.kernels.regression.small_matrices import inverse, logit_information

_SHORTEST_STEP = 1e-6  # of coefficients, relative to 1 + their size
NOT_THE_MAXIMUM = "a further step leaves the maximum"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogitFit:
    """A fitted logit.

    Attributes
    ----------
    kept
        (e,) numbers of the estimated columns.
    beta
        (q,) in the units of the study, NaN where not kept; of no meaning where the status is not ``ok``.
    covariance
        (q, q), NaN where not kept.
    model_covariance
        (q, q) the inverse information, whatever the covariance: of it collinearity is judged.
    joint
        For tests of several coefficients, its covariance (q, q) as the others.
    degrees
        Degrees of freedom of Student's t; infinite for the normal distribution.
    status
        (q,) ``ok``, or why a column has no estimate.
    log_likelihood
        Of the model; patterns that are fitted perfectly add 0.
    rank
        Columns that are no combination of others: the parameters of the model, infinite estimates included.
    Z
        (p, q) the matrix in standard units, for further fits of the same patterns.
    n, s
        (p,) sums of weights and of weighted events of the patterns.
    n_clusters
        Sampling clusters with rows of the model; None without clusters.
    n_replicates, n_failed
        Replicates behind the covariance, and how many are undefined; None where it needs none.
    """

    kept: IntArray
    beta: FloatArray
    covariance: FloatArray
    model_covariance: FloatArray
    joint: JointCovariance
    degrees: float
    status: tuple[str, ...]
    log_likelihood: float
    rank: int
    Z: FloatArray
    n: FloatArray
    s: FloatArray
    n_clusters: int | None
    n_replicates: int | None = None
    n_failed: int | None = None


def fit_logit(frame: ModelFrame, rows: ModelRows, design: DesignArrays, covariance: str) -> LogitFit:
    """Fit a logit by maximum likelihood.

    Parameters
    ----------
    frame
        The design matrix by pattern.
    rows
        The n rows of the model.
    design
        The survey design of the sample.
    covariance
        ``model``, ``robust``, ``cluster`` or ``design``, see `logit_covariance`; where the rows have
        replicate weights, these are the design.
    """
    n, s = pattern_sums(frame, rows.weight, rows.y)
    Z, A = standardised(frame.X, n)
    maximum = maximise_logit(Z, n, s)
    kept, used = maximum.kept, maximum.used
    X = submatrix(Z, used, kept)
    beta = maximum.beta
    model_covariance, _ = inverse(logit_information(sparse_patterns(X), n[used], beta))
    status = maximum.status
    if not is_maximum(X, n[used], s[used], beta):
        status = [NOT_THE_MAXIMUM if each == "ok" else each for each in status]
    place = np.full(len(Z), -1, np.int32)
    place[used] = np.arange(len(used))
    columns = EstimatedColumns(
        X=X, beta=beta, covariance=model_covariance, pattern=frame.pattern, place=place
    )
    given = rows.replicate_weights
    n_failed = None
    if given is not None and len(kept) > 0:
        V, n_failed = replicated_covariance(columns, rows, given)
        joint = JointCovariance(V=V, degrees=float(replicate_degrees(given.values)))
        degrees = joint.degrees + 1.0 - len(kept)
    else:
        V, degrees = logit_covariance(covariance, columns, rows, design)
        joint = joint_covariance(covariance, columns, rows, design, V)
    beta_in_units, covariance_in_units = in_study_units(A, kept, beta, V)
    return LogitFit(
        kept=kept,
        beta=beta_in_units,
        covariance=covariance_in_units,
        model_covariance=in_study_units(A, kept, beta, model_covariance)[1],
        joint=replace(joint, V=in_study_units(A, kept, beta, joint.V)[1]),
        degrees=degrees,
        status=tuple(status),
        log_likelihood=maximum.log_likelihood,
        rank=maximum.rank,
        Z=Z,
        n=n,
        s=s,
        n_clusters=units_and_degrees([rows.unit], design)[0] if design.has_clusters else None,
        n_replicates=None if given is None else len(given.factors),
        n_failed=n_failed,
    )


def is_maximum(X: FloatArray, n: FloatArray, s: FloatArray, beta: FloatArray) -> bool:
    """Whether a Newton step from the coefficients stays at them.

    Parameters
    ----------
    X
        (q, e) the patterns, in standard units.
    n, s
        (q,) sums of weights and of weighted events.
    beta
        (e,) the coefficients.
    """
    mu = expit(X @ beta)
    score = X.T @ (s - n * mu)
    information = (X * (n * mu * (1.0 - mu))[:, None]).T @ X
    try:
        step = np.linalg.solve(information, score)
    except np.linalg.LinAlgError:
        return False
    return bool(np.all(np.abs(step) <= _SHORTEST_STEP * (1.0 + np.abs(beta))))
