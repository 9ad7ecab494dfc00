"""Numbers and lists in words, for texts in figures and for alt texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from engine.report.model import digits_of
from engine.report.words.figures import figure_text
from engine.report.words.sentences import Language

Row = Mapping[str, Any]
MINUS = "\N{MINUS SIGN}"
MOST_NAMED = 8  # in an alt text; whoever wants more reads the table


def drawn(value: float, digits: int) -> str:
    """Format a number with a true minus sign, and without one where it rounds to zero.

    Examples
    --------
    >>> drawn(-0.1234, 2), drawn(-0.001, 2)
    ('−0.12', '0.00')
    """
    text = f"{value:,.{digits}f}"
    return text.replace("-", MINUS) if text.strip("-0.,") else text.removeprefix("-")


def with_interval(row: Row, digits: int, scale: float = 1.0, language: Language = "en") -> str:
    """Return an estimate with its interval.

    Examples
    --------
    >>> with_interval({"estimate": 0.5, "conf_low": 0.4, "conf_high": 0.625}, 1, 100)
    '50.0 (40.0 to 62.5)'
    """
    estimate = drawn(scale * row["estimate"], digits)
    if row["conf_low"] is None or row["conf_high"] is None:
        return estimate
    low, high = (drawn(scale * row[name], digits) for name in ("conf_low", "conf_high"))
    return figure_text(language, "range", estimate=estimate, low=low, high=high)


def decimals(rows: Sequence[Row]) -> int:
    """Return the decimals that the intervals of some rows carry: half a width is two units or more.

    Examples
    --------
    >>> decimals([{"estimate": 0.0282, "conf_low": 0.0232, "conf_high": 0.0332}])
    3
    """
    halves = sorted(
        (row["conf_high"] - row["conf_low"]) / 2
        for row in rows
        if row["conf_low"] is not None and row["conf_high"] is not None
    )
    half = halves[len(halves) // 2] if halves else 0.0
    if not half > 0:
        return digits_of([row["estimate"] for row in rows])
    return min(max(math.ceil(0.3 - math.log10(half)), 0), 12)


def listed(parts: Sequence[str], language: Language = "en") -> str:
    """Join the parts of an alt text; of many the first ones, with how many more there are.

    Examples
    --------
    >>> listed(["a 1", "b 2"]), listed([f"x {i}" for i in range(10)])[-12:]
    ('a 1; b 2.', '; and 2 more')
    """
    named = figure_text(language, "next").join(parts[:MOST_NAMED])
    if len(parts) <= MOST_NAMED:
        return named + figure_text(language, "end")
    return named + figure_text(language, "and_more", n=len(parts) - MOST_NAMED)
