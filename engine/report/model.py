"""A small table, which every renderer shows, and the formats of its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

MOST_DECIMALS = 8
SMALL_MARK = "\N{DAGGER}"
"""Stands behind a number of people that is small."""


class Cell(str):
    """The text of a cell, which keeps the numbers behind it.

    Attributes
    ----------
    values
        The numbers in the text, the estimate first.
    pattern
        How the numbers stand in the text.
    digits
        Decimals of the numbers; None where they are not to be changed, as in counts and p-values.
    people
        How many people the cell tells; None where it tells something else.
    """

    __slots__ = ("digits", "pattern", "people", "values")
    values: tuple[float, ...]
    pattern: str
    digits: int | None
    people: float | None

    def __new__(
        cls,
        values: Sequence[float],
        digits: int,
        pattern: str = "{}",
        *,
        fixed: bool = False,
        people: float | None = None,
    ) -> Self:
        """Return the cell of some numbers."""
        cell = super().__new__(cls, pattern.format(*(_decimal(value, digits) for value in values)))
        cell.values, cell.pattern, cell.digits = tuple(values), pattern, None if fixed else digits
        cell.people = people
        return cell

    def marked(self) -> Cell:
        """Return the cell with a mark behind it."""
        digits = 0 if self.digits is None else self.digits
        return Cell(self.values, digits, self.pattern + SMALL_MARK, fixed=self.digits is None)

    @property
    def is_marked(self) -> bool:
        """Whether a mark stands behind it."""
        return self.pattern.endswith(SMALL_MARK)

    @property
    def is_number(self) -> bool:
        """Whether the text is one number and nothing else."""
        return len(self.values) == 1 and self.pattern.removesuffix(SMALL_MARK) == "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spanner:
    """A heading above several columns: the first of them, and the one after the last."""

    label: str
    start: int
    end: int


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
        Cells of each row; a row of one cell is a heading inside the table, two spaces before a name
        set it under the heading above. A `Cell` knows its numbers.
    notes
        Lines below the table.
    spanners
        Headings above several columns, from left to right.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    spanners: tuple[Spanner, ...] = ()


def text_columns(table: Table) -> tuple[bool, ...]:
    """Return which columns hold words: they stand on the left, numbers on the right.

    Examples
    --------
    >>> rows = (("all", "Gini index", number(0.25), "<0.001"), ("all", "Kakwani index", "-", "-"))
    >>> text_columns(Table(title="", columns=("", "measure", "estimate", "p"), rows=rows))
    (True, True, False, False)
    """
    columns = zip(*(row for row in table.rows if len(row) > 1), strict=True)
    found = [_holds_words(cells) for cells in columns] or [False] * len(table.columns)
    return (True, *found[1:])


def _holds_words(cells: Sequence[str]) -> bool:
    """Whether cells begin with letters and none of them is made of numbers."""
    bare = [cell.strip(" (") for cell in cells]
    return any(cell[:1].isalpha() for cell in bare) and not any(isinstance(cell, Cell) for cell in cells)


def with_digits(table: Table, digits: int) -> Table:
    """Return a table whose estimates have another number of decimals; counts and p-values stay.

    Examples
    --------
    >>> table = Table(title="", columns=("", "a"), rows=(("x", number(0.12345)),))
    >>> with_digits(table, 1).rows
    (('x', '0.1'),)
    """
    rows = tuple(tuple(_with_digits(cell, digits) for cell in row) for row in table.rows)
    return replace(table, rows=rows)


def missing_decimals(cells: Sequence[str]) -> list[int]:
    """Return how many characters each number of a column lacks on the right to line up at its point.

    Examples
    --------
    >>> missing_decimals([number(1.5, 1), number(0.125, 3), "text", number(7, 0)])
    [2, 0, 0, 4]
    """
    tails = [len(cell.rpartition(".")[2]) + 1 if "." in cell else 0 for cell in cells]
    numbers = [isinstance(cell, Cell) and cell.is_number for cell in cells]
    longest = max((tail for tail, known in zip(tails, numbers, strict=True) if known), default=0)
    return [longest - tail if known else 0 for tail, known in zip(tails, numbers, strict=True)]


def _with_digits(cell: str, digits: int) -> str:
    if not isinstance(cell, Cell) or cell.digits is None:
        return cell
    return Cell(cell.values, digits, cell.pattern, people=cell.people)


def _decimal(value: float, digits: int) -> str:
    """Format a number; what rounds to 0 has no sign."""
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text


def number(value: float | None, digits: int = 3) -> str:
    """Format a number; a missing one is `-`.

    Examples
    --------
    >>> number(-0.12345), number(None), number(1234.5, 1), number(-0.0001, 2)
    ('-0.123', '-', '1,234.5', '0.00')
    """
    return "-" if value is None else Cell((value,), digits)


def count(value: float | None) -> str:
    """Format a count.

    Examples
    --------
    >>> count(1234), count(None)
    ('1,234', '-')
    """
    return "-" if value is None else Cell((value,), 0, fixed=True)


def people(value: float | None) -> str:
    """Format the number of people behind an estimate, which is marked where it is small.

    Examples
    --------
    >>> people(1234), people(None)
    ('1,234', '-')
    """
    return "-" if value is None else Cell((value,), 0, fixed=True, people=value)


def digits_of(values: Sequence[float | None]) -> int:
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


def digits_of_error(estimate: float | None, std_error: float | None) -> int:
    """Return the decimals that show two digits of a standard error; without one, three of the estimate.

    Examples
    --------
    >>> digits_of_error(-0.0214, 0.00075), digits_of_error(0.00012, None), digits_of_error(0.0, 0.0)
    (5, 6, 4)
    """
    if std_error:
        return min(max(1 - math.floor(math.log10(std_error)), 0), MOST_DECIMALS)
    return significant_digits(estimate)


def significant_digits(value: float | None, least: int = 4) -> int:
    """Return the decimals that show three digits of a number, and at least some.

    Examples
    --------
    >>> significant_digits(0.4148), significant_digits(0.000123), significant_digits(0.0)
    (4, 6, 4)
    """
    if not value:
        return least
    return min(max(least, 2 - math.floor(math.log10(abs(value)))), MOST_DECIMALS)


def p_value(value: float | None) -> str:
    """Format a p-value.

    Examples
    --------
    >>> p_value(0.0004), p_value(0.0312), p_value(None)
    ('<0.001', '0.031', '-')
    """
    if value is None:
        return "-"
    return "<0.001" if value < 0.001 else Cell((value,), 3, fixed=True)


def interval(low: float | None, high: float | None, digits: int) -> str:
    """Format an interval.

    Examples
    --------
    >>> interval(0.1, 0.25, 2), interval(None, None, 2)
    ('0.10 to 0.25', '-')
    """
    return "-" if low is None or high is None else Cell((low, high), digits, "{} to {}")


def with_interval(row: Mapping[str, Any], digits: int, *, times: float = 1.0, between: str = "–") -> str:
    """Format the estimate of a tidy row with its interval, if it has one.

    Examples
    --------
    >>> with_interval({"estimate": 1.137, "conf_low": 1.124, "conf_high": 1.151}, 2)
    '1.14 (1.12–1.15)'
    """
    if row["estimate"] is None:
        return "-"
    if row["conf_low"] is None or row["conf_high"] is None:
        return number(times * row["estimate"], digits)
    values = [times * row[key] for key in ("estimate", "conf_low", "conf_high")]
    return Cell(values, digits, "{} ({}" + between + "{})")
