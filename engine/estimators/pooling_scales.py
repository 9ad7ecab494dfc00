"""On which scale the estimates of several completed data sets are pooled, and their limits made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.rubin import Pooled
from engine.estimators.sample.design_variance import logit_limits
from engine.results import TidyRow

RATIOS = frozenset(
    (
        "odds_ratio",
        "crude_odds_ratio",
        "prevalence_ratio",
        "incidence_rate_ratio",
        "ratio",
        "rii",
        "percentile_ratio",
        "variance",
        "alpha",
    )
)
"""Measures that are pooled as logarithms, if they are above 0 in every data set."""
SHARES = frozenset(("rate", "standardised_rate", "weighted_percent", "headcount"))
"""Shares of people; their limits are made on the logit scale if those of one data set are not symmetric."""
OF_SHARES = ("logit", "Korn-Graubard")
"""What the methods of shares say of their limits: it depends on the share, which the data set decides."""
SIMULTANEOUS = "simultaneous"
Limits = Callable[[Pooled, float, Sequence[TidyRow]], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale of limits.

    Attributes
    ----------
    name
        What the method says of it; empty where the measure itself says it.
    limits
        (pooled estimate, level, rows) -> the limits.
    """

    name: str
    limits: Limits


def _symmetric(found: Pooled, conf_level: float, rows: Sequence[TidyRow]) -> tuple[float, float]:
    if found.std_error == 0.0:  # nobody or everybody in every data set: the widest of the exact limits
        lows = [row.conf_low for row in rows if row.conf_low is not None]
        highs = [row.conf_high for row in rows if row.conf_high is not None]
        return min(lows, default=found.estimate), max(highs, default=found.estimate)
    return found.interval(conf_level)


def _of_logarithm(found: Pooled, conf_level: float, _rows: Sequence[TidyRow]) -> tuple[float, float]:
    low, high = found.interval(conf_level)
    return float(np.exp(low)), float(np.exp(high))


def _of_share(found: Pooled, conf_level: float, rows: Sequence[TidyRow]) -> tuple[float, float]:
    whole = 100.0 if rows[0].measure == "weighted_percent" else 1.0
    if not 0.0 < found.estimate < whole or found.std_error == 0.0:
        return _symmetric(found, conf_level, rows)
    half = (found.interval(conf_level)[1] - found.estimate) / whole
    low, high = logit_limits(found.estimate / whole, half)
    return whole * low, whole * high


def _of_band(found: Pooled, conf_level: float, rows: Sequence[TidyRow]) -> tuple[float, float]:
    """Return the limits of a simultaneous band: the mean of the critical values, times the pooled error."""
    critical = [value for row in rows if (value := _critical(row)) is not None]
    if not critical or found.std_error == 0.0:
        return _of_share(found, conf_level, rows)
    half = float(np.mean(critical)) * found.std_error
    if not 0.0 < found.estimate < 1.0:
        return found.estimate - half, found.estimate + half
    return logit_limits(found.estimate, half)


def _critical(row: TidyRow) -> float | None:
    """Return how many standard errors wide half a band is."""
    if not row.std_error or None in (row.estimate, row.conf_low, row.conf_high):
        return None
    share, low, high = (float(getattr(row, name)) for name in ("estimate", "conf_low", "conf_high"))
    if not (0.0 < share < 1.0 and low > 0.0 and high < 1.0):
        return (high - low) / 2.0 / row.std_error
    apart = np.log(high / (1.0 - high)) - np.log(low / (1.0 - low))
    return float(apart) / 2.0 * share * (1.0 - share) / row.std_error


PLAIN, LOGARITHM = Scale("", _symmetric), Scale("", _of_logarithm)
SHARE, CURVE, BAND = Scale("logit", _of_share), Scale("", _of_share), Scale("", _of_band)


def scale_of(rows: Sequence[TidyRow], estimates: FloatArray) -> Scale:
    """Return the scale of a quantity, from its rows and estimates (m,) in all data sets."""
    measure = rows[0].measure
    if measure in RATIOS and bool((estimates > 0.0).all()):
        return LOGARITHM
    if measure == "concentration_curve":
        return BAND if SIMULTANEOUS in str(rows[0].method) else CURVE
    if measure == "icc":
        return CURVE
    parts = {part for row in rows for part in str(row.method).split(", ")}
    return SHARE if measure in SHARES and parts & {*OF_SHARES} else PLAIN
