"""Slow, obvious implementations the kernels are compared with."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def fractional_rank(x, w):
    """Weight share strictly below plus half the share of the ties."""
    total = w.sum()
    return np.array([(w[x < v].sum() + 0.5 * w[x == v].sum()) / total for v in x])


def exact_generalized(x, y, w):
    """Generalized index in exact rational arithmetic on the stored doubles."""
    x, y, w = ([Fraction(float(v)) for v in values] for values in (x, y, w))
    W = sum(w)
    mu = sum(a * b for a, b in zip(w, y, strict=True)) / W

    def share(keep):
        return sum(wj for xj, wj in zip(x, w, strict=True) if keep(xj)) / W

    rank = [share(lambda v, here=here: v < here) + share(lambda v, here=here: v == here) / 2 for here in x]
    return 2 * sum(a * b * r for a, b, r in zip(w, y, rank, strict=True)) / W - mu, mu


def shaped_numerator(x, y, w, family, parameter):
    """The weighted sums of the extended ("extended") and symmetric index, straight from the formulas."""
    W, N, before = w.sum(), 0.0, 0.0
    mu = (w * y).sum() / W
    for value in np.unique(x):
        tied = x == value
        f = w[tied].sum() / W
        mean = (w[tied] * y[tied]).sum() / w[tied].sum()
        after = before + f
        if family == "extended":
            N += mean * (f + max(1 - after, 0) ** parameter - (1 - before) ** parameter)
        else:
            N += (
                mean * 2 ** (parameter - 2) * (abs(after - 0.5) ** parameter - abs(before - 0.5) ** parameter)
            )
        before = after
    return N, mu
