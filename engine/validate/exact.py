"""Every statistic from its definition, in rational arithmetic on the doubles as they are stored.

Slow on purpose, and written apart from the kernels: standard errors come from the derivative of a statistic
by each weight, not from the engine's influence functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from math import lcm

from engine.validate.samples import HardSample

_PRECISION = 60  # decimal digits of a root
EXTENDED_PARAMETER = 3


def exact_root(value: Fraction) -> Fraction:
    """Return a square root to 60 digits."""
    with localcontext() as context:
        context.prec = _PRECISION
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactSums:
    """Mean and generalized index with what each person adds to them to first order.

    Attributes
    ----------
    mean, numerator
        The weighted mean and the generalized index.
    by_mean, by_numerator
        w dT/dw of each person, for both.
    """

    mean: Fraction
    numerator: Fraction
    by_mean: Sequence[Fraction]
    by_numerator: Sequence[Fraction]


def whole_numbers(values: Sequence[float]) -> tuple[list[int], int]:
    """Return whole numbers and the denominator that makes them the values: loops over them are fast."""
    fractions = [Fraction(value) for value in values]
    denominator = lcm(*(one.denominator for one in fractions))
    return [int(one * denominator) for one in fractions], denominator


def exact_sums(sample: HardSample) -> ExactSums:
    """Return the sums behind every index of the mid-rank."""
    w, _ = whole_numbers(sample.weight)  # no statistic depends on the scale of weights
    y, scale = whole_numbers(sample.outcome)
    rows = range(len(w))
    W, T = sum(w), sum(a * b for a, b in zip(w, y, strict=True))
    twice_below = [sum(w[j] * _twice(sample.rank[i], sample.rank[j]) for j in rows) for i in rows]
    twice_amount = [sum(w[j] * y[j] * _twice(sample.rank[j], sample.rank[i]) for j in rows) for i in rows]
    area = sum(w[i] * y[i] * twice_below[i] for i in rows)  # 2 sum w y W R
    numerator = Fraction(area - T * W, scale * W**2)
    by_numerator = [
        Fraction(
            w[i] * ((y[i] * twice_below[i] + twice_amount[i]) * W - 2 * area - y[i] * W**2 + T * W),
            scale * W**3,
        )
        for i in rows
    ]
    by_mean = [Fraction(w[i] * (y[i] * W - T), scale * W**2) for i in rows]
    return ExactSums(
        mean=Fraction(T, scale * W), numerator=numerator, by_mean=by_mean, by_numerator=by_numerator
    )


def _twice(one: float, other: float) -> int:
    """Return twice the share of `other` that lies below `one`: all, half of a tie, nothing."""
    return 2 if other < one else 1 if other == one else 0


def index_of(name: str, N: Fraction, mu: Fraction, bounds: tuple[float, float]) -> Fraction:
    """Return an index of the mid-rank by its definition."""
    a, b = Fraction(bounds[0]), Fraction(bounds[1])
    if name == "standard":
        return N / mu
    if name == "generalized":
        return N
    if name == "erreygers":
        return 4 * N / (b - a)
    if name == "wagstaff":
        return (b - a) * N / ((b - mu) * (mu - a))
    return N / (mu - a)  # modified


def slopes_of(name: str, N: Fraction, mu: Fraction, bounds: tuple[float, float]) -> tuple[Fraction, Fraction]:
    """Return the derivatives of an index by numerator and mean."""
    a, b = Fraction(bounds[0]), Fraction(bounds[1])
    by_N = index_of(name, Fraction(1), mu, bounds)
    if name == "standard":
        return by_N, -N / mu**2
    if name == "modified":
        return by_N, -N / (mu - a) ** 2
    if name == "wagstaff":
        return by_N, (b - a) * N * (1 / ((b - mu) ** 2 * (mu - a)) - 1 / ((b - mu) * (mu - a) ** 2))
    return by_N, Fraction(0)


def design_error(totals: Sequence[Fraction], sample: HardSample) -> Fraction:
    """Return the standard error: totals by cluster, their variance within strata, n / (n - 1)."""
    of_cluster: dict[tuple[int, int], Fraction] = {}
    for i, total in enumerate(totals):
        key = (
            0 if sample.stratum is None else sample.stratum[i],
            i if sample.cluster is None else sample.cluster[i],
        )
        of_cluster[key] = of_cluster.get(key, Fraction(0)) + total
    variance = Fraction(0)
    for stratum in {key[0] for key in of_cluster}:
        inside = [total for key, total in of_cluster.items() if key[0] == stratum]
        n, S = len(inside), sum(inside, Fraction(0))
        variance += Fraction(n, n - 1) * (sum((one * one for one in inside), Fraction(0)) - S * S / n)
    return exact_root(variance)


def exact_sd(sample: HardSample) -> Fraction:
    """Return the standard deviation: weighted squares about the mean, times n / (n - 1)."""
    w, _ = whole_numbers(sample.weight)
    y, scale = whole_numbers(sample.outcome)
    W, T, n = sum(w), sum(a * b for a, b in zip(w, y, strict=True)), len(w)
    squares = sum(a * (b * W - T) ** 2 for a, b in zip(w, y, strict=True))
    return exact_root(Fraction(squares * n, W**3 * (n - 1) * scale**2))


def exact_extended(sample: HardSample) -> Fraction:
    """Return the extended index of parameter 3, by levels of the rank: (1 - rank)^3 before and after."""
    w, _ = whole_numbers(sample.weight)
    y, _ = whole_numbers(sample.outcome)
    W, T = sum(w), sum(a * b for a, b in zip(w, y, strict=True))
    total, before = Fraction(0), 0
    for level in sorted(set(sample.rank)):
        tied = [i for i, x in enumerate(sample.rank) if x == level]
        inside, amount = sum(w[i] for i in tied), sum(w[i] * y[i] for i in tied)
        after = before + inside
        kernel = Fraction(inside, W) + Fraction(
            (W - after) ** EXTENDED_PARAMETER - (W - before) ** EXTENDED_PARAMETER, W**EXTENDED_PARAMETER
        )
        total += Fraction(amount, inside) * kernel
        before = after
    return total * W / T


def exact_gini(sample: HardSample) -> tuple[Fraction, list[Fraction]]:
    """Return the Gini index, half the mean distance of two people over the mean, and w dG/dw by person."""
    w, _ = whole_numbers(sample.weight)
    y, _ = whole_numbers(sample.outcome)
    W, T, rows = sum(w), sum(a * b for a, b in zip(w, y, strict=True)), range(len(w))
    distance = [sum(w[j] * abs(y[i] - y[j]) for j in rows) for i in rows]
    gini = Fraction(sum(w[i] * distance[i] for i in rows), 2 * W * T)
    by_weight = [
        w[i] * (Fraction(distance[i], W * T) - gini * (Fraction(1, W) + Fraction(y[i], T))) for i in rows
    ]
    return gini, by_weight


def exact_entropies(sample: HardSample) -> dict[str, Fraction]:
    """Return Theil, MLD, generalized entropy of 2 and Atkinson of 1/2 of positive outcomes, to 60 digits."""
    w, _ = whole_numbers(sample.weight)
    y, _ = whole_numbers(sample.outcome)
    W, T = sum(w), sum(a * b for a, b in zip(w, y, strict=True))
    with localcontext() as context:
        context.prec = 2 * _PRECISION  # what an offset cancels is far less than half of it
        shares = [Decimal(one) / Decimal(W) for one in w]
        ratios = [Decimal(one * W) / Decimal(T) for one in y]
        pairs = list(zip(shares, ratios, strict=True))
        mean_root = sum(p * r.sqrt() for p, r in pairs)
        found = {
            "Theil index": sum(p * r * r.ln() for p, r in pairs),
            "mean log deviation": -sum(p * r.ln() for p, r in pairs),
            "generalized entropy of 2": (sum(p * r * r for p, r in pairs) - 1) / 2,
            "Atkinson index of 1/2": 1 - mean_root * mean_root,
        }
        return {name: Fraction(value) for name, value in found.items()}


def exact_line(sample: HardSample) -> Fraction:
    """Return the slope index of inequality: the weighted slope of the outcome on the mid-rank."""
    w, _ = whole_numbers(sample.weight)
    y, scale = whole_numbers(sample.outcome)
    W, rows = sum(w), range(len(w))
    r = [sum(w[j] * _twice(sample.rank[i], sample.rank[j]) for j in rows) for i in rows]  # times 2 W
    S1, S2 = sum(a * b for a, b in zip(w, r, strict=True)), sum(a * b * b for a, b in zip(w, r, strict=True))
    T = sum(a * b for a, b in zip(w, y, strict=True))
    cross = sum(w[i] * r[i] * y[i] for i in rows)
    return Fraction((W * cross - S1 * T) * 2 * W, (W * S2 - S1 * S1) * scale)
