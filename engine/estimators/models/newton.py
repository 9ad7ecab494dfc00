"""Newton's steps to the maximum of a model's likelihood, on cells and with sums in a fixed order.

statsmodels fits these models too, but takes no weights for two of the four, and its sums depend on BLAS: it
stands in the tests, as the judge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.models.likelihoods import Derivatives, Likelihood
from engine.kernels.regression.small_matrices import dot, inverse, product, times, weighted_rows

_MOST_STEPS = 200
_MOST_HALVINGS = 40
_TOLERANCE = 1e-9  # of the largest step, relative to 1 + the parameter; the step itself is still taken
_ROUNDING = 1e-13  # of the log-likelihood: a smaller loss is none
_BLOCK = 2048  # cells whose columns stay in the processor's cache


def moments(X: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the sum (q, q) of weight x x' over the rows x of X (c, q), block by block in their order."""
    out = np.zeros((X.shape[1], X.shape[1]))
    for start in range(0, len(X), _BLOCK):
        block = X[start : start + _BLOCK]
        out += product(np.ascontiguousarray((block * weight[start : start + _BLOCK, None]).T), block)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What a likelihood is made of.

    Attributes
    ----------
    X
        (c, e) the matrix of the estimated columns in standard units.
    n
        (c,) sums of weights.
    y
        (c,) the outcome; a category's number for the ordered logit.
    offset
        (c,) what is added to the linear predictor: the logarithm of the exposure, or 0.
    """

    X: FloatArray
    n: FloatArray
    y: FloatArray
    offset: FloatArray

    def derivatives(self, likelihood: Likelihood, beta: FloatArray, extra: FloatArray) -> Derivatives:
        """Return the likelihood's derivatives at parameters (e,) and (k,)."""
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            return likelihood(times(self.X, beta) + self.offset, extra, self.y)

    def scores(self, at: Derivatives) -> FloatArray:
        """Return the score (c, P) of a person of each cell."""
        return np.ascontiguousarray(np.hstack([at.gradient[:, :1] * self.X, at.gradient[:, 1:]]))

    def score(self, at: Derivatives) -> FloatArray:
        """Return the first derivatives (P,) of the weighted log-likelihood."""
        of_beta = weighted_rows(self.n * at.gradient[:, 0], self.X)
        of_extra = weighted_rows(self.n, np.ascontiguousarray(at.gradient[:, 1:]))
        return np.concatenate([of_beta, of_extra])

    def information(self, at: Derivatives) -> FloatArray:
        """Return minus the second derivatives (P, P) of the weighted log-likelihood."""
        e, k = self.X.shape[1], at.gradient.shape[1] - 1
        out = np.empty((e + k, e + k))
        out[:e, :e] = moments(self.X, self.n * at.curvature[:, 0, 0])
        for j in range(k):
            out[:e, e + j] = out[e + j, :e] = weighted_rows(self.n * at.curvature[:, 0, 1 + j], self.X)
            for i in range(k):
                out[e + i, e + j] = dot(self.n, np.ascontiguousarray(at.curvature[:, 1 + i, 1 + j]))
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Maximum:
    """The end of Newton's steps: parameters (e,) and (k,), derivatives there, and whether it is a maximum."""

    beta: FloatArray
    extra: FloatArray
    at: Derivatives
    has_converged: bool


def climb(likelihood: Likelihood, cells: Cells, beta: FloatArray, extra: FloatArray) -> Maximum:
    """Take damped Newton steps from a start (e,) and (k,) until they are tiny."""
    e = len(beta)
    at = cells.derivatives(likelihood, beta, extra)
    value = dot(cells.n, at.value)
    has_converged = False
    for _ in range(_MOST_STEPS):
        step = _step(cells.information(at), cells.score(at))
        if step is None:
            break
        has_converged = bool((np.abs(step) <= _TOLERANCE * (1.0 + np.abs([*beta, *extra]))).all())
        size = 1.0
        for _ in range(_MOST_HALVINGS):
            tried = (beta + size * step[:e], extra + size * step[e:])
            at_tried = cells.derivatives(likelihood, *tried)
            gained = dot(cells.n, at_tried.value) - value
            if gained >= -_ROUNDING * abs(value):
                break
            size *= 0.5
        else:
            break
        (beta, extra), at, value = tried, at_tried, value + gained
        if has_converged:
            break
    return Maximum(beta=beta, extra=extra, at=at, has_converged=has_converged)


def _step(information: FloatArray, score: FloatArray) -> FloatArray | None:
    """Return Newton's step (P,), leant towards the gradient where the likelihood is not concave."""
    if not np.isfinite(information).all():
        return None
    largest = float(np.abs(np.diag(information)).max(initial=0.0))
    for ridge in (0.0, *(10.0**power for power in range(-6, 4))):
        V, singular = inverse(information + ridge * largest * np.eye(len(score)))
        if singular < 0:
            return times(V, score)
    return None
