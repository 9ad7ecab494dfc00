"""What a logit says on the scale of probabilities: average marginal effects and prevalence ratios.

Everybody is given each level of a variable in turn, the other covariates stay (marginal standardisation). Errors
are those of the coefficients by the delta method; the covariates count as fixed, as in Stata's `margins`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.regression.model_frame import ModelFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """One effect: its number, and its gradient (q,) by the coefficients; a ratio is told by its logarithm."""

    measure: str
    term: str
    level: str | None
    value: float
    gradient: FloatArray


def margins(frame: ModelFrame, n: FloatArray, beta: FloatArray) -> Iterator[Margin]:
    """Yield the effects of each variable; n (p,) are the patterns' weights, beta (q,) the coefficients."""
    share = n / n.sum()
    for term in frame.terms:
        if len(term.names) > 1:
            continue
        name = term.names[0]
        if name in frame.levels:
            yield from _level_effects(frame, name, share, beta)
        else:
            yield _derivative(frame, name, share, beta)


def _prediction(X: FloatArray, share: FloatArray, beta: FloatArray) -> tuple[float, FloatArray]:
    p = 1.0 / (1.0 + np.exp(-(X @ beta)))
    return float(share @ p), (share * p * (1.0 - p)) @ X


def _level_effects(frame: ModelFrame, name: str, share: FloatArray, beta: FloatArray) -> Iterator[Margin]:
    reference, *others = frame.levels[name]
    base, base_gradient = _prediction(frame.switched(name, frame.code_of(name, reference)), share, beta)
    for level in others:
        mean, gradient = _prediction(frame.switched(name, frame.code_of(name, level)), share, beta)
        difference = gradient - base_gradient
        yield Margin(
            measure="marginal_effect", term=name, level=level, value=mean - base, gradient=difference
        )
        yield Margin(
            measure="prevalence_ratio",
            term=name,
            level=level,
            value=float(np.log(mean / base)),
            gradient=gradient / mean - base_gradient / base,
        )


def _derivative(frame: ModelFrame, name: str, share: FloatArray, beta: FloatArray) -> Margin:
    X = frame.X
    # Every column is linear in a number, so one step is its derivative.
    D = frame.switched(name) - X
    p = 1.0 / (1.0 + np.exp(-(X @ beta)))
    slope = D @ beta
    v = share * p * (1.0 - p)
    gradient = v @ D + (v * (1.0 - 2.0 * p) * slope) @ X
    return Margin(measure="marginal_effect", term=name, level=None, value=float(v @ slope), gradient=gradient)
