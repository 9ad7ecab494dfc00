"""The minimum of a smooth function by secant steps (BFGS), with every sum in a fixed order.

The optimisers of SciPy multiply by BLAS, whose last digits depend on the processor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.kernels.regression.small_matrices import dot, times

Objective = Callable[[FloatArray], tuple[float, FloatArray]]
"""A point (q,) -> the value there, and the gradient (q,)."""

_DESCENT, _FLATTER = 1e-4, 0.9  # Wolfe's conditions: a share of the promised descent, and of the slope
_ROUNDING = 1e-14  # of a value: less is no descent and no ascent
_TRIALS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowest:
    """The lowest point (q,) that was found, the value there, and the gradient (q,)."""

    point: FloatArray
    value: float
    gradient: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """A point along a step: how far, what is there, and the slope along the step."""

    length: float
    at: Lowest
    slope: float


def minimise(objective: Objective, start: FloatArray, *, largest_slope: float, most_steps: int) -> Lowest:
    """Go downhill until no derivative is larger than `largest_slope`, or no step gains.

    Parameters
    ----------
    objective
        What is minimised.
    start
        (q,) in coordinates in which the second derivatives are about the unit matrix.
    largest_slope
        At which to stop.
    most_steps
        After which to stop anyway.
    """
    value, gradient = objective(start)
    here, inverse = Lowest(point=start, value=value, gradient=gradient), np.eye(len(start))
    for number in range(most_steps):
        if np.abs(here.gradient).max() < largest_slope:
            break
        step = -times(inverse, here.gradient)
        first = 1.0 if number else min(1.0, 1.0 / float(np.sqrt(dot(step, step))))
        there = _along(objective, here, step, first)
        if there is None:
            break
        inverse = _updated(inverse, there.point - here.point, there.gradient - here.gradient)
        here = there
    return here


def _updated(inverse: FloatArray, moved: FloatArray, turned: FloatArray) -> FloatArray:
    """Return the inverse of the second derivatives (q, q) after a step that turned the gradient (BFGS)."""
    curvature = dot(moved, turned)
    if not curvature > 0.0:
        return inverse
    image = times(inverse, turned)
    both = image[:, None] * moved
    scale = (1.0 + dot(turned, image) / curvature) / curvature
    new: FloatArray = inverse + scale * (moved[:, None] * moved) - (both + both.T) / curvature
    return new


def _along(objective: Objective, here: Lowest, step: FloatArray, first: float) -> Lowest | None:
    """Return a point along a step (q,) that meets Wolfe's conditions, or one that is lower; None without.

    Nocedal and Wright 2006, algorithms 3.5 and 3.6: steps are doubled until a minimum lies between two of
    them, and then cut by the cubic through both.
    """
    slope = dot(here.gradient, step)
    if not slope < 0.0:
        return None

    def trial(length: float) -> _Trial:
        point = here.point + length * step
        value, gradient = objective(point)
        return _Trial(
            length=length,
            at=Lowest(point=point, value=value, gradient=gradient),
            slope=dot(gradient, step),
        )

    def is_too_high(one: _Trial) -> bool:
        allowed = here.value + _DESCENT * one.length * slope + _ROUNDING * abs(here.value)
        return not one.at.value <= allowed  # NaN is too high

    low, high = _Trial(length=0.0, at=here, slope=slope), None
    length = first
    for _ in range(_TRIALS):
        one = trial(length)
        if is_too_high(one) or one.at.value > low.at.value + _ROUNDING * abs(here.value):
            high = one
        elif abs(one.slope) <= -_FLATTER * slope:
            return one.at
        else:
            if one.slope * ((np.inf if high is None else high.length) - low.length) >= 0.0:
                high = low
            low = one
        length = 2.0 * length if high is None else _between(low, high)
    return low.at if low.at.value < here.value else None


def _between(low: _Trial, high: _Trial) -> float:
    """Return where the cubic through two trials is lowest, not too near to either of them."""
    width = high.length - low.length
    lowest = 0.5
    if np.isfinite(high.at.value) and np.isfinite(high.slope):
        chord = (high.at.value - low.at.value) / width
        a = low.slope + high.slope - 3.0 * chord
        root = a * a - low.slope * high.slope
        if root >= 0.0:
            turn = np.copysign(np.sqrt(root), width)
            bottom = high.slope - low.slope + 2.0 * turn
            if bottom != 0.0:
                lowest = float(1.0 - (high.slope + turn - a) / bottom)
    return low.length + min(max(lowest, 0.1), 0.9) * width
