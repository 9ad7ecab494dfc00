"""Checks of the confidence intervals of odds ratios."""

from __future__ import annotations

import math
from collections.abc import Iterator

from engine.audit.findings import INFERRED, Finding, key_of
from engine.audit.published import PrintedCell, Tables
from engine.audit.ratios import ImpliedRatio, crude_ratios, implied_ratio

_ABOVE_ZERO = 1e-12


def check_intervals(tables: Tables) -> Iterator[Finding]:
    """Low is below high, the estimate lies between them, and near the middle on the log scale."""
    implied = {
        key_of(cell): implied_ratio(level, reference, (level.implied, reference.implied))
        for cell, level, reference in crude_ratios(tables)
    }
    for ratio in tables.cells:
        limits = tables.interval_of(ratio) if ratio.measure == "odds_ratio" else None
        if limits is None:
            continue
        low, high = limits
        if low.value > high.value:
            evidence = "the lower limit is above the upper one" + _outside(ratio, low, high)
            evidence += _implied_interval(implied.get(key_of(ratio)))
            yield Finding.about("interval", [ratio, low, high], evidence)
        elif not low.least <= ratio.value <= high.most:
            yield Finding.about("interval", [ratio, low, high], "the estimate is outside its interval")
        elif not _is_centred(ratio, low, high):
            middle = math.sqrt(low.value * high.value)
            evidence = f"the middle of its interval on the log scale is {middle:.3f}"
            yield Finding.about("interval", [ratio, low, high], evidence, certainty=INFERRED)


def _implied_interval(implied: ImpliedRatio | None) -> str:
    return "" if implied is None else f"; the counts imply {implied}"


def _outside(ratio: PrintedCell, low: PrintedCell, high: PrintedCell) -> str:
    least, most = sorted((low.value, high.value))
    return "" if least <= ratio.value <= most else ", and the estimate lies outside both"


def _is_centred(ratio: PrintedCell, low: PrintedCell, high: PrintedCell) -> bool:
    """Whether the estimate is the middle of its limits on the log scale, within the rounding of all three."""
    least = math.sqrt(max(low.least, _ABOVE_ZERO) * max(high.least, _ABOVE_ZERO))
    most = math.sqrt(low.most * high.most)
    return least <= ratio.value + 2 * ratio.rounding and most >= ratio.value - 2 * ratio.rounding
