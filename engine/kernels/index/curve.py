"""Ordinates of the concentration curve on one complete sample, with influence values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel
def _cumulate(
    weight: FloatArray, outcome: FloatArray, ends: IntArray, W: float
) -> tuple[FloatArray, FloatArray]:
    """Return cumulative shares of weight p, and cumulative amounts of outcome over W: (t + 1,) each."""
    p, Y = np.zeros(ends.shape[0] + 1), np.zeros(ends.shape[0] + 1)
    low = 0
    for t in range(ends.shape[0]):
        inside, amount = 0.0, 0.0
        for i in range(low, ends[t]):
            inside += weight[i]
            amount += weight[i] * outcome[i]
        p[t + 1] = p[t] + inside / W
        Y[t + 1] = Y[t] + amount / W
        low = ends[t]
    return p, Y


@kernel
def curve_ordinates(
    weight: FloatArray, outcome: FloatArray, ends: IntArray, W: float, points: FloatArray
) -> FloatArray:
    """Return the amount of outcome, over W, that the lowest share of people holds; shares are points (m,).

    People tied in rank share their group's outcome equally: the curve is straight inside a tie group.
    """
    p, Y = _cumulate(weight, outcome, ends, W)
    out = np.empty(points.shape[0])
    t = 0
    for m in range(points.shape[0]):
        while t < ends.shape[0] - 1 and p[t + 1] < points[m]:
            t += 1
        share = p[t + 1] - p[t]
        inside = (points[m] - p[t]) / share if share > 0.0 else 0.0
        out[m] = Y[t] + min(max(inside, 0.0), 1.0) * (Y[t + 1] - Y[t])
    return out


@kernel
def ordinate_influence(
    weight: FloatArray, outcome: FloatArray, ends: IntArray, W: float, point: float, window: float
) -> FloatArray:
    """Return the influence values (n,) of the ordinate's amount at one point.

    With tie group s holding the point, theta = (point - p_{s-1}) / f_s and `level` the mean outcome of people
    ranked there: (y_i - level) 1[i below s] + theta (y_i - level) 1[i in s] + level point - Y(point). Where
    the tie group is narrower than twice the window (a share of people), level is the mean over point +-
    window: a group of one person says nothing about the expected outcome there (Beach and Davidson 1983).
    """
    p, Y = _cumulate(weight, outcome, ends, W)
    s = 0
    while s < ends.shape[0] - 1 and p[s + 1] < point:
        s += 1
    share = p[s + 1] - p[s]
    level = (Y[s + 1] - Y[s]) / share if share > 0.0 else 0.0
    theta = (point - p[s]) / share if share > 0.0 else 0.0
    if share < 2.0 * window:
        low, high = s, s + 1
        while low > 0 and p[low] > point - window:
            low -= 1
        while high < ends.shape[0] and p[high] < point + window:
            high += 1
        level = (Y[high] - Y[low]) / (p[high] - p[low])
    ordinate = Y[s] + theta * (Y[s + 1] - Y[s])
    z = np.empty(weight.shape[0])
    first = ends[s - 1] if s > 0 else 0
    for i in range(weight.shape[0]):
        z[i] = level * point - ordinate
        if i < first:
            z[i] += outcome[i] - level
        elif i < ends[s]:
            z[i] += theta * (outcome[i] - level)
    return z
