"""Covariances of the coefficients of a logit: model-based, robust, clustered, design-based."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignArrays, FloatArray, UnitArray
from engine.estimators.regression.model_rows import ModelRows
from engine.estimators.regression.patterns import sums_by_key
from engine.estimators.sample.design_variance import covariance_of
from engine.estimators.sample.sampling_units import units_and_degrees
from engine.kernels.regression.few_units import raised_totals
from engine.kernels.regression.small_matrices import logit_means, lower_root, product
from engine.kernels.regression.unit_scores import unit_scores

FEW_DEGREES = 50  # with fewer, tests of several coefficients raise the scores of the sampling units


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedColumns:
    """The estimated part of a logit, in standard units.

    Attributes
    ----------
    X
        (p, e) the used patterns and the estimated columns.
    beta, covariance
        (e,) the coefficients and (e, e) the inverse information.
    pattern
        (n,) int32: each row's pattern, used or not.
    place
        int32: the row in X of every pattern, -1 for those that are not used.
    """

    X: FloatArray
    beta: FloatArray
    covariance: FloatArray
    pattern: UnitArray
    place: UnitArray

    def probabilities(self) -> FloatArray:
        """Return the predicted probability of each used pattern (p,)."""
        return logit_means(self.X, self.beta)


def logit_covariance(
    kind: str, columns: EstimatedColumns, rows: ModelRows, design: DesignArrays
) -> tuple[FloatArray, float]:
    """Return the covariance (e, e) of the coefficients and its degrees of freedom, infinite for the normal.

    That of replicate weights is made in `logit_replicates`.

    Parameters
    ----------
    kind
        - ``model``: the inverse information;
        - ``robust``: n / (n - e) times White's (HC1 of R's sandwich);
        - ``cluster``: G / (G - 1) (n - 1) / (n - e) times that by G clusters (statsmodels, sandwich);
        - ``design``: linearised, with units - strata + 1 - e degrees of freedom (R's svyglm).
    columns
        The estimated columns and their patterns.
    rows
        The n rows of the model.
    design
        The survey design of the sample.
    """
    e, n_people = columns.X.shape[1], float(rows.people.sum())
    if kind == "model" or e == 0:
        return columns.covariance, np.inf
    if kind == "robust":
        return _robust(columns, rows) * n_people / (n_people - e), np.inf
    totals = _linearised_totals(columns, rows, design)
    units, degrees = units_and_degrees([rows.unit], design)
    if kind == "cluster":
        meat = product(totals, np.ascontiguousarray(totals.T))
        return meat * units / (units - 1.0) * (n_people - 1.0) / (n_people - e), np.inf
    return covariance_of(np.ascontiguousarray(totals), design), float(degrees + 1 - e)


def _robust(columns: EstimatedColumns, rows: ModelRows) -> FloatArray:
    """Return White's sandwich (e, e)."""
    X, place = columns.X, columns.place[columns.pattern]
    is_used = place >= 0
    at = place[is_used]
    residual = rows.y[is_used] - columns.probabilities()[at]
    squares = rows.weight_squares[is_used] * residual**2
    by_pattern, _ = sums_by_key(at, squares, np.zeros(len(at)), len(X))
    meat = product(np.ascontiguousarray((X * by_pattern[:, None]).T), X)
    return product(product(columns.covariance, meat), columns.covariance)


@dataclass(frozen=True, slots=True, kw_only=True)
class JointCovariance:
    """What tests of several coefficients use.

    Attributes
    ----------
    V
        (e, e) their covariance.
    degrees
        Degrees of freedom of V, infinite for chi-square tests.
    is_raised
        Whether V is CR2 for few sampling units.
    """

    V: FloatArray
    degrees: float
    is_raised: bool = False


def joint_covariance(
    kind: str, columns: EstimatedColumns, rows: ModelRows, design: DesignArrays, covariance: FloatArray
) -> JointCovariance:
    """Return the covariance for tests of several coefficients, given that of single ones (e, e).

    With few sampling units that is too small for them: the fit follows each unit. The scores of the units are
    then raised (Bell and McCaffrey 2002).
    """
    if kind not in ("cluster", "design"):
        return JointCovariance(V=covariance, degrees=np.inf)
    units, degrees = units_and_degrees([rows.unit], design)
    if kind == "cluster":
        degrees = units - 1
    has_few = design.has_clusters and degrees < FEW_DEGREES and design.calibration is None
    if not has_few or columns.X.shape[1] == 0:
        return JointCovariance(V=covariance, degrees=float(degrees))
    at, weight, unit, scores = _unit_scores(columns, rows, design)
    mu = columns.probabilities()
    root = lower_root(columns.covariance)
    totals = np.ascontiguousarray(raised_totals(columns.X, mu * (1.0 - mu), at, weight, unit, root, scores))
    is_cluster = kind == "cluster"
    V = product(totals, np.ascontiguousarray(totals.T)) if is_cluster else covariance_of(totals, design)
    return JointCovariance(V=V, degrees=float(degrees), is_raised=True)


def _linearised_totals(columns: EstimatedColumns, rows: ModelRows, design: DesignArrays) -> FloatArray:
    """Return the linearised coefficients' totals (e, u) by sampling unit."""
    return product(columns.covariance, _unit_scores(columns, rows, design)[3])


def _unit_scores(
    columns: EstimatedColumns, rows: ModelRows, design: DesignArrays
) -> tuple[UnitArray, FloatArray, UnitArray, FloatArray]:
    """Return pattern in X, weight and unit of cells (c,), and the sums of scores by unit (e, u).

    A cell is the used rows of one unit and pattern, so that the order of the rows does not matter.
    """
    place = columns.place[columns.pattern]
    is_used = place >= 0
    key, cell = np.unique(
        rows.unit[is_used].astype(np.int64) * len(columns.X) + place[is_used], return_inverse=True
    )
    n, s = sums_by_key(cell, rows.weight[is_used], rows.y[is_used], len(key))
    unit, at = (part.astype(np.int32) for part in np.divmod(key, len(columns.X)))
    y = np.divide(s, n, out=np.zeros(len(n)), where=n > 0.0)
    scores = unit_scores(columns.X, columns.probabilities(), at, n, y, unit, design.n_units)
    return at, n, unit, scores
