"""The measures of payments and benefits, as functions of moments.

X are resources, T payments or benefits, N what people have after them. Sources: O'Donnell et al. (2008),
Analyzing Health Equity Using Household Survey Data; Kakwani (1977); Wagstaff (2002) for achievement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.estimators.financing.columns import NET
from engine.estimators.moments.estimand import Estimand
from engine.estimators.moments.moments import RANK, Moments
from engine.estimators.moments.rows import Inference
from engine.study.financing import FinancingSpec
from engine.study.financing_measures import (
    AT_PERCENTILES,
    CATASTROPHIC,
    SHARES_OF_PEOPLE,
    FinancingMeasure,
)

SIGNED, POSITIVE = Inference(has_sign=True), Inference()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One number of an analysis.

    Attributes
    ----------
    measure, level
        What the row calls it; `level` is a threshold or percentiles.
    estimate
        Its value from moments.
    inference
        How interval and test are made.
    totals
        The columns of whose means it is a share.
    """

    measure: FinancingMeasure
    level: str | None = None
    estimate: Callable[[Moments], Estimand]
    inference: Inference
    totals: tuple[str, ...] = ()


_TOTALS: dict[FinancingMeasure, tuple[str, ...]] = {
    "gini": ("resources",),
    "gini_net": ("net",),
    "concentration": ("outcome",),
    "net_concentration": ("net",),
    "payment_share": ("resources",),
    "kakwani": ("outcome", "resources"),
    "reynolds_smolensky": ("resources", "net"),
    "redistributive_effect": ("resources", "net"),
    "reranking": ("net",),
    "lorenz": ("resources",),
    "poorest_share": ("outcome",),
    "richest_share": ("outcome",),
    "interval_share": ("outcome",),
}


def quantities(spec: FinancingSpec) -> Iterator[Quantity]:
    """Yield the numbers that an analysis asks for, in its order."""
    for quantity in _quantities(spec):
        totals = _TOTALS.get(quantity.measure, ())
        is_share = quantity.measure in SHARES_OF_PEOPLE
        inference = Inference(limits=spec.limits) if is_share else quantity.inference
        yield replace(quantity, inference=inference, totals=totals)


def _quantities(spec: FinancingSpec) -> Iterator[Quantity]:
    for measure in spec.measure:
        if measure in CATASTROPHIC:
            for threshold in dict.fromkeys(spec.threshold):
                yield _catastrophic(measure, f"{threshold:g}")
        elif measure in AT_PERCENTILES:
            yield from _at_percentiles(measure, spec)
        else:
            estimate, inference = _single(measure, spec)
            yield Quantity(
                measure=measure, level=_level(measure, spec), estimate=estimate, inference=inference
            )


def _level(measure: FinancingMeasure, spec: FinancingSpec) -> str | None:
    if measure == "percentile_ratio":
        return "/".join(f"{percentile:g}" for percentile in spec.ratio)
    return f"{spec.aversion:g}" if measure == "achievement" else None


def concentration(moments: Moments, name: str, order: str = RANK) -> Estimand:
    """Return the concentration index of a column; undefined unless its mean is positive."""
    mean = moments.mean(name)
    return (moments.generalized(name, order) / mean).where_positive(mean)


def _kakwani(moments: Moments) -> Estimand:
    """Return K = C(T; X) - G(X): above 0 if the better off pay more than their share of resources."""
    return concentration(moments, "outcome") - concentration(moments, "resources")


def _redistributive_effect(moments: Moments) -> Estimand:
    """Return RE = G(X) - G(N)."""
    return concentration(moments, "resources") - concentration(moments, "net", NET)


def _reynolds_smolensky(moments: Moments) -> Estimand:
    """Return RS = G(X) - C(N; X)."""
    return concentration(moments, "resources") - concentration(moments, "net")


def _reranking(moments: Moments) -> Estimand:
    """Return G(N) - C(N; X), 0 or more: RE is RS less this."""
    return concentration(moments, "net", NET) - concentration(moments, "net")


def mean_of(name: str) -> Callable[[Moments], Estimand]:
    """Return the formula of the mean of a column."""
    return lambda moments: moments.mean(name)


def _impact(name: str) -> Callable[[Moments], Estimand]:
    """Return the mean after payments less that before."""
    return lambda moments: moments.mean(f"{name} net") - moments.mean(name)


