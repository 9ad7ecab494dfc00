"""Mean and numerator of every rank-dependent index on one complete sample, with their influence values.

The rows of a sample are sorted by rank: weight (n,), outcome (n,), and ends (t,) of the tie groups. Sums are
compensated (Neumaier 1974) and the covariance form is centred, so that an outcome around 1e9 keeps its
digits.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.index.indices import EXTENDED_FAMILY, MIDRANK_FAMILY
from engine.kernels.jit import inlined, kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class RankedSample(NamedTuple):
    """One complete sample sorted by rank: weight, outcome (n,), and tie_end (t,), where tie groups end."""

    weight: FloatArray
    outcome: FloatArray
    tie_end: IntArray


@inlined
def _add(total: float, lost: float, value: float) -> tuple[float, float]:
    """Add `value` to a compensated sum (total, lost)."""
    new = total + value
    if abs(total) >= abs(value):
        lost += (total - new) + value
    else:
        lost += (value - new) + total
    return new, lost


@kernel
def weighted_mean(weight: FloatArray, outcome: FloatArray) -> tuple[float, float]:
    """Return (sum of weights W, weighted mean mu)."""
    W, lost_w, T, lost_t = 0.0, 0.0, 0.0, 0.0
    for i in range(weight.shape[0]):
        W, lost_w = _add(W, lost_w, weight[i])
        T, lost_t = _add(T, lost_t, weight[i] * outcome[i])
    W += lost_w
    return W, (T + lost_t) / W


@kernel
def power(base: float, exponent: float) -> float:
    """Return base ** exponent; by products and a square root where 2 * exponent is a small whole number.

    Products and roots have the same bits on every machine; a power from the C library has not.
    """
    doubled = 2.0 * exponent
    whole = int(doubled)
    if float(whole) != doubled or whole > 32 or whole < 0:
        return float(base**exponent)
    result = 1.0
    for _ in range(whole // 2):
        result *= base
    return result * math.sqrt(base) if whole % 2 else result


@kernel
def power_step(high: float, low: float, step: float, exponent: float) -> float:
    """Return low ** exponent - high ** exponent, where high - low is `step`.

    By a^n - b^n = (a - b) sum a^i b^(n - 1 - i) where `power` needs no C library: a small step of large
    powers keeps its digits.
    """
    doubled = 2.0 * exponent
    whole = int(doubled)
    if float(whole) != doubled or whole > 32 or whole < 0:
        return power(low, exponent) - power(high, exponent)
    n = whole // 2
    if whole % 2:
        high, low, n = math.sqrt(high), math.sqrt(low), whole
        step /= high + low
    total, of_high = 0.0, 1.0
    for _ in range(n):
        total = total * low + of_high
        of_high *= high
    return -step * total


@kernel
def _shares_above(weight: FloatArray, ends: IntArray, W: float) -> FloatArray:
    """Return the shares (t + 1,) of weight from each tie group on; the last is 0."""
    q = np.zeros(ends.shape[0] + 1)
    total, lost = 0.0, 0.0
    for t in range(ends.shape[0] - 1, -1, -1):
        for i in range(ends[t - 1] if t > 0 else 0, ends[t]):
            total, lost = _add(total, lost, weight[i])
        q[t] = (total + lost) / W
    return q


@kernel
def shape(family: int, p: float, parameter: float) -> float:
    """Return phi(p): (1 - p)^v of the extended index, 2^(b - 2) |p - 1/2|^b of the symmetric one.

    A cumulative share can exceed 1 by rounding. It is cut at 1, because a fractional power of -1e-16 is NaN.
    """
    if family == EXTENDED_FAMILY:
        return power(max(1.0 - p, 0.0), parameter)
    return power(2.0, parameter) / 4.0 * power(abs(p - 0.5), parameter)


@kernel
def shape_slope(family: int, p: float, parameter: float) -> float:
    """Return phi'(p)."""
    if family == EXTENDED_FAMILY:
        return -parameter * power(max(1.0 - p, 0.0), parameter - 1.0)
    sign = 1.0 if p >= 0.5 else -1.0
    return sign * parameter * power(2.0, parameter) / 4.0 * power(abs(p - 0.5), parameter - 1.0)


@kernel
def numerator(
    family: int, parameter: float, weight: FloatArray, outcome: FloatArray, ends: IntArray
) -> tuple[float, float, float]:
    """Return (W, mu, N).

    Mid-rank: N = 2 sum w (y - mu)(R - 1/2) / W, the generalized concentration index.
    Extended: N = sum_t (ybar_t - mu) [f_t + phi(p_t) - phi(p_{t-1})]; symmetric: without f_t. Centring
    changes nothing, because the brackets add up to zero. A tie group without weight adds nothing.
    """
    W, mu = weighted_mean(weight, outcome)
    q = _shares_above(weight, ends, W) if family == EXTENDED_FAMILY else np.empty(0)
    N, lost = 0.0, 0.0
    before, low = 0.0, 0
    for t in range(ends.shape[0]):
        inside, above = 0.0, 0.0
        for i in range(low, ends[t]):
            inside += weight[i]
            above += weight[i] * (outcome[i] - mu)
        if family == MIDRANK_FAMILY:
            N, lost = _add(N, lost, 2.0 * above / W * ((before + 0.5 * inside) / W - 0.5))
        elif inside > 0.0:
            if family == EXTENDED_FAMILY:
                bracket = inside / W + power_step(q[t], q[t + 1], inside / W, parameter)
            else:
                bracket = shape(family, (before + inside) / W, parameter) - shape(
                    family, before / W, parameter
                )
            N, lost = _add(N, lost, above / inside * bracket)
        before += inside
        low = ends[t]
    return W, mu, N + lost


