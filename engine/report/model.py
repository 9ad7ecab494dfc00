"""A small table, which every renderer shows, and the formats of its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as text, ready to show.

    Attributes
    ----------
    title
        The line above the table.
    columns
        Headings; the first one stands above the row names.
    rows
        Cells of each row; a row of one cell is a heading inside the table.
    notes
        Lines below the table.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def number(value: float | None, digits: int = 3) -> str:
    """Format a number; a missing one is `-`.

    Examples
    --------
    >>> number(-0.12345), number(None), number(1234.5, 1)
    ('-0.123', '-', '1,234.5')
    """
    return "-" if value is None else f"{value:,.{digits}f}"


def digits_of(values: list[float | None]) -> int:
    """Return the number of decimals that shows three or four digits of the largest value.

    Examples
    --------
    >>> digits_of([0.123]), digits_of([54.2]), digits_of([4321.0]), digits_of([0.0000021])
    (4, 2, 1, 9)
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    if largest >= 1000:
        return 1
    if largest >= 2:
        return 2
    return 4 if largest >= 0.001 or largest == 0 else min(3 - math.floor(math.log10(largest)), 12)


def p_value(value: float | None) -> str:
    """Format a p-value.

    Examples
    --------
    >>> p_value(0.0004), p_value(0.0312), p_value(None)
    ('<0.001', '0.031', '-')
    """
    if value is None:
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def interval(low: float | None, high: float | None, digits: int) -> str:
    """Format an interval.

    Examples
    --------
    >>> interval(0.1, 0.25, 2), interval(None, None, 2)
    ('0.10 to 0.25', '-')
    """
    return "-" if low is None or high is None else f"{low:,.{digits}f} to {high:,.{digits}f}"
