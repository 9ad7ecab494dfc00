"""Checks of rates: the people a rate rests on, recovered from its events, against the people of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from engine.audit.counts import column_totals, level_sum_without_missing
from engine.audit.findings import Finding, finding
from engine.audit.published import TOTAL, Cell, Tables, folded

_TOTAL = folded(TOTAL)
_FEW = 0.002  # of a column's people: rounding of rates recovers denominators to about this
_OTHER_FOOTING = 0.005
_NEARLY_ALL = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """One level's rate: its events, the people the tables give it, and those its rate implies."""

    level: str
    events: Cell
    rate: Cell
    people: float | None
    low: float
    high: float

    @property
    def best(self) -> float:
        """The number of people that fits best."""
        return 100.0 * self.events.value / self.rate.value

    @property
    def excess(self) -> float:
        """How many people the rate needs beyond those there are."""
        return 0.0 if self.people is None else max(0.0, self.low - self.people)


def recovered(
    tables: Tables, variable: str, column: str, events_of: dict[str, str] | None = None
) -> list[Recovered]:
    """Return a variable's levels with the people that their rates imply; `events_of` reassigns events to levels."""
    found = []
    for level in tables.levels("rate", variable):
        rate = tables.get("rate", variable, level, column)
        events = tables.get("events", variable, (events_of or {}).get(level, level), column)
        count = tables.get("n", variable, level, column)
        if rate is None or events is None or rate.value <= rate.half:
            continue
        found.append(
            Recovered(
                level=level,
                events=events,
                rate=rate,
                people=None if count is None else count.value,
                low=100.0 * (events.value) / (rate.value + rate.half),
                high=100.0 * (events.value) / (rate.value - rate.half),
            )
        )
    return found


def swapped_events(tables: Tables, variable: str, column: str) -> dict[str, str]:
    """Return which levels' events changed places, if the rates then fit the people and otherwise do not."""
    own = recovered(tables, variable, column)
    if not any(item.excess > _FEW * (item.people or 0.0) for item in own):
        return {}
    for one, other in combinations([item.level for item in own], 2):
        exchange = {one: other, other: one}
        again = recovered(tables, variable, column, exchange)
        near = [item for item in again if item.people and 0.5 < item.best / item.people < 1.0 + _FEW]
        if len(near) == len(again) and all(item.excess <= 1.0 for item in again):
            return exchange
    return {}


def check_swaps(tables: Tables) -> Iterator[Finding]:
    """Events of two levels stand in each other's rows."""
    for variable in tables.variables("rate"):
        for column in tables.columns("rate"):
            exchange = swapped_events(tables, variable, column)
            if not exchange:
                continue
            before = {item.level: item for item in recovered(tables, variable, column)}
            after = {item.level: item for item in recovered(tables, variable, column, exchange)}
            one, other = exchange
            parts = [
                f"{before[level].events.printed} at {before[level].rate.printed} % needs {before[level].best:,.0f} of "
                f"{before[level].people or 0:,.0f} people, {after[level].events.printed} needs {after[level].best:,.0f}"
                for level in (one, other)
            ]
            cells = [before[level].events for level in (one, other)]
            names = " and ".join(cell.level for cell in cells)
            yield finding(
                "swapped rows",
                cells,
                f"the counts of {names} are swapped, the rates are right: {'; '.join(parts)}",
            )


def check_impossible_rates(tables: Tables) -> Iterator[Finding]:
    """A rate cannot rest on more people than there are."""
    for variable in tables.variables("rate"):
        for column in tables.columns("rate"):
            if swapped_events(tables, variable, column):
                continue
            for item in recovered(tables, variable, column):
                if item.people is not None and item.excess > 1.0:
                    evidence = (
                        f"{item.events.printed} events at {item.rate.printed} % need {item.low:,.0f} to "
                        f"{item.high:,.0f} people, the count says {item.people:,.0f}: one of them is wrong"
                    )
                    count = tables.get("n", variable, item.level, column)
                    yield finding(
                        "people too few", [item.events, item.rate, *([count] if count else [])], evidence
                    )


