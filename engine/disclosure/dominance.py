"""Means of which one person may hold much: a bound that needs no record."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.disclosure.facts import TABLES, place_of
from engine.results import TidyRow

MEANS = ("mean", "sd", "standardised_mean")


def dominated(rows: Sequence[TidyRow], largest_share: float | None) -> list[bool]:
    """Return for each row whether it is a mean of an amount of which one person may hold too much.

    With mean m and standard deviation s of n people nobody has more than m + s sqrt(n - 1) (Samuelson 1968).
    That is ``(1 + s / m sqrt(n - 1)) / n`` of the total. A mean without standard deviation takes its
    standard error times sqrt(n) for it.
    """
    spread = {place_of(row): row.estimate for row in rows if row.measure == "sd"}
    shares = {place_of(row): _share(row, spread.get(place_of(row))) for row in rows if _is_mean(row)}
    if largest_share is None:
        return [False] * len(rows)
    # All groups together less the others would be the one that is withheld.
    gone = {_family(row) for row in rows if (shares.get(place_of(row)) or 0.0) > largest_share}
    return [row.kind in TABLES and row.measure in MEANS and _family(row) in gone for row in rows]


def _family(row: TidyRow) -> tuple[str | None, ...]:
    return (row.analysis, row.outcome, row.term if row.kind == "describe" else None)


def _is_mean(row: TidyRow) -> bool:
    return row.kind in TABLES and row.measure in ("mean", "standardised_mean")


def _share(row: TidyRow, spread: float | None) -> float | None:
    """Return the most that one person may hold of the total; None of a mean of 0 or less."""
    n, mean = row.n_obs or 0, row.estimate
    if mean is None or mean <= 0 or n < 1:
        return None
    if spread is None:
        spread = (row.std_error or 0.0) * math.sqrt(n)
    return min(1.0, (1.0 + spread / mean * math.sqrt(n - 1)) / n)
