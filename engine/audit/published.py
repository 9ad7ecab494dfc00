"""Published tables as cells: one printed number each, with the precision it is printed with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property

TOTAL = "Total"
OVERALL = "Overall"


@dataclass(frozen=True, kw_only=True)
class PrintedCell:
    """One printed number.

    Attributes
    ----------
    table, variable, level, column
        Its place; the column is a wave, group or model, or ``Overall`` for all of them together.
    measure
        One of `engine.audit.reading.MEASURES`. Percentages, rates and shares are in per cent; p_below is the
        threshold that stars stand for; is_need marks the need variables.
    printed
        The number as printed.
    """

    table: str
    variable: str
    level: str
    column: str
    measure: str
    printed: str

    @cached_property
    def value(self) -> float:
        """The number."""
        return float(self._digits)

    @cached_property
    def rounding(self) -> float:
        """Half a unit of the last printed digit: how far rounding moves the number at most."""
        exponent = Decimal(self._digits).as_tuple().exponent
        return 0.5 * 10.0 ** int(exponent)

    @property
    def least(self) -> float:
        """The smallest number that is printed like this."""
        return self.value - self.rounding

    @property
    def most(self) -> float:
        """The largest number that is printed like this."""
        return self.value + self.rounding

    @property
    def decimals(self) -> int:
        """How many decimals are printed."""
        return len(self.printed.partition(".")[2])

    @property
    def place(self) -> str:
        """Its place in words."""
        return ", ".join(part for part in (self.table, self.variable, self.level, self.column) if part)

    @property
    def _digits(self) -> str:
        return self.printed.replace(",", "").lstrip("< ")

    def rounds_from(self, value: float) -> bool:
        """Whether a number is printed like this, whichever way a half is rounded."""
        return abs(value - self.value) <= self.rounding * (1.0 + 1e-9)


@cache  # the labels of a publication are few, and each is compared with all others
def fold_label(text: str) -> str:
    r"""Fold a label for comparison: case, spaces and kinds of dashes do not matter.

    Examples
    --------
    >>> fold_label("15\u201324") == fold_label("15 - 24")
    True
    >>> fold_label("Never married/ divorced") == fold_label("never married/divorced")
    True
    """
    return re.sub(r"\s+", "", re.sub("[\u2010-\u2015~]", "-", text)).casefold()


FOLDED_TOTAL = fold_label(TOTAL)


class Tables:
    """The cells of a publication by place; levels worded differently in different tables are matched.

    Attributes
    ----------
    cells
        In printed order.
    guessed_variables
        Folded variables with a table that shares no level name with the first table: their levels are
        matched by order alone.
    """

    def __init__(self, cells: Iterable[PrintedCell]) -> None:
        self.cells = tuple(cells)
        self.guessed_variables: set[str] = set()
        self._first_name: dict[tuple[str, str, str], str] = {}  # by table, variable, level
        self._of_measure: dict[str, list[PrintedCell]] = {}
        for cell in self.cells:
            self._of_measure.setdefault(cell.measure, []).append(cell)
        self._match_levels()
        self._by_place: dict[tuple[str | None, str, str, str, str], PrintedCell] = {}
        for cell in self.cells:
            place = (cell.measure, *self.place_of(cell))
            self._by_place[cell.table, *place] = cell
            self._by_place.setdefault((None, *place), cell)

    def level_of(self, cell: PrintedCell) -> str:
        """Return the folded level of a cell, under its name in the first table."""
        level = fold_label(cell.level)
        return self._first_name.get((cell.table, fold_label(cell.variable), level), level)

    def place_of(self, cell: PrintedCell) -> tuple[str, str, str]:
        """Return a cell's folded variable, folded level and column: the place that `get` takes."""
        return fold_label(cell.variable), self.level_of(cell), cell.column

    def get(
        self, measure: str, variable: str, level: str, column: str, table: str | None = None
    ) -> PrintedCell | None:
        """Return the cell at a place (labels folded): of `table`, or else of the first table with one."""
        place = (measure, variable, level, column)
        return self._by_place.get((table, *place)) or self._by_place.get((None, *place))

    def total(self, measure: str, column: str) -> PrintedCell | None:
        """Return the printed total of a column."""
        return self.get(measure, FOLDED_TOTAL, FOLDED_TOTAL, column)

    def interval_of(
        self, cell: PrintedCell, table: str | None = None
    ) -> tuple[PrintedCell, PrintedCell] | None:
        """Return the confidence limits (low, high) printed for a cell, None unless both are printed."""
        place = self.place_of(cell)
        low, high = self.get("conf_low", *place, table), self.get("conf_high", *place, table)
        return None if low is None or high is None else (low, high)

    def variables(self, measure: str) -> list[str]:
        """Return the folded variables that have a measure, without the total."""
        names = dict.fromkeys(fold_label(cell.variable) for cell in self._of_measure.get(measure, ()))
        return [name for name in names if name != FOLDED_TOTAL]

    def all_variables(self) -> list[str]:
        """Return the folded variables, with the total."""
        return list(dict.fromkeys(fold_label(cell.variable) for cell in self.cells))

    def levels(self, measure: str, variable: str) -> list[str]:
        """Return the folded levels of a variable that have a measure."""
        cells = (cell for cell in self._of_measure.get(measure, ()) if fold_label(cell.variable) == variable)
        return list(dict.fromkeys(self.level_of(cell) for cell in cells))

    def columns(self, measure: str) -> list[str]:
        """Return the columns that have a measure."""
        return list(dict.fromkeys(cell.column for cell in self._of_measure.get(measure, ())))

    def groups(self, measure: str) -> list[str]:
        """Return the columns that have a measure, without the overall one."""
        return [column for column in self.columns(measure) if column != OVERALL]

    def in_column(self, measure: str, column: str) -> list[PrintedCell]:
        """Return the cells of a measure in a column."""
        return [cell for cell in self._of_measure.get(measure, ()) if cell.column == column]

    def by_model(self, measure: str) -> dict[tuple[str, str], list[PrintedCell]]:
        """Return (table, column) -> its cells of a measure, in printed order."""
        by_model: dict[tuple[str, str], list[PrintedCell]] = {}
        for cell in self.cells:
            if cell.measure == measure:
                by_model.setdefault((cell.table, cell.column), []).append(cell)
        return by_model

    def printed_levels(self, variable: str) -> dict[str, list[str]]:
        """Return table -> levels of a folded variable, as printed."""
        by_table: dict[str, dict[str, None]] = {}
        for cell in self.cells:
            if fold_label(cell.variable) == variable and cell.level:
                by_table.setdefault(cell.table, {})[cell.level] = None
        return {table: list(levels) for table, levels in by_table.items()}

    def _match_levels(self) -> None:
        """Give levels that later tables word differently their name in the first table."""
        for variable in self.all_variables():
            tables = [
                (table, [fold_label(level) for level in levels])
                for table, levels in self.printed_levels(variable).items()
            ]
            for table, levels in tables[1:]:
                self._match_to_first(variable, tables[0][1], table, levels)

    def _match_to_first(self, variable: str, first: list[str], table: str, levels: list[str]) -> None:
        """Pair the levels that only one of two tables names, in printed order, if both print equally many."""
        if not len(levels) == len(first) > 1:
            return
        names = [level for level in first if level not in levels]
        wordings = [level for level in levels if level not in first]
        if len(names) == len(first):
            self.guessed_variables.add(variable)
        for name, wording in zip(names, wordings, strict=True):
            self._first_name[table, variable, wording] = name
