"""The likelihood of a logit with nested random intercepts, evaluated in threads.

Standard deviations are the parameters: 0 is then an ordinary stationary point, and the likelihood is even in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.decomposition.covariates import sparse_rows
from engine.kernels.jit import in_threads
from engine.kernels.regression.glm import Patterns
from engine.kernels.regression.multilevel_cells import ClusterCells, ParameterPoint
from engine.kernels.regression.multilevel_likelihood import QuadratureRule, block_likelihood
from engine.kernels.regression.multilevel_modes import StartingModes, cluster_effects
from engine.kernels.regression.multilevel_scores import ScoreSums, block_scores

_BLOCKS = 64  # of outer clusters: a fixed number, so that sums do not depend on threads


def gauss_hermite(points: tuple[int, int]) -> QuadratureRule:
    """Return the points and log weights + z^2 of the outer and the inner integral.

    Examples
    --------
    >>> float(gauss_hermite((1, 3)).inner_z[2].round(6))
    1.224745
    """
    (z3, w3), (z2, w2) = (np.polynomial.hermite.hermgauss(own) for own in points)
    return QuadratureRule(z3, np.log(w3) + z3 * z3, z2, np.log(w2) + z2 * z2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """What is fitted: matrix of the patterns Z (p, q) in standard units, also sparse, and cells by cluster."""

    Z: FloatArray
    patterns: Patterns
    cells: ClusterCells
    has_outer: bool
    blocks: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, Z: FloatArray, cells: ClusterCells, *, has_outer: bool) -> Nested:
        """Cut the outer clusters into blocks of about equal work."""
        ends = cells.inner_end[cells.outer_end - 1]
        cuts = np.searchsorted(ends, np.linspace(0, ends[-1], _BLOCKS + 1)[1:-1])
        edges = np.unique(np.concatenate([[0], cuts, [len(ends)]]))
        return cls(
            Z=Z,
            patterns=Patterns(*sparse_rows(Z)),
            cells=cells,
            has_outer=has_outer,
            blocks=tuple((int(a), int(b)) for a, b in pairwise(edges)),
        )

    @property
    def q(self) -> int:
        """How many coefficients there are."""
        return int(self.Z.shape[1])


@dataclass(slots=True, kw_only=True)
class Likelihood:
    """Evaluates the likelihood; keeps modes, from which the next evaluation starts."""

    nested: Nested
    points: int
    modes: StartingModes = field(init=False)

    def __post_init__(self) -> None:
        cells = self.nested.cells
        self.modes = StartingModes(np.zeros(len(cells.outer_end)), np.zeros(len(cells.inner_end)))

    def _prepared(self, theta: FloatArray) -> tuple[ParameterPoint, float, QuadratureRule]:
        cells, q = self.nested.cells, self.nested.q
        eta = (self.nested.Z @ theta[:q])[cells.pattern]
        s3, s2 = (float(abs(own)) for own in theta[q:])
        # A standard deviation of 0 leaves nothing to integrate: one point is exact.
        rule = gauss_hermite((self.points if s3 > 0.0 else 1, self.points if s2 > 0.0 else 1))
        with np.errstate(over="ignore"):
            return ParameterPoint(np.exp(eta), s3, s2), float(cells.s @ eta), rule

    def value(self, theta: FloatArray) -> float:
        """Return the log-likelihood at b (q,), s3, s2."""
        at, fixed, rule = self._prepared(theta)
        cells, blocks = self.nested.cells, self.nested.blocks

        def work(b: int) -> float:
            return block_likelihood(cells, at, *blocks[b], rule, self.modes)

        return fixed + sum(in_threads(work, len(blocks)))

    def effects(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mode and spread of the effects of the outer (I, 2) and the inner clusters (J, 2)."""
        at, _, _ = self._prepared(theta)
        outer, inner = np.empty((len(self.modes.u), 2)), np.empty((len(self.modes.v), 2))
        cluster_effects(self.nested.cells, at, self.modes, outer, inner)
        return outer, inner

    def derivatives(
        self, theta: FloatArray, *, information: bool = True, squares: bool = False
    ) -> tuple[float, FloatArray, FloatArray, FloatArray]:
        """Return log-likelihood, gradient (Q,), information and sum of squared cluster scores (Q, Q; or empty)."""
        at, fixed, rule = self._prepared(theta)
        cells, blocks, Q = self.nested.cells, self.nested.blocks, len(theta)

        def work(b: int) -> tuple[float, FloatArray, FloatArray, FloatArray]:
            sums = ScoreSums(
                np.zeros(Q),
                np.zeros((Q, Q) if information else (0, 0)),
                np.zeros((Q, Q) if squares else (0, 0)),
            )
            ll = block_scores(cells, at, self.nested.patterns, *blocks[b], rule, self.modes, sums)
            return ll, *sums

        parts = in_threads(work, len(blocks))
        ll = fixed + sum(part[0] for part in parts)
        g, H, K = (np.sum([*own], axis=0) for own in zip(*(part[1:] for part in parts), strict=True))
        return ll, g, _whole(H), _whole(K)


def _whole(lower: FloatArray) -> FloatArray:
    whole: FloatArray = lower + np.tril(lower, -1).T
    return whole
