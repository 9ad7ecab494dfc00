"""Counts as multiples of a base, and other numbers with no more digits than such counts have."""

from __future__ import annotations

import math
from dataclasses import replace

from engine.results import TidyRow

COUNTS = ("n_obs", "n_events")
OF_ESTIMATE = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "sum_weights", "mc_error")
NUMBERS = (*OF_ESTIMATE, "df1", "df2")  # degrees of freedom count people where these are sampling units


def rounded(row: TidyRow, people: int | None, base: int) -> TidyRow:
    """Return a row whose counts are multiples of a base.

    A rate with all its digits would tell its counts. With m people in the smallest set behind the row, its
    numbers keep floor(log10(m / base)) significant digits, so that a count computed from them is no better
    known than a rounded one.

    Parameters
    ----------
    row
        The row.
    people
        How many people the smallest set behind it has; None if it counts nobody.
    base
        The base; 1: the row stays as it is.

    Examples
    --------
    >>> row = TidyRow(measure="rate", estimate=0.123456, n_obs=4057, n_events=501)
    >>> new = rounded(row, 501, 5)
    >>> new.estimate, new.n_obs, new.n_events
    (0.12, 4055, 500)
    """
    people = row.n_obs if people is None else people
    if base == 1 or people is None:
        return row
    digits = max(1, math.floor(math.log10(max(people, 1) / base))) if people > base else 1
    changed: dict[str, float | int | None] = {
        name: multiple(getattr(row, name), base) for name in COUNTS if getattr(row, name) is not None
    }
    for name in NUMBERS:
        value = getattr(row, name)
        if value is not None:
            changed[name] = _significant(value, digits)
    if row.measure == "count" and row.estimate is not None:
        changed["estimate"] = float(multiple(round(row.estimate), base))
    return replace(row, **changed)  # type: ignore[arg-type]


def multiple(value: int, base: int) -> int:
    """Return the multiple of a base that is nearest to a count; half a base is rounded up."""
    return base * ((2 * value + base) // (2 * base))


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")
