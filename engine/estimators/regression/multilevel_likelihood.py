"""The likelihood of a multilevel logit with one or two nested random intercepts, evaluated in threads.

Parameters are the coefficients b (q,) and the standard deviations s3 of the outer and s2 of the inner level.
Standard deviations rather than variances, because 0 is then an ordinary stationary point: the likelihood is
even in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.regression.gauss_hermite import hermite_rule
from engine.estimators.regression.patterns import sparse_patterns
from engine.kernels.jit import in_threads
from engine.kernels.regression.glm import Patterns
from engine.kernels.regression.multilevel_cells import ClusterCells, ParameterPoint
from engine.kernels.regression.multilevel_likelihood import QuadratureRule, block_likelihood
from engine.kernels.regression.multilevel_modes import StartingModes, cluster_effects
from engine.kernels.regression.multilevel_scores import ScoreSums, block_scores
from engine.kernels.regression.small_matrices import dot, exponentials, times

LevelPoints = tuple[int, int]
"""Quadrature points of the outer and of the inner level."""

_BLOCKS = 64  # of outer clusters: a fixed number, so that sums do not depend on threads


def gauss_hermite(points: LevelPoints) -> QuadratureRule:
    """Return the points and log weights + z^2 of the outer and the inner integral.

    Examples
    --------
    >>> float(gauss_hermite((1, 3)).inner_z[2].round(6))
    1.224745
    """
    outer, inner = points
    return QuadratureRule(*hermite_rule(outer), *hermite_rule(inner))


@dataclass(frozen=True, slots=True, kw_only=True)
class MultilevelData:
    """What a multilevel logit is fitted to.

    Attributes
    ----------
    Z
        (p, q) the matrix of the patterns in standard units.
    patterns
        The same, sparse.
    cells
        People of one cluster and pattern, counted together.
    events
        (c,) weighted events of each cell, times the weights of its clusters.
    has_outer
        Whether there are two levels; with one, every cluster is an outer and an inner one.
    blocks
        First outer cluster of each block, and the one after its last.
    mean_weight
        What a person counts in the log-likelihood, on average.
    """

    Z: FloatArray
    patterns: Patterns
    cells: ClusterCells
    events: FloatArray
    has_outer: bool
    blocks: tuple[tuple[int, int], ...]
    mean_weight: float = 1.0

    @classmethod
    def of(
        cls, Z: FloatArray, cells: ClusterCells, *, has_outer: bool, mean_weight: float = 1.0
    ) -> MultilevelData:
        """Cut the outer clusters into blocks of about equal work."""
        ends = cells.inner_end[cells.outer_end - 1]
        cuts = np.searchsorted(ends, np.linspace(0, ends[-1], _BLOCKS + 1)[1:-1])
        edges = np.unique(np.concatenate([[0], cuts, [len(ends)]]))
        return cls(
            Z=Z,
            patterns=sparse_patterns(Z),
            cells=cells,
            events=_weighted_events(cells),
            has_outer=has_outer,
            blocks=tuple((int(a), int(b)) for a, b in pairwise(edges)),
            mean_weight=mean_weight,
        )

    @property
    def q(self) -> int:
        """The number of coefficients."""
        return int(self.Z.shape[1])


def _weighted_events(cells: ClusterCells) -> FloatArray:
    by_inner = np.repeat(cells.outer_weight, np.diff(cells.outer_end, prepend=0)) * cells.inner_weight
    events: FloatArray = cells.s * np.repeat(by_inner, np.diff(cells.inner_end, prepend=0))
    return events


class Derivatives(NamedTuple):
    """The log-likelihood and its derivatives by the Q parameters; a matrix that was not requested is empty.

    gradient
        (Q,) first derivatives.
    information
        (Q, Q) minus the second derivatives, by Louis' formula.
    squares
        (Q, Q) sum of the outer products of the outer clusters' gradients.
    """

    log_likelihood: float
    gradient: FloatArray
    information: FloatArray
    squares: FloatArray


@dataclass(slots=True, kw_only=True)
class MultilevelLikelihood:
    """Evaluates the likelihood; keeps the modes u (I,) and v (J,), from which the next evaluation starts."""

    data: MultilevelData
    points: LevelPoints
    modes: StartingModes = field(init=False)

    def __post_init__(self) -> None:
        cells = self.data.cells
        self.modes = StartingModes(np.zeros(len(cells.outer_end)), np.zeros(len(cells.inner_end)))

    def with_points(self, points: LevelPoints) -> MultilevelLikelihood:
        """Return the likelihood with other points; both go on from the same modes."""
        other = MultilevelLikelihood(data=self.data, points=points)
        other.modes = self.modes
        return other

    def _prepared(self, theta: FloatArray) -> tuple[ParameterPoint, float, QuadratureRule]:
        """Return the point (exp(x'b) of the cells, s3, s2), s'(x'b) and the quadrature rule."""
        cells, q = self.data.cells, self.data.q
        eta = times(self.data.Z, np.ascontiguousarray(theta[:q]))
        s3, s2 = (float(abs(sd)) for sd in theta[q:])
        # A standard deviation of 0 leaves nothing to integrate: one point is exact.
        outer, inner = self.points
        rule = gauss_hermite((outer if s3 > 0.0 else 1, inner if s2 > 0.0 else 1))
        return (
            ParameterPoint(exponentials(eta)[cells.pattern], s3, s2),
            dot(self.data.events, eta[cells.pattern]),
            rule,
        )

    def value(self, theta: FloatArray) -> float:
        """Return the log-likelihood at theta (Q,) = b, s3, s2."""
        at, fixed, rule = self._prepared(theta)
        cells, blocks = self.data.cells, self.data.blocks

        def work(b: int) -> float:
            return block_likelihood(cells, at, *blocks[b], rule, self.modes)

        return fixed + sum(in_threads(work, len(blocks)))

    def effects(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mode and spread of the effects of the outer (I, 2) and the inner clusters (J, 2)."""
        at, _, _ = self._prepared(theta)
        outer, inner = np.empty((len(self.modes.u), 2)), np.empty((len(self.modes.v), 2))
        cluster_effects(self.data.cells, at, self.modes, outer, inner)
        return outer, inner

    def derivatives(
        self, theta: FloatArray, *, information: bool = True, squares: bool = False
    ) -> Derivatives:
        """Return the log-likelihood and its derivatives at theta (Q,), with the matrices requested."""
        at, fixed, rule = self._prepared(theta)
        cells, blocks, Q = self.data.cells, self.data.blocks, len(theta)

        def work(b: int) -> Derivatives:
            sums = ScoreSums(
                np.zeros(Q),
                np.zeros((Q, Q) if information else (0, 0)),
                np.zeros((Q, Q) if squares else (0, 0)),
            )
            ll = block_scores(cells, at, self.data.patterns, *blocks[b], rule, self.modes, sums)
            return Derivatives(ll, *sums)

        parts = in_threads(work, len(blocks))
        return Derivatives(
            fixed + sum(part.log_likelihood for part in parts),
            _total([part.gradient for part in parts]),
            _symmetric(_total([part.information for part in parts])),
            _symmetric(_total([part.squares for part in parts])),
        )


def _total(parts: list[FloatArray]) -> FloatArray:
    """Add arrays of one shape, one after the other."""
    total = np.zeros_like(parts[0])
    for part in parts:
        total += part
    return total


def _symmetric(lower: FloatArray) -> FloatArray:
    """Return the symmetric matrix of a lower triangle."""
    whole: FloatArray = lower + np.tril(lower, -1).T
    return whole
