"""Multilevel logit: complete rows and clusters -> a fitted model in the units of the study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.errors import EstimationError
from engine.estimators.regression.cluster_weights import ClusterWeights
from engine.estimators.regression.clusters import Clusters
from engine.estimators.regression.logit_maximum import LogitMaximum, maximise_logit
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.regression.multilevel_likelihood import MultilevelData
from engine.estimators.regression.multilevel_maximum import MultilevelMaximum
from engine.estimators.regression.patterns import (
    in_study_units,
    pattern_sums,
    standardised,
    submatrix,
    sums_by_key,
)
from engine.estimators.regression.quadrature_points import PointsCheck, maximise_with_points
from engine.kernels.regression.multilevel_cells import ClusterCells
from engine.kernels.regression.small_matrices import product
from engine.study import QuadraturePoints

LATENT_VARIANCE = np.pi**2 / 3.0  # of the standard logistic distribution
_START = 0.5  # standard deviations of the first step: the maximum does not depend on it


@dataclass(frozen=True, slots=True, kw_only=True)
class MultilevelFit:
    """A fitted multilevel logit.

    Attributes
    ----------
    single_level
        The logit without random effects on the same rows: what can be estimated, and its likelihood.
    beta, covariance
        (q,), (q, q) in the units of the study, NaN where not estimated.
    sd, sd_covariance
        (l,), (l, l): standard deviations of the levels, innermost first; NaN covariance at the boundary.
    at_boundary
        For each level, whether its standard deviation is 0 at the maximum.
    log_likelihood
        At the maximum.
    points
        (l,) quadrature points of the levels, innermost first.
    points_check
        What more points would change.
    converged
        Whether the maximum was reached.
    modes
        For each level (m, 2): each cluster's effect and its standard error, given the parameters.
    """

    single_level: LogitMaximum
    beta: FloatArray
    covariance: FloatArray
    sd: FloatArray
    sd_covariance: FloatArray
    at_boundary: tuple[bool, ...]
    log_likelihood: float
    points: tuple[int, ...]
    points_check: PointsCheck
    converged: bool
    modes: tuple[FloatArray, ...]

    @property
    def n_parameters(self) -> int:
        """Coefficients and variances; one at the boundary does not count (as in Stata)."""
        return self.single_level.rank + self.at_boundary.count(False)


def fit_multilevel(
    frame: ModelFrame,
    y: FloatArray,
    weights: ClusterWeights,
    clusters: Clusters,
    points: QuadraturePoints,
    *,
    robust: bool,
) -> MultilevelFit:
    """Fit by maximum likelihood.

    Parameters
    ----------
    frame
        The design matrix by pattern.
    y
        (n,) outcome 0 or 1.
    weights
        Of the people and of the clusters.
    clusters
        Of the same rows.
    points
        Quadrature points of each level, or ``auto``: as many as it takes.
    robust
        Sandwich errors by the outermost clusters instead of the inverse information.

    Raises
    ------
    EstimationError
        If the covariates predict the outcome perfectly.
    """
    n, s = pattern_sums(frame, weights.total, y)
    Z, A = standardised(frame.X, n)
    single_level = maximise_logit(Z, n, s)
    kept = single_level.kept
    if len(kept) == 0:
        raise EstimationError(
            "terms: they predict the outcome perfectly; expected terms that leave some doubt. Leave some out."
        )
    cells = _cells(frame, y, weights, clusters, single_level.used)
    data = MultilevelData.of(
        submatrix(Z, np.arange(len(Z)), kept),
        cells,
        has_outer=clusters.has_outer,
        mean_weight=weights.mean,
    )
    sd_start = [_START if clusters.has_outer else 0.0, _START]
    found = maximise_with_points(data, points, np.concatenate([single_level.beta, sd_start]))
    maximum = found.maximum
    q = len(kept)
    V = _sandwich(maximum, len(cells.outer_end)) if robust else maximum.covariance
    beta, covariance = in_study_units(A, kept, maximum.theta[:q], V[:q, :q])
    sd_places = [q + 1, q][: len(clusters.names)]  # innermost first
    sd = maximum.theta[sd_places]
    outer, inner = found.likelihood.effects(maximum.theta)
    return MultilevelFit(
        single_level=single_level,
        beta=beta,
        covariance=covariance,
        sd=sd,
        sd_covariance=V[np.ix_(sd_places, sd_places)],
        at_boundary=tuple(bool(each == 0.0) for each in sd),
        log_likelihood=maximum.log_likelihood,
        points=found.likelihood.points[::-1][: len(clusters.names)],
        points_check=found.check,
        converged=maximum.converged,
        modes=(inner, outer)[: len(clusters.names)],
    )


def _cells(
    frame: ModelFrame, y: FloatArray, weights: ClusterWeights, clusters: Clusters, used: IntArray
) -> ClusterCells:
    """Count people of one inner cluster and pattern together, sorted by outer and inner cluster.

    Rows of patterns that are not used (fitted perfectly) are left out.
    """
    rows = np.isin(frame.pattern, used)
    pattern, y, weight = frame.pattern[rows].astype(np.int64), y[rows], weights.people[rows]
    inner, outer = clusters.inner[rows], clusters.outer[rows]
    n_patterns = int(pattern.max()) + 1
    key, example, cell = np.unique(inner * n_patterns + pattern, return_index=True, return_inverse=True)
    inner_of_cell, outer_of_cell = key // n_patterns, outer[example]
    last_of_inner = np.flatnonzero(np.diff(inner_of_cell, append=-1))
    outer_of_inner = outer_of_cell[last_of_inner]
    last_of_outer = np.flatnonzero(np.diff(outer_of_inner, append=-1))
    return ClusterCells(
        (key % n_patterns).astype(np.int64),
        *sums_by_key(cell, weight, y, len(key)),
        (last_of_inner + 1).astype(np.int64),
        (last_of_outer + 1).astype(np.int64),
        weights.inner[inner_of_cell[last_of_inner]],
        weights.outer[outer_of_inner[last_of_outer]],
    )


def _sandwich(maximum: MultilevelMaximum, n_clusters: int) -> FloatArray:
    """Return I^-1 K I^-1 G / (G - 1), NaN where not free; K sums the squared scores of G outer clusters."""
    covariance = np.full_like(maximum.covariance, np.nan)
    free = np.flatnonzero(maximum.free)
    block = np.ix_(free, free)
    inverse = maximum.covariance[block]
    factor = n_clusters / max(n_clusters - 1, 1)
    covariance[block] = product(product(inverse, maximum.squares[block]), inverse) * factor
    return covariance