def footings(tables: Tables, column: str) -> list[tuple[str, float, float, float]]:
    """Return what each variable says of the people behind a column's rates: (name, fewest, best, most).

    The most count those without a value of the variable, who can be in the total and in no level.
    """
    people = column_totals(tables).get(column)
    found = []
    for variable in tables.variables("rate"):
        own = recovered(tables, variable, column, swapped_events(tables, variable, column))
        printed = [
            level for level in tables.levels("rate", variable) if tables.get("rate", variable, level, column)
        ]
        if not own or len(own) < len(printed):
            continue
        missing = tables.get("missing", variable, "", column)
        room = missing.value if missing is not None else 0.0
        if people is not None:
            room = max(room, people - level_sum_without_missing(tables, variable, column))
        low, best, high = (sum(part) for part in zip(*((i.low, i.best, i.high) for i in own), strict=True))
        found.append((own[0].rate.variable, low, best, high + room))
    return found


def check_footing(tables: Tables) -> Iterator[Finding]:
    """A total rests on the people that its parts rest on; it cannot lie below or above all of them."""
    for column in tables.columns("rate"):
        rate, events = (tables.get(measure, _TOTAL, _TOTAL, column) for measure in ("rate", "events"))
        found = footings(tables, column)
        if rate is None or events is None or len(found) < 2 or rate.value <= rate.half:
            continue
        fewest, most = (100.0 * events.value / (rate.value + sign * rate.half) for sign in (1.0, -1.0))
        if any(low <= most and fewest <= high for _, low, _, high in found):
            continue
        each = [best for _, _, best, _ in found]
        people, own = median(each), 100.0 * events.value / rate.value
        outside = []
        for variable in tables.variables("rate"):
            parts = [item.rate for item in recovered(tables, variable, column)]
            values = [cell.value for cell in parts]
            if len(parts) > 1 and not min(values) - rate.half <= rate.value <= max(values) + rate.half:
                outside.append(f"{parts[0].variable} {min(values):.2f} to {max(values):.2f}")
        evidence = (
            f"{events.printed} / {own:,.0f} = {rate.printed} %, but the parts' rates rest on {people:,.0f} people "
            f"({min(each):,.0f} to {max(each):,.0f}): on the same footing {100.0 * events.value / people:.2f} %"
        )
        if outside:
            evidence += f"; it lies outside all of its parts ({'; '.join(outside)})"
        yield finding("total and parts", [rate, events], evidence)


def check_exclusions(tables: Tables) -> Iterator[Finding]:
    """People whom the rates leave out, all in one level: not missing by chance but by design of the question."""
    totals = column_totals(tables)
    groups = [column for column in tables.columns("rate") if column in totals]
    for column in groups:
        for variable in tables.variables("rate"):
            own = recovered(tables, variable, column, swapped_events(tables, variable, column))
            left = {item.level: item.people - item.best for item in own if item.people}
            whole = sum(left.values())
            # Sure of, given the rounding of the rates: at least these of one level, at most those of the others.
            surely = {item.level: item.people - item.high for item in own if item.people}
            possibly = {item.level: max(item.people - item.low, 0.0) for item in own if item.people}
            if len(left) < 3:
                continue
            level = max(left, key=lambda name: left[name])
            others_possibly = sum(most for name, most in possibly.items() if name != level)
            if surely[level] < _OTHER_FOOTING * totals[column]:
                continue
            people = sum(item.people or 0.0 for item in own)
            share = next(item.people or 0.0 for item in own if item.level == level) / people
            if others_possibly <= (1.0 - _NEARLY_ALL) * surely[level] and share < _NEARLY_ALL - 0.1:
                cells = [item.rate for item in own]
                others = ", ".join(
                    f"{item.rate.level} {left[item.level]:,.0f}" for item in own if item.level in left
                )
                evidence = (
                    f"of the {whole:,.0f} people left out of the rates {left[level]:,.0f} are in one level ({others}), "
                    f"which has {100 * share:.0f} % of all: a question not put to them, no answers missing at random"
                )
                yield finding(
                    "people left out",
                    cells,
                    evidence,
                    place=f"{cells[0].table}, {cells[0].variable}, {column}",
                )
