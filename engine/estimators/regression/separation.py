"""Separation of a binary outcome by covariates: which estimates are infinite, and which patterns to leave out.

A direction b with x'b >= 0 wherever somebody has the event and x'b <= 0 wherever somebody has not lets the
likelihood grow for ever along b (Albert and Anderson 1984). It is found by a linear program (Konis 2007); patterns
with x'b other than 0 are then fitted perfectly, and the others carry all there is to estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray

_NEAR = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """What separates: direction (q,), 0 where a coefficient is finite; perfect (p,) patterns fitted exactly."""

    direction: FloatArray
    perfect: NDArray[np.bool_]


def find_separation(X: FloatArray, n: FloatArray, s: FloatArray) -> Separation | None:
    """Look for separation of patterns X (p, q), numbers in standard units, with weights n and events s."""
    single = _by_one_column(X, n, s)
    if single is not None:
        return single
    from scipy.optimize import linprog

    with_events, without = s > 0, s < n
    above = X[with_events & ~without]
    below = X[without & ~with_events]
    mixed = X[with_events & without]
    gain = above.sum(axis=0) - below.sum(axis=0)
    found = linprog(
        -gain,
        A_ub=np.concatenate([-above, below]),
        b_ub=np.zeros(len(above) + len(below)),
        A_eq=mixed,
        b_eq=np.zeros(len(mixed)),
        bounds=(-1.0, 1.0),
        method="highs",
    )
    if found.x is None or found.fun is None or found.fun > -_NEAR:
        return None
    direction = np.where(np.abs(found.x) > _NEAR, found.x, 0.0)
    return Separation(direction=direction, perfect=np.abs(X @ direction) > _NEAR)


def _by_one_column(X: FloatArray, n: FloatArray, s: FloatArray) -> Separation | None:
    """Find dummies whose people all have the event, or none: the common case needs no program."""
    direction = np.zeros(X.shape[1])
    for k in range(1, X.shape[1]):
        column = X[:, k]
        inside = column != 0.0
        if inside.all() or not ((column == 0.0) | (column == 1.0)).all():
            continue
        if s[inside].sum() == 0.0:
            direction[k] = -1.0
        elif (s[inside] == n[inside]).all():
            direction[k] = 1.0
    if not direction.any():
        return None
    return Separation(direction=direction, perfect=(X[:, direction != 0.0] != 0.0).any(axis=1))
