"""Logit with nested random intercepts: complete rows and clusters -> a fitted model in the units of the study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray
from engine.errors import DataError, EstimationError
from engine.estimators.regression.logit import Maximum, maximise, pattern_sums, standardised
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.regression.multilevel_likelihood import Likelihood, Nested
from engine.estimators.regression.multilevel_maximum import NestedMaximum, maximum
from engine.kernels.regression.multilevel_cells import ClusterCells

LATENT_VARIANCE = np.pi**2 / 3.0  # of the standard logistic distribution
_START = 0.5  # standard deviations of the first step: the maximum does not depend on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """The nested clusters of some rows.

    Attributes
    ----------
    names
        The levels, innermost first: one or two.
    inner, outer
        (n,) each row's cluster, numbered 0, 1, ... in the order of the ids; inner ones by outer cluster. With one
        level each inner cluster is an outer one of its own.
    n_repeated
        Ids of inner clusters that stand in several outer ones; each is a cluster of its own there.
    """

    names: tuple[str, ...]
    inner: IntArray
    outer: IntArray
    n_repeated: int

    @classmethod
    def of(cls, ids: Mapping[str, IntArray]) -> Clusters:
        """Nest the ids (n,) of each level, innermost first; -1 is missing.

        Raises
        ------
        DataError
            If an id is missing: nobody can be left out for that silently, nor put into a cluster.
        """
        for name, own in ids.items():
            if count := int((own < 0).sum()):
                raise DataError(
                    f"levels '{name}': {count:,} complete rows have no cluster; expected one each. Fill the ids, or "
                    "drop these rows by a sample rule."
                )
        codes = [*ids.values()]
        inner = np.unique(codes[0], return_inverse=True)[1]
        if len(codes) == 1:
            return cls(names=tuple(ids), inner=inner, outer=inner, n_repeated=0)
        outer = np.unique(codes[1], return_inverse=True)[1]
        pairs, nested = np.unique(outer * (inner.max() + 1) + inner, return_inverse=True)
        repeated = int((np.bincount(pairs % (inner.max() + 1)) > 1).sum())
        return cls(names=tuple(ids), inner=nested, outer=outer, n_repeated=repeated)

    def sizes(self) -> dict[str, IntArray]:
        """Return level -> people in each cluster."""
        both = (np.bincount(self.inner), np.bincount(self.outer))
        return dict(zip(self.names, both, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedFit:
    """A fitted model.

    Attributes
    ----------
    single
        The logit without random effects on the same rows: what can be estimated, and its likelihood.
    beta, covariance
        (q,), (q, q) in the units of the study, NaN where not estimated.
    sd, sd_covariance
        (l,), (l, l): standard deviations of the levels, innermost first; NaN covariance at the boundary.
    at_boundary
        (l,) whether the maximum has no variance there.
    check
        What the log-likelihood gains with twice the points, at the same parameters.
    modes
        For each level (m, 2): each cluster's effect and its standard error, given the parameters.
    """

    single: Maximum
    beta: FloatArray
    covariance: FloatArray
    sd: FloatArray
    sd_covariance: FloatArray
    at_boundary: tuple[bool, ...]
    log_likelihood: float
    check: float
    converged: bool
    modes: tuple[FloatArray, ...]

    @property
    def n_parameters(self) -> int:
        """Coefficients and variances; one at the boundary is none (as in Stata)."""
        return self.single.rank + sum(not own for own in self.at_boundary)


def fit_mixed(
    frame: ModelFrame, y: FloatArray, weight: FloatArray, clusters: Clusters, points: int, *, robust: bool
) -> MixedFit:
    """Fit by maximum likelihood.

    Parameters
    ----------
    frame
        The matrix by pattern.
    y, weight
        (n,) outcome 0 or 1, and weights of level 1.
    clusters
        Of the same rows.
    points
        Quadrature points for each level.
    robust
        Sandwich by the outermost clusters instead of the inverse information.

    Raises
    ------
    EstimationError
        If the covariates predict the outcome perfectly.
    """
    n, s = pattern_sums(frame, weight, y)
    Z, A = standardised(frame.X, n)
    single = maximise(Z, n, s)
    if len(single.kept) == 0:
        raise EstimationError(
            "terms: they predict the outcome perfectly; expected some doubt. Leave some out."
        )
    rows = np.isin(frame.pattern, single.used)
    cells = _cells(frame.pattern[rows].astype(np.int64), y[rows], weight[rows], clusters, rows)
    kept = single.kept
    nested = Nested.of(np.ascontiguousarray(Z[:, kept]), cells, has_outer=len(clusters.names) == 2)
    likelihood = Likelihood(nested=nested, points=points)
    start = np.concatenate([single.beta, [_START if nested.has_outer else 0.0, _START]])
    found = maximum(likelihood, start)
    check = Likelihood(nested=nested, points=2 * points + 1).value(found.theta) - found.log_likelihood
    covariance = _sandwich(found, len(cells.outer_end)) if robust else found.covariance
    return _in_units(found, covariance, single, A, len(clusters.names), check, likelihood)


def _cells(
    pattern: IntArray, y: FloatArray, weight: FloatArray, clusters: Clusters, rows: NDArray[np.bool_]
) -> ClusterCells:
    """Put people of one inner cluster and pattern together, sorted by outer and inner cluster."""
    inner, outer = clusters.inner[rows], clusters.outer[rows]
    width = int(pattern.max()) + 1
    key, example, cell = np.unique(inner * width + pattern, return_index=True, return_inverse=True)
    inner_of_cell, outer_of_cell = key // width, outer[example]
    last = np.flatnonzero(np.diff(inner_of_cell, append=-1))
    n, s = (np.bincount(cell, own).astype(np.float64) for own in (weight, weight * y))
    return ClusterCells(
        (key % width).astype(np.int64),
        n,
        s,
        (last + 1).astype(np.int64),
        (np.flatnonzero(np.diff(outer_of_cell[last], append=-1)) + 1).astype(np.int64),
    )


def _sandwich(found: NestedMaximum, n_clusters: int) -> FloatArray:
    """Return I^-1 (sum of squared scores of the outermost clusters) G / (G - 1) I^-1."""
    covariance, own = np.full_like(found.covariance, np.nan), np.flatnonzero(found.free)
    place = np.ix_(own, own)
    inverse = found.covariance[place]
    covariance[place] = inverse @ found.squares[place] @ inverse * (n_clusters / max(n_clusters - 1, 1))
    return covariance


def _in_units(
    found: NestedMaximum,
    covariance: FloatArray,
    single: Maximum,
    A: FloatArray,
    n_levels: int,
    check: float,
    likelihood: Likelihood,
) -> MixedFit:
    kept, q = single.kept, len(A)
    k = len(kept)
    back = A[np.ix_(kept, kept)]
    beta, whole = np.full(q, np.nan), np.full((q, q), np.nan)
    beta[kept] = back @ found.theta[:k]
    whole[np.ix_(kept, kept)] = back @ covariance[:k, :k] @ back.T
    place = [k + 1, k][:n_levels]  # innermost first
    sd = found.theta[place]
    outer, inner = likelihood.effects(found.theta)
    return MixedFit(
        single=single,
        beta=beta,
        covariance=whole,
        sd=sd,
        sd_covariance=covariance[np.ix_(place, place)],
        at_boundary=tuple(bool(own == 0.0) for own in sd),
        log_likelihood=found.log_likelihood,
        check=check,
        converged=found.converged,
        modes=(inner, outer)[:n_levels],
    )