def _single(
    measure: FinancingMeasure, spec: FinancingSpec
) -> tuple[Callable[[Moments], Estimand], Inference]:
    line = spec.poverty_line or 1.0
    high, low = (percentile / 100.0 for percentile in spec.ratio)
    known: dict[str, tuple[Callable[[Moments], Estimand], Inference]] = {
        "gini": (lambda m: concentration(m, "resources"), POSITIVE),
        "gini_net": (lambda m: concentration(m, "net", NET), POSITIVE),
        "concentration": (lambda m: concentration(m, "outcome"), SIGNED),
        "net_concentration": (lambda m: concentration(m, "net"), SIGNED),
        "payment_share": (_payment_share, POSITIVE),
        "kakwani": (_kakwani, SIGNED),
        "reynolds_smolensky": (_reynolds_smolensky, SIGNED),
        "redistributive_effect": (_redistributive_effect, SIGNED),
        "reranking": (_reranking, POSITIVE),
        "achievement": (lambda m: m.averse_mean("outcome", spec.aversion), POSITIVE),
        "poverty_headcount": (mean_of("poor"), POSITIVE),
        "poverty_headcount_net": (mean_of("poor net"), POSITIVE),
        "poverty_headcount_impact": (_impact("poor"), SIGNED),
        "poverty_gap": (mean_of("gap"), POSITIVE),
        "poverty_gap_net": (mean_of("gap net"), POSITIVE),
        "poverty_gap_impact": (_impact("gap"), SIGNED),
        "normalised_gap_impact": (lambda m: _impact("gap")(m).times(1.0 / line), SIGNED),
        "percentile_ratio": (
            lambda m: _ratio(m.quantile(high), m.quantile(low)),
            POSITIVE,
        ),
    }
    return known[measure]


def _payment_share(moments: Moments) -> Estimand:
    """Return t = m(T) / m(X)."""
    return _ratio(moments.mean("outcome"), moments.mean("resources"))


def _ratio(above: Estimand, below: Estimand) -> Estimand:
    return (above / below).where_positive(below)


def _catastrophic(measure: FinancingMeasure, threshold: str) -> Quantity:
    """Return a measure of payments above a share of capacity: how many people (E), by how much (O)."""
    E, O = f"catastrophic {threshold}", f"over {threshold}"  # noqa: E741 - letters of the source
    known: dict[str, tuple[Callable[[Moments], Estimand], Inference]] = {
        "headcount": (mean_of(E), POSITIVE),
        "overshoot": (mean_of(O), POSITIVE),
        "mean_positive_overshoot": (lambda m: m.mean(O) / m.mean(E), POSITIVE),
        "headcount_concentration": (lambda m: concentration(m, E), SIGNED),
        "overshoot_concentration": (lambda m: concentration(m, O), SIGNED),
        "weighted_headcount": (lambda m: m.mean(E) - m.generalized(E, RANK), POSITIVE),
        "weighted_overshoot": (lambda m: m.mean(O) - m.generalized(O, RANK), POSITIVE),
    }
    estimate, inference = known[measure]
    return Quantity(measure=measure, level=threshold, estimate=estimate, inference=inference)


def _at_percentiles(measure: FinancingMeasure, spec: FinancingSpec) -> Iterator[Quantity]:
    """Yield shares of resources (`lorenz`) or of payments that people up to, or above, a percentile hold."""
    name = "resources" if measure == "lorenz" else "outcome"
    percentiles = sorted({*spec.percentiles})
    if measure == "interval_share":
        bounds = [0.0, *percentiles, 100.0]
        spans = [(low, high, f"{low:g}-{high:g}") for low, high in pairwise(bounds)]
    elif measure == "richest_share":
        spans = [(percentile, 100.0, f"{100.0 - percentile:g}") for percentile in percentiles]
    else:
        spans = [(0.0, percentile, f"{percentile:g}") for percentile in percentiles]
    for low, high, level in spans:
        yield Quantity(measure=measure, level=level, estimate=_share(name, low, high), inference=POSITIVE)


def _share(name: str, low: float, high: float) -> Callable[[Moments], Estimand]:
    """Return the share of a column that people between two percentiles hold."""

    def estimate(moments: Moments) -> Estimand:
        mean = moments.mean(name)
        upper = mean if high == 100.0 else moments.ordinate(name, high / 100.0)
        held = upper - moments.ordinate(name, low / 100.0) if low > 0.0 else upper
        return _ratio(held, mean)

    return estimate
