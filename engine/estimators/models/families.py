"""The four models: their likelihood, where Newton's steps begin, and what their parameters are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.models import likelihoods
from engine.estimators.models.likelihoods import Likelihood
from engine.estimators.models.newton import Cells
from engine.kernels.regression.small_matrices import dot, exponentials
from engine.study.regression import RegressionSpec

Start = Callable[[Cells], tuple[float, FloatArray]]
"""Cells -> the constant and the further parameters (k,) at which steps begin; other coefficients are 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A model.

    Attributes
    ----------
    name
        As in a study file.
    likelihood
        Of one cell, with its derivatives.
    start
        Where Newton's steps begin.
    ratio
        The measure of exponentials of coefficients; None for a model without.
    has_constant, has_thresholds
        Whether there is a constant; the thresholds of an ordered logit stand for it.
    is_count, has_scale
        Whether outcomes are counts; whether a residual variance is estimated beside the coefficients.
    """

    name: str
    likelihood: Likelihood
    start: Start
    ratio: str | None = None
    has_constant: bool = True
    has_thresholds: bool = False
    is_count: bool = False
    has_scale: bool = False

    @property
    def is_through_origin(self) -> bool:
        """Whether nothing takes what centring a covariate moves: there is no constant and no threshold."""
        return not (self.has_constant or self.has_thresholds)


def _mean(cells: Cells) -> tuple[float, FloatArray]:
    return dot(cells.n, cells.y) / float(cells.n.sum()), np.empty(0)


def _log_rate(cells: Cells) -> tuple[float, FloatArray]:
    exposed = dot(cells.n, exponentials(cells.offset))
    return float(np.log(dot(cells.n, cells.y) / exposed)), np.empty(0)


def _log_rate_and_alpha(cells: Cells) -> tuple[float, FloatArray]:
    """Return the rate, and alpha by moments of what remains of the counts' variance."""
    constant, _ = _log_rate(cells)
    mu = exponentials(constant + cells.offset)
    residual = cells.y - mu
    excess = dot(cells.n, residual * residual - mu) / dot(cells.n, mu * mu)
    return constant, np.log([max(excess, 0.01)])


def _log_odds(cells: Cells) -> tuple[float, FloatArray]:
    """Return 0, and the log odds of being in each category or below."""
    share = np.cumsum(np.bincount(cells.y.astype(np.int64), cells.n))[:-1] / float(cells.n.sum())
    return 0.0, np.log(share / (1.0 - share))


FAMILIES = {
    family.name: family
    for family in (
        Family(name="linear", likelihood=likelihoods.linear, start=_mean, has_scale=True),
        Family(
            name="poisson",
            likelihood=likelihoods.poisson,
            start=_log_rate,
            ratio="incidence_rate_ratio",
            is_count=True,
        ),
        Family(
            name="negative-binomial",
            likelihood=likelihoods.negative_binomial,
            start=_log_rate_and_alpha,
            ratio="incidence_rate_ratio",
            is_count=True,
        ),
        Family(
            name="ordered-logit",
            likelihood=likelihoods.ordered_logit,
            start=_log_odds,
            ratio="odds_ratio",
            has_constant=False,
            has_thresholds=True,
        ),
    )
}
"""Name in a study file -> model."""
_THROUGH_ORIGIN = replace(FAMILIES["linear"], has_constant=False)


def family_of(spec: RegressionSpec) -> Family:
    """Return the model that an analysis asks for."""
    return FAMILIES[spec.model] if spec.constant else _THROUGH_ORIGIN


def is_overdispersed(cells: Cells, beta: FloatArray) -> bool:
    """Whether the likelihood of a Poisson model at its maximum (e,) rises with the first bit of alpha.

    Where it does not, the negative binomial has its maximum at alpha = 0, which is the Poisson model.
    """
    at = cells.derivatives(likelihoods.poisson, beta, np.empty(0))
    residual = at.gradient[:, 0]
    return dot(cells.n, residual * residual - cells.y) > 0.0
