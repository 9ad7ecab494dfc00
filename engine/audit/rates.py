"""Rates of levels and the people they imply: events divided by the rate, within the rounding of the rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from engine.audit.published import PrintedCell, Tables

TOLERANCE = 0.002  # of the people: rounded rates recover a denominator to about this share


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelWithRate:
    """A level with the people that the tables count and those that its rate implies.

    Attributes
    ----------
    name
        The folded level.
    events, rate
        As printed; the rate is in per cent and above 0.
    people
        As counted in the tables; None where no count is printed.
    fewest, most
        The people that the rate implies, within its rounding.
    """

    name: str
    events: PrintedCell
    rate: PrintedCell
    people: float | None
    fewest: float
    most: float

    @property
    def implied(self) -> float:
        """The people that give exactly the printed rate."""
        return 100.0 * self.events.value / self.rate.value

    @property
    def shortfall(self) -> float:
        """How many people the rate needs beyond those counted."""
        return 0.0 if self.people is None else max(0.0, self.fewest - self.people)


def levels_with_rates(
    tables: Tables, variable: str, column: str, events_of: Mapping[str, str] | None = None
) -> list[LevelWithRate]:
    """Return a variable's levels with a rate; `events_of` names the level whose events a level takes."""
    levels = []
    for name in tables.levels("rate", variable):
        rate = tables.get("rate", variable, name, column)
        events = tables.get("events", variable, (events_of or {}).get(name, name), column)
        count = tables.get("n", variable, name, column)
        if rate is None or events is None or rate.value <= rate.rounding:
            continue
        level = LevelWithRate(
            name=name,
            events=events,
            rate=rate,
            people=None if count is None else count.value,
            fewest=100.0 * events.value / rate.most,
            most=100.0 * events.value / rate.least,
        )
        levels.append(level)
    return levels


def corrected_levels(tables: Tables, variable: str, column: str) -> list[LevelWithRate]:
    """Return a variable's levels with a rate, swapped events put back."""
    return levels_with_rates(tables, variable, column, swapped_events(tables, variable, column))


def swapped_events(tables: Tables, variable: str, column: str) -> dict[str, str]:
    """Return the two levels whose events are swapped: all rates fit the people only after an exchange."""
    printed = levels_with_rates(tables, variable, column)
    if not any(level.shortfall > TOLERANCE * (level.people or 0.0) for level in printed):
        return {}
    for one, other in combinations([level.name for level in printed], 2):
        exchange = {one: other, other: one}
        if all(_fits_people(level) for level in levels_with_rates(tables, variable, column, exchange)):
            return exchange
    return {}


def _fits_people(level: LevelWithRate) -> bool:
    return bool(
        level.people and 0.5 < level.implied / level.people < 1.0 + TOLERANCE and level.shortfall <= 1.0
    )
