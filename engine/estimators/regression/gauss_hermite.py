"""Points and weights of Gauss-Hermite quadrature, in plain numbers: the same bits on any processor.

The points are the roots of the orthonormal Hermite polynomial p of n points. From the right of all roots that
are left Newton's method falls monotonically to the largest of them, once those found are divided out, and two
roots are never closer than pi / sqrt(2 n + 1) (Sturm): every start is on the right side.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from engine.arrays import FloatArray
from engine.kernels.regression.logarithm import logarithm

_NEAR = 1e-6  # of a root: two more steps are exact there, as each squares the error
_POLISHES = 3
_CONSTANT = 1.0 / math.sqrt(math.sqrt(math.pi))  # the polynomial of degree 0


@cache
def hermite_rule(count: int) -> tuple[FloatArray, FloatArray]:
    """Return the points z, ascending, and log(weight) + z^2 of a rule for exp(-z^2), both (count,).

    The sum of log(weight) and z^2 is what adaptive quadrature needs; it never underflows.

    Examples
    --------
    >>> z, w = hermite_rule(3)
    >>> [round(float(each), 6) for each in z]
    [-1.224745, 0.0, 1.224745]
    """
    positive: list[float] = []
    x, gap = math.sqrt(2.0 * count + 1.0), math.pi / math.sqrt(2.0 * count + 1.0)
    for _ in range(count // 2):
        x = _largest_root_left(x, count, positive)
        positive.append(x)
        x -= gap
    middle = [0.0] if count % 2 else []
    half = [*positive, *middle]
    weights = [_log_weight(z, count) for z in half]
    z = np.array([-each for each in positive] + middle + positive[::-1])
    w = np.array(weights + weights[: len(positive)][::-1])
    for array in (z, w):
        array.flags.writeable = False  # all calls share them
    return z, w


def _largest_root_left(x: float, count: int, found: list[float]) -> float:
    """Return the largest root below those found, from an x between."""
    step = math.inf
    while abs(step) > _NEAR:
        value, slope = _polynomial(x, count)
        divided_out = math.fsum(1.0 / (x - root) for root in found)
        step = value / (slope - value * divided_out)
        x -= step
    for _ in range(_POLISHES):
        value, slope = _polynomial(x, count)
        x -= value / slope
    return x


def _polynomial(x: float, count: int) -> tuple[float, float]:
    """Return the orthonormal Hermite polynomial of a degree at x, and its slope."""
    before, value = 0.0, _CONSTANT
    for of_value, of_before in _recurrence(count):
        before, value = value, x * of_value * value - of_before * before
    return value, math.sqrt(2.0 * count) * before


@cache
def _recurrence(count: int) -> tuple[tuple[float, float], ...]:
    """Return for each degree the factors of x times the polynomial before, and of the one before that."""
    return tuple((math.sqrt(2.0 / (k + 1)), math.sqrt(k / (k + 1))) for k in range(count))


def _log_weight(z: float, count: int) -> float:
    """Return log(weight) + z^2; the weight is 2 over the square of the slope at the root."""
    _, slope = _polynomial(z, count)
    return z * z + float(logarithm(2.0 / (slope * slope)))
