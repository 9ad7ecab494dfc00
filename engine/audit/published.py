"""Published tables as cells: one printed number each, with the precision it was printed with."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from importlib import resources
from pathlib import Path

from engine.errors import DataError, UsageError, nearest

HEADER = ("table", "variable", "level", "column", "measure", "printed")
MEASURES = (
    "n",
    "percent",
    "missing",
    "events",
    "rate",
    "odds_ratio",
    "conf_low",
    "conf_high",
    "p_value",
    "youngest",
    "oldest",
    "mean",
    "sd",
    "std_error",
    "p_below",
    "variance",
    "icc",
    "aic",
    "bic",
    "index",
    "horizontal_inequity",
    "need_share",
    "is_need",
    "effect",
    "share",
)
TOTAL = "Total"
OVERALL = "Overall"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One printed number.

    Attributes
    ----------
    table, variable, level, column
        Where it stands; column is the wave, group or model, ``Overall`` all of them together.
    measure
        One of `MEASURES`; percent, rate and shares are in per cent; p_below is what stars say; is_need marks the
        variables of need.
    printed
        As printed.
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
        return float(self.printed.replace(",", "").lstrip("< "))

    @cached_property
    def half(self) -> float:
        """Half a unit of the last printed digit."""
        exponent = Decimal(self.printed.replace(",", "").lstrip("< ")).as_tuple().exponent
        return 0.5 * 10.0 ** int(exponent)

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return ", ".join(part for part in (self.table, self.variable, self.level, self.column) if part)

    def rounds_from(self, value: float) -> bool:
        """Whether a number is printed like this, either way of rounding a half."""
        return abs(value - self.value) <= self.half * (1.0 + 1e-9)


def folded(text: str) -> str:
    r"""Fold a label for comparison: case, spaces and kinds of dashes do not matter.

    Examples
    --------
    >>> folded("15\u201324") == folded("15 - 24"), folded("Never married/ divorced") == folded("never married/divorced")
    (True, True)
    """
    return re.sub(r"\s+", "", re.sub("[\u2010-\u2015~]", "-", text)).casefold()


class Tables:
    """The cells of a publication, found by place; levels of different tables are matched."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self.cells = tuple(cells)
        self.aliases: dict[tuple[str, str, str], str] = {}
        self.guessed: set[str] = set()  # variables none of whose levels are named alike
        self._match_levels()
        self._by_place: dict[tuple[str | None, str, str, str, str], Cell] = {}
        for cell in self.cells:
            place = (cell.measure, folded(cell.variable), self.level_of(cell), cell.column)
            self._by_place[cell.table, *place] = cell
            self._by_place.setdefault((None, *place), cell)

    def level_of(self, cell: Cell) -> str:
        """Return the folded level of a cell, under the name it has where it stands first."""
        own = folded(cell.level)
        return self.aliases.get((cell.table, folded(cell.variable), own), own)

    def get(
        self, measure: str, variable: str, level: str, column: str, table: str | None = None
    ) -> Cell | None:
        """Return a cell, variable and level folded: that of a table, or else the first there is."""
        place = (measure, variable, level, column)
        return self._by_place.get((table, *place)) or self._by_place.get((None, *place))

    def variables(self, measure: str) -> list[str]:
        """Return the folded variables that have a measure, without the total."""
        found = dict.fromkeys(folded(cell.variable) for cell in self.cells if cell.measure == measure)
        return [name for name in found if name != folded(TOTAL)]

    def levels(self, measure: str, variable: str) -> list[str]:
        """Return the folded levels of a variable that have a measure."""
        own = (cell for cell in self.cells if cell.measure == measure and folded(cell.variable) == variable)
        return list(dict.fromkeys(self.level_of(cell) for cell in own))

    def columns(self, measure: str) -> list[str]:
        """Return the columns that have a measure."""
        return list(dict.fromkeys(cell.column for cell in self.cells if cell.measure == measure))

    def tables_of(self, variable: str) -> dict[str, list[str]]:
        """Return table -> levels of a variable, as printed."""
        found: dict[str, dict[str, None]] = {}
        for cell in self.cells:
            if folded(cell.variable) == variable and cell.level:
                found.setdefault(cell.table, {})[cell.level] = None
        return {table: list(levels) for table, levels in found.items()}

    def _match_levels(self) -> None:
        """Give levels that are worded differently in later tables their first name: the rest, in order."""
        for variable in dict.fromkeys(folded(cell.variable) for cell in self.cells):
            tables = [*self.tables_of(variable).items()]
            if not tables:
                continue
            first = [folded(level) for level in tables[0][1]]
            for table, levels in tables[1:]:
                own = [folded(level) for level in levels]
                left = [level for level in first if level not in own]
                other = [level for level in own if level not in first]
                if len(own) == len(first) > 1:
                    if len(left) == len(first):
                        self.guessed.add(variable)
                    self.aliases.update({(table, variable, b): a for a, b in zip(left, other, strict=True)})


def shipped_publications() -> Mapping[str, Path]:
    """Return the publications that ship with the program: name -> file."""
    folder = Path(str(resources.files("engine"))) / "published"
    return {path.stem: path for path in sorted(folder.glob("*.csv"))}


def read_publication(name: str | Path) -> Tables:
    """Read a shipped publication, or a CSV file with the columns of `HEADER`.

    Raises
    ------
    UsageError
        If there is no such publication or file.
    DataError
        If a row is not what the format asks for; the message names its line.
    """
    shipped = shipped_publications()
    path = shipped.get(str(name), Path(name))
    if not path.is_file():
        raise UsageError(
            f"audit '{name}': no such publication or file; expected a shipped name or a CSV file with the columns "
            f"{', '.join(HEADER)}. {nearest(str(name), [*shipped])}"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name}: cannot be read ({type(error).__name__}); expected UTF-8 text. Save it so."
        ) from None
    try:
        return Tables(_cells(text, path.name))
    except csv.Error as error:
        raise DataError(
            f"{path.name}: is no CSV ({error}); expected short fields, one number a line."
        ) from None


def _cells(text: str, source: str) -> Iterator[Cell]:
    lines = csv.reader(text.splitlines())
    header = next(lines, [])
    if tuple(name.strip() for name in header) != HEADER:
        raise DataError(
            f"{source}, line 1: found the columns {', '.join(header)[:80] or 'none'}; expected {', '.join(HEADER)}. "
            "Write one printed number a line."
        )
    seen: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(lines, start=2):
        if not row:
            continue
        if len(row) != len(HEADER):
            raise DataError(
                f"{source}, line {number}: found {len(row)} fields; expected {len(HEADER)}. Quote commas."
            )
        cell = Cell(**dict(zip(HEADER, (field.strip() for field in row), strict=True)))
        if cell.measure not in MEASURES:
            raise DataError(
                f"{source}, line {number}: found the measure '{cell.measure}'; expected one of {', '.join(MEASURES)}. "
                f"{nearest(cell.measure, [*MEASURES])}"
            )
        try:
            _ = cell.value
        except ValueError:
            raise DataError(
                f"{source}, line {number}: printed is no number; expected one. Leave blanks out."
            ) from None
        first = seen.setdefault(tuple(row[:-1]), number)
        if first != number:
            raise DataError(
                f"{source}, line {number}: the same cell as line {first}; expected each once. Drop one."
            )
        yield cell
