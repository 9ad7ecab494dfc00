"""Checks of concentration indices: range, interval, one value everywhere, and what grouped rates give."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from engine.audit.findings import INFERRED, Finding
from engine.audit.published import OVERALL, PrintedCell, Tables, fold_label
from engine.audit.rates import LevelWithRate, levels_with_rates
from engine.audit.ratios import Z_95

_MOST_DISTANCE = 3.0  # standard errors between the index of groups and the printed one
_WIDTH_FACTOR = 0.5  # an interval of half or twice the expected width is wrong


def check_indices(tables: Tables) -> Iterator[Finding]:
    """An index lies between -1 and 1 and in its interval, and is the same wherever it is printed."""
    for column in tables.columns("index"):
        cells = tables.in_column("index", column)
        for cell in cells:
            yield from _check_range(tables, cell)
        for one, other in combinations(cells, 2):
            if abs(one.value - other.value) > one.rounding + other.rounding:
                evidence = f"{one.table} says {one.printed}, {other.table} {other.printed}"
                yield Finding.about("two values", [one, other], evidence)


def _check_range(tables: Tables, index: PrintedCell) -> Iterator[Finding]:
    place = (fold_label(index.variable), "", index.column, index.table)
    limits = [cell for side in ("conf_low", "conf_high") if (cell := tables.get(side, *place)) is not None]
    for cell in (index, *limits):
        if abs(cell.value) > 1.0 + cell.rounding:
            yield Finding.about("impossible index", [cell], "an index lies between -1 and 1")
    if len(limits) == 2 and not limits[0].least <= index.value <= limits[1].most:
        middle = (limits[0].value + limits[1].value) / 2.0
        evidence = f"the index is outside its interval, whose middle is {middle:.3f}"
        yield Finding.about("interval", [index, *limits], evidence)


def check_grouped(tables: Tables) -> Iterator[Finding]:
    """Rates by rank groups give the people, nearly the index, and nearly the width of its interval."""
    for column, variable in product(tables.columns("index"), tables.variables("rate")):
        levels = levels_with_rates(tables, variable, column)
        if len(levels) >= 3:
            yield from _check_people(tables, column, levels)
            yield from _check_grouped_index(tables, column, grouped_index(levels))


def _check_people(tables: Tables, column: str, levels: list[LevelWithRate]) -> Iterator[Finding]:
    total = tables.total("n", OVERALL)
    if total is None:
        return
    if not sum(level.fewest for level in levels) <= total.value <= sum(level.most for level in levels):
        implied = sum(level.implied for level in levels)
        evidence = f"the rates rest on {implied:,.0f} people, not on {total.printed}"
        rates = [level.rate for level in levels]
        place = f"{rates[0].table}, {rates[0].variable}, {column}"
        yield Finding.about("people behind rates", rates, evidence, place=place)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedIndex:
    """The standard concentration index of groups in rank order, and its approximate standard error."""

    estimate: float
    std_error: float


def grouped_index(levels: list[LevelWithRate]) -> GroupedIndex:
    """Return the index of groups: sum of 2 / mu x share x rate x mean fractional rank, less 1.

    Its error is that of the index of an event with mean mu among n people, about sqrt((1 - mu) / (3 n mu)).
    """
    people, rates = [level.implied for level in levels], [level.rate.value / 100.0 for level in levels]
    n = sum(people)
    mu = sum(a * b for a, b in zip(people, rates, strict=True)) / n
    below, index = 0.0, 0.0
    for count, rate in zip(people, rates, strict=True):
        index += 2.0 * count / n * rate / mu * (below + 0.5 * count / n)
        below += count / n
    return GroupedIndex(estimate=index - 1.0, std_error=math.sqrt((1.0 - mu) / (3.0 * n * mu)))


def _check_grouped_index(tables: Tables, column: str, grouped: GroupedIndex) -> Iterator[Finding]:
    error = grouped.std_error
    for cell in tables.in_column("index", column):
        if abs(cell.value - grouped.estimate) > _MOST_DISTANCE * error:
            evidence = f"the groups' rates give {grouped.estimate:.4f} (standard error {error:.3f})"
            yield Finding.about("index and groups", [cell], evidence, certainty=INFERRED)
    for low in tables.in_column("conf_low", column):
        high = tables.get("conf_high", fold_label(low.variable), "", column, low.table)
        if high is None:
            continue
        half_width, expected = (high.value - low.value) / 2.0, Z_95 * error
        if half_width < _WIDTH_FACTOR * expected or half_width > expected / _WIDTH_FACTOR:
            evidence = f"half its width is {half_width:.3f}; with these events about {expected:.3f}"
            yield Finding.about("width of interval", [low, high], evidence, certainty=INFERRED)