@kernel
def midrank_influence(
    weight: FloatArray, outcome: FloatArray, ends: IntArray, W: float, mu: float, N: float
) -> FloatArray:
    """Return z_GC (n,): 2 (y R + G - 2A) - (y - mu), for the centred outcome (STATISTICS, section 2).

    G_i is the weighted outcome above row i plus half of its tie group, over W; A = sum w y R / W. With y - mu
    in place of y, 2A is N and the total is zero, so that G is minus the outcome below and half of that
    inside.
    """
    n = weight.shape[0]
    z = np.empty(n)
    before, below, lost, low = 0.0, 0.0, 0.0, 0
    for t in range(ends.shape[0]):
        inside, amount = 0.0, 0.0
        for i in range(low, ends[t]):
            inside += weight[i]
            amount += weight[i] * (outcome[i] - mu)
        R = (before + 0.5 * inside) / W
        G = -(below + lost + 0.5 * amount) / W
        for i in range(low, ends[t]):
            z[i] = 2.0 * ((outcome[i] - mu) * (R - 0.5) + G - N)
        before += inside
        below, lost = _add(below, lost, amount)
        low = ends[t]
    return z


@kernel
def _shares_and_means(
    weight: FloatArray, outcome: FloatArray, ends: IntArray, W: float, mu: float
) -> tuple[FloatArray, FloatArray]:
    """Return the cumulative shares p (t + 1,) of weight, and the mean of y - mu in each tie group (t,)."""
    n_ties = ends.shape[0]
    p = np.empty(n_ties + 1)
    m = np.zeros(n_ties)
    p[0] = 0.0
    before, low = 0.0, 0
    for t in range(n_ties):
        inside, amount = 0.0, 0.0
        for i in range(low, ends[t]):
            inside += weight[i]
            amount += weight[i] * (outcome[i] - mu)
        before += inside
        p[t + 1] = before / W
        if inside > 0.0:
            m[t] = amount / inside
        low = ends[t]
    return p, m


@kernel
def shaped_influence(
    family: int,
    parameter: float,
    weight: FloatArray,
    outcome: FloatArray,
    ends: IntArray,
    W: float,
    mu: float,
) -> FloatArray:
    """Return the influence values (n,) of the extended or symmetric numerator.

    With m_t the tie group's mean of y - mu, D = phi' and row i in group s, differentiating
    sum_t m_t [phi(p_t) - phi(p_{t-1})] in the direction of a point mass at i gives
      (y_i - mu - m_s) (phi(p_s) - phi(p_{s-1})) / f_s + m_s D_s + sum_{t > s} m_t (D_t - D_{t-1})
      - sum_t m_t (D_t p_t - D_{t-1} p_{t-1}),
    and the extended index adds y_i - mu for its f_t. Centring the outcome changes nothing, because the
    numerator stays the same when a constant is added to y.
    """
    n_ties = ends.shape[0]
    p, m = _shares_and_means(weight, outcome, ends, W, mu)
    common = 0.0
    for t in range(n_ties):
        right = shape_slope(family, p[t + 1], parameter) * p[t + 1]
        common += m[t] * (right - shape_slope(family, p[t], parameter) * p[t])
    z = np.empty(weight.shape[0])
    later = 0.0
    for t in range(n_ties - 1, -1, -1):
        low = ends[t - 1] if t > 0 else 0
        share = p[t + 1] - p[t]
        step = shape(family, p[t + 1], parameter) - shape(family, p[t], parameter)
        slope = step / share if share > 0.0 else 0.0
        D = shape_slope(family, p[t + 1], parameter)
        for i in range(low, ends[t]):
            y = outcome[i] - mu
            z[i] = (y - m[t]) * slope + m[t] * D + later - common
            if family == EXTENDED_FAMILY:
                z[i] += y
        later += m[t] * (D - shape_slope(family, p[t], parameter))
    return z


@kernel
def numerator_influence(
    family: int,
    parameter: float,
    weight: FloatArray,
    outcome: FloatArray,
    ends: IntArray,
    W: float,
    mu: float,
    N: float,
) -> FloatArray:
    """Return the influence values (n,) of N: its design variance is that of sum w z / W."""
    if family == MIDRANK_FAMILY:
        return midrank_influence(weight, outcome, ends, W, mu, N)
    return shaped_influence(family, parameter, weight, outcome, ends, W, mu)
