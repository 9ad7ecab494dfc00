"""Effects of a logit on the scale of probabilities: average marginal effects and prevalence ratios.

Everybody is given each level of a variable in turn while the other covariates stay (marginal
standardisation). Standard errors follow from those of the coefficients by the delta method; the covariates
count as fixed, as in Stata's `margins`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from engine.arrays import FloatArray
from engine.estimators.regression.model_frame import ModelFrame
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.small_matrices import dot, logit_means, times, weighted_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """One effect: value and gradient (q,) by the coefficients, both of the logarithm of a ratio."""

    measure: str
    term: str
    level: str | None
    value: float
    gradient: FloatArray


def margins(frame: ModelFrame, n: FloatArray, beta: FloatArray) -> Iterator[Margin]:
    """Yield the effects of each variable.

    Parameters
    ----------
    frame
        The design matrix by pattern.
    n
        (p,) sums of weights of the patterns.
    beta
        (q,) coefficients, all of them estimated.
    """
    share = n / math.fsum(n)
    for term in frame.terms:
        if term.is_product:
            continue
        name = term.names[0]
        if name in frame.levels:
            yield from _level_effects(frame, name, share, beta)
        else:
            yield _derivative(frame, name, share, beta)


def _mean_probability(X: FloatArray, share: FloatArray, beta: FloatArray) -> tuple[float, FloatArray]:
    """Return the mean predicted probability and its gradient (q,)."""
    p = logit_means(X, beta)
    return dot(share, p), weighted_rows(share * p * (1.0 - p), X)


def _level_effects(frame: ModelFrame, name: str, share: FloatArray, beta: FloatArray) -> Iterator[Margin]:
    """Yield difference and ratio of the mean probabilities at each level of a factor and at its reference."""
    reference, *others = frame.levels[name]
    base, base_gradient = _mean_probability(frame.at_level(name, reference), share, beta)
    for level in others:
        mean, gradient = _mean_probability(frame.at_level(name, level), share, beta)
        yield Margin(
            measure="marginal_effect",
            term=name,
            level=level,
            value=mean - base,
            gradient=gradient - base_gradient,
        )
        yield Margin(
            measure="prevalence_ratio",
            term=name,
            level=level,
            value=logarithm(mean / base),
            gradient=gradient / mean - base_gradient / base,
        )


def _derivative(frame: ModelFrame, name: str, share: FloatArray, beta: FloatArray) -> Margin:
    """Return the mean derivative of the probability by a number."""
    X = frame.X
    # Every column is linear in the number, so a step of 1 is the derivative of the matrix.
    D = frame.raised(name) - X
    p = logit_means(X, beta)
    slope = times(D, beta)
    v = share * p * (1.0 - p)
    gradient = weighted_rows(v, D) + weighted_rows(v * (1.0 - 2.0 * p) * slope, X)
    return Margin(measure="marginal_effect", term=name, level=None, value=dot(v, slope), gradient=gradient)
