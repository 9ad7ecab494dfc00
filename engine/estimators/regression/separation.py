"""Separation of a binary outcome by covariates: infinite estimates, and the patterns to leave out.

A direction b with x'b >= 0 wherever somebody has the event and x'b <= 0 wherever somebody has not lets the
likelihood grow for ever along b (Albert and Anderson 1984). A linear program finds it (Konis 2007). Patterns
with x'b other than 0 are then fitted perfectly, and the others carry all there is to estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray

_NEAR = 1e-7  # of the linear program: nearer to 0 is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """What separates the outcome.

    Attributes
    ----------
    direction
        (q,) float64: 0 where a coefficient is finite.
    perfect
        (p,) bool: patterns that are fitted perfectly.
    """

    direction: FloatArray
    perfect: NDArray[np.bool_]


def find_separation(X: FloatArray, n: FloatArray, s: FloatArray) -> Separation | None:
    """Look for separation of patterns X (p, q), in standard units, with weights n and events s (p,)."""
    by_dummies = _by_single_dummies(X, n, s)
    if by_dummies is not None:
        return by_dummies
    from scipy.optimize import linprog

    with_events, without = s > 0, s < n
    above = X[with_events & ~without]
    below = X[without & ~with_events]
    mixed = X[with_events & without]
    gain = above.sum(axis=0) - below.sum(axis=0)
    solution = linprog(
        -gain,
        A_ub=np.concatenate([-above, below]),
        b_ub=np.zeros(len(above) + len(below)),
        A_eq=mixed,
        b_eq=np.zeros(len(mixed)),
        bounds=(-1.0, 1.0),
        method="highs",
    )
    if solution.x is None or solution.fun is None or solution.fun > -_NEAR:
        return None
    direction = np.where(np.abs(solution.x) > _NEAR, solution.x, 0.0)
    return Separation(direction=direction, perfect=np.abs(X @ direction) > _NEAR)


def _by_single_dummies(X: FloatArray, n: FloatArray, s: FloatArray) -> Separation | None:
    """Find dummies whose people all have the event, or none of them: this needs no linear program."""
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
