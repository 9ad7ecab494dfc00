"""Checks of rates: the people that a rate implies against the people of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from statistics import median

from engine.audit.findings import Finding
from engine.audit.level_sums import column_totals, level_sum_without_missing
from engine.audit.published import PrintedCell, Tables
from engine.audit.rates import LevelWithRate, corrected_levels, levels_with_rates, swapped_events

_LEAST_EXCLUSION = 0.005  # of a column's people: fewer are rounding or missing values
_NEARLY_ALL = 0.98  # of the people left out: they are all of one level
_MOST_OF_COLUMN = 0.88  # a level with this share of all people has most of the missing values anyway


def check_swaps(tables: Tables) -> Iterator[Finding]:
    """The events of two levels stand in each other's rows."""
    for variable, column in product(tables.variables("rate"), tables.columns("rate")):
        exchange = swapped_events(tables, variable, column)
        if not exchange:
            continue
        printed = {level.name: level for level in levels_with_rates(tables, variable, column)}
        corrected = {level.name: level for level in levels_with_rates(tables, variable, column, exchange)}
        needs = "; ".join(_people_needed(printed[name], corrected[name]) for name in exchange)
        cells = [printed[name].events for name in exchange]
        names = " and ".join(cell.level for cell in cells)
        evidence = f"the counts of {names} are swapped, the rates are right: {needs}"
        yield Finding.about("swapped rows", cells, evidence)


def _people_needed(printed: LevelWithRate, corrected: LevelWithRate) -> str:
    return (
        f"{printed.events.printed} at {printed.rate.printed} % needs {printed.implied:,.0f} of "
        f"{printed.people or 0:,.0f} people, {corrected.events.printed} needs {corrected.implied:,.0f}"
    )


def check_impossible_rates(tables: Tables) -> Iterator[Finding]:
    """A rate cannot have more people in its denominator than the tables count."""
    for variable, column in product(tables.variables("rate"), tables.columns("rate")):
        if swapped_events(tables, variable, column):
            continue
        for level in levels_with_rates(tables, variable, column):
            if level.people is None or level.shortfall <= 1.0:
                continue
            count = tables.get("n", variable, level.name, column)
            evidence = (
                f"{level.events.printed} events at {level.rate.printed} % need {level.fewest:,.0f} to "
                f"{level.most:,.0f} people, the count says {level.people:,.0f}: one of them is wrong"
            )
            cells = [level.events, level.rate, *([count] if count else [])]
            yield Finding.about("people too few", cells, evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Denominator:
    """The people behind a column's rates, as the levels of one variable imply them."""

    fewest: float
    implied: float
    most: float


def denominators(tables: Tables, column: str) -> list[Denominator]:
    """Return the people behind a column's rates, from each variable with a rate for every level."""
    people = column_totals(tables).get(column)
    result = []
    for variable in tables.variables("rate"):
        levels = corrected_levels(tables, variable, column)
        n_printed = sum(
            tables.get("rate", variable, name, column) is not None for name in tables.levels("rate", variable)
        )
        if not levels or len(levels) < n_printed:
            continue
        # People whose value is missing may be in the total, though they are in no level.
        denominator = Denominator(
            fewest=sum(level.fewest for level in levels),
            implied=sum(level.implied for level in levels),
            most=sum(level.most for level in levels) + _n_missing(tables, variable, column, people),
        )
        result.append(denominator)
    return result


def _n_missing(tables: Tables, variable: str, column: str, people: float | None) -> float:
    """Return how many people have no value of a variable: as printed, or those that no level counts."""
    missing = tables.get("missing", variable, "", column)
    printed = missing.value if missing is not None else 0.0
    if people is None:
        return printed
    return max(printed, people - level_sum_without_missing(tables, variable, column))


def check_total_rates(tables: Tables) -> Iterator[Finding]:
    """The rate of the total has the denominator that the rates of its parts add up to."""
    for column in tables.columns("rate"):
        rate, events = tables.total("rate", column), tables.total("events", column)
        parts = denominators(tables, column)
        if rate is None or events is None or len(parts) < 2 or rate.value <= rate.rounding:
            continue
        fewest, most = 100.0 * events.value / rate.most, 100.0 * events.value / rate.least
        if any(part.fewest <= most and fewest <= part.most for part in parts):
            continue
        implied = [part.implied for part in parts]
        people = median(implied)
        evidence = (
            f"{events.printed} / {100.0 * events.value / rate.value:,.0f} = {rate.printed} %, but the parts' "
            f"rates rest on {people:,.0f} people ({min(implied):,.0f} to {max(implied):,.0f}): with that "
            f"denominator {100.0 * events.value / people:.2f} %"
        )
        if outside := [*_parts_beside(tables, rate)]:
            evidence += f"; it lies outside all of its parts ({'; '.join(outside)})"
        yield Finding.about("total and parts", [rate, events], evidence)


def _parts_beside(tables: Tables, total: PrintedCell) -> Iterator[str]:
    """Yield the range of rates of each variable whose levels are all above or all below the total."""
    for variable in tables.variables("rate"):
        rates = [level.rate for level in levels_with_rates(tables, variable, total.column)]
        values = [rate.value for rate in rates]
        if len(rates) > 1 and not min(values) - total.rounding <= total.value <= max(values) + total.rounding:
            yield f"{rates[0].variable} {min(values):.2f} to {max(values):.2f}"


def check_exclusions(tables: Tables) -> Iterator[Finding]:
    """People left out of the rates are all in one level: missing by design of the question, not by chance."""
    totals = column_totals(tables)
    columns = [column for column in tables.columns("rate") if column in totals]
    for column, variable in product(columns, tables.variables("rate")):
        levels = corrected_levels(tables, variable, column)
        excluded = _excluded_level(levels, totals[column])
        if excluded is not None:
            cells = [level.rate for level in levels]
            place = f"{cells[0].table}, {cells[0].variable}, {column}"
            evidence = _exclusion_evidence(levels, excluded)
            yield Finding.about("people left out", cells, evidence, place=place)


def _excluded_level(levels: list[LevelWithRate], people: float) -> LevelWithRate | None:
    """Return the level with nearly all people left out of the rates, unless rounding may explain them."""
    counted = [level for level in levels if level.people]
    if len(counted) < 3:
        return None
    excluded = max(counted, key=_left_out)
    at_least = (excluded.people or 0.0) - excluded.most
    if at_least < _LEAST_EXCLUSION * people:
        return None
    others_at_most = sum(
        max((level.people or 0.0) - level.fewest, 0.0) for level in counted if level is not excluded
    )
    is_concentrated = others_at_most <= (1.0 - _NEARLY_ALL) * at_least
    return excluded if is_concentrated and _share(levels, excluded) < _MOST_OF_COLUMN else None


def _exclusion_evidence(levels: list[LevelWithRate], excluded: LevelWithRate) -> str:
    counted = [level for level in levels if level.people]
    each = ", ".join(f"{level.rate.level} {_left_out(level):,.0f}" for level in counted)
    return (
        f"of the {sum(_left_out(level) for level in counted):,.0f} people left out of the rates, "
        f"{_left_out(excluded):,.0f} are in one level ({each}), which has "
        f"{100 * _share(levels, excluded):.0f} % of all people: the question was not put to them, "
        "answers are not missing at random"
    )


def _left_out(level: LevelWithRate) -> float:
    """Return how many of a level's people its rate leaves out."""
    return (level.people or 0.0) - level.implied


def _share(levels: list[LevelWithRate], level: LevelWithRate) -> float:
    return (level.people or 0.0) / sum(item.people or 0.0 for item in levels)
