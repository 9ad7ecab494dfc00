"""Checks of inequality: indices and their intervals, horizontal inequity, shares of a decomposition, grouped rates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

from engine.audit.counts import column_totals, level_sum
from engine.audit.denominators import recovered
from engine.audit.findings import INFERRED, Finding, finding
from engine.audit.published import OVERALL, TOTAL, Cell, Tables, folded

_Z = 1.959963984540054
_FAR = 3.0  # standard errors between a grouped and a printed index
_TOO_SHORT = 0.5  # of the least half-width that an event's index can have


def _of(tables: Tables, measure: str, column: str) -> list[Cell]:
    return [cell for cell in tables.cells if cell.measure == measure and cell.column == column]


def check_indices(tables: Tables) -> Iterator[Finding]:
    """An index lies between -1 and 1, in its interval, and is the same wherever it is printed."""
    for column in tables.columns("index"):
        cells = _of(tables, "index", column)
        for cell in cells:
            limits = [
                own
                for measure in ("conf_low", "conf_high")
                if (own := tables.get(measure, folded(cell.variable), "", column, cell.table)) is not None
            ]
            for own in (cell, *limits):
                if abs(own.value) > 1.0 + own.half:
                    yield finding("impossible index", [own], "an index lies between -1 and 1")
            if len(limits) == 2 and not (
                limits[0].value - limits[0].half <= cell.value <= limits[1].value + limits[1].half
            ):
                middle = (limits[0].value + limits[1].value) / 2.0
                yield finding(
                    "interval",
                    [cell, *limits],
                    f"the index is outside its interval, whose middle is {middle:.3f}",
                )
        for one, other in combinations(cells, 2):
            if abs(one.value - other.value) > one.half + other.half:
                evidence = f"{one.table} says {one.printed}, {other.table} {other.printed}"
                yield finding("two values", [one, other], evidence)


def check_inequity(tables: Tables) -> Iterator[Finding]:
    """HI = index x (1 - share of need); the share of need is the sum of the shares of its terms."""
    for column in tables.columns("horizontal_inequity"):
        needs, indices = _of(tables, "need_share", column), _of(tables, "index", column)
        for cell in _of(tables, "horizontal_inequity", column):
            if not needs:
                continue
            implied = [(own, own.value * (1.0 - needs[0].value / 100.0)) for own in indices]
            fits = [own for own, value in implied if abs(value - cell.value) <= cell.half + own.half * 2.0]
            if len(fits) < len(indices):
                told = "; ".join(f"{own.printed} ({own.table}) gives {value:.4f}" for own, value in implied)
                evidence = f"index x (1 - {needs[0].printed} %): {told}"
                yield finding("horizontal inequity", [cell, *indices, needs[0]], evidence)
        summed = _need_sum(tables, column)
        for cell in needs:
            if summed is not None and abs(summed[0] - cell.value) > cell.half + summed[1]:
                evidence = f"the shares of the terms of need sum to {summed[0]:.2f} %"
                yield finding("share of need", [cell], evidence)


def _need_sum(tables: Tables, column: str) -> tuple[float, float] | None:
    """Return the shares of need summed, and how far rounding may move them."""
    need = {folded(cell.variable) for cell in tables.cells if cell.measure == "is_need"}
    own = [cell for cell in _of(tables, "share", column) if folded(cell.variable) in need]
    return (sum(cell.value for cell in own), sum(cell.half for cell in own)) if own else None


def check_shares(tables: Tables) -> Iterator[Finding]:
    """Shares of a decomposition and its residual add up to 100 %."""
    for column in tables.columns("share"):
        cells = _of(tables, "share", column)
        total, slack = sum(cell.value for cell in cells), sum(cell.half for cell in cells)
        if len(cells) > 2 and abs(total - 100.0) > slack:
            printed = any(folded(cell.variable) == "residual" for cell in cells)
            evidence = f"the shares sum to {total:.2f} %"
            evidence += "" if printed else f"; a residual of {100.0 - total:.2f} % is not shown"
            yield finding("shares", cells, evidence, place=f"{cells[0].table}, {column}")


def check_level_sums(tables: Tables) -> Iterator[Finding]:
    """The levels of every variable hold all people; rows that slipped by one still do, taken together."""
    for column, people in column_totals(tables).items():
        agreeing = [name for name in tables.variables("n") if level_sum(tables, name, column) == people]
        if len(agreeing) < 3:
            continue
        printed = [cell for cell in _of(tables, "n", column) if folded(cell.variable) != folded(TOTAL)]
        for name in tables.variables("n"):
            total = level_sum(tables, name, column)
            own = [k for k, cell in enumerate(printed) if folded(cell.variable) == name]
            if total in (0.0, people) or not own:
                continue
            window = _window(printed, own, people)
            if window is None and total <= people:
                continue  # people without a value that nobody told of
            evidence = f"its rows sum to {total:,.0f}, not to {people:,.0f}"
            if window is not None:
                told = " + ".join(cell.printed for cell in window)
                evidence += f"; {told} = {people:,.0f}: the rows are shifted"
            cells = [printed[k] for k in own]
            yield finding("rows", cells, evidence, place=f"{cells[0].table}, {cells[0].variable}")


def _window(printed: list[Cell], own: list[int], people: float) -> list[Cell] | None:
    """Return consecutive numbers that hold all people, beginning at a variable's first or second row."""
    for first in (own[0], own[0] + 1):
        for end in range(first + 2, min(first + 8, len(printed) + 1)):
            if sum(cell.value for cell in printed[first:end]) == people:
                return printed[first:end]
    return None


def check_grouped(tables: Tables) -> Iterator[Finding]:
    """Rates by rank groups give their people and, nearly, the index; an interval is no shorter than events allow."""
    total = tables.get("n", folded(TOTAL), folded(TOTAL), OVERALL)
    for column in tables.columns("index"):
        for variable in tables.variables("rate"):
            own = recovered(tables, variable, column)
            if len(own) < 3:
                continue
            if total is not None and not sum(i.low for i in own) <= total.value <= sum(i.high for i in own):
                evidence = f"the rates rest on {sum(i.best for i in own):,.0f} people, not on {total.printed}"
                yield finding(
                    "people behind rates",
                    [item.rate for item in own],
                    evidence,
                    place=f"{own[0].rate.table}, {own[0].rate.variable}, {column}",
                )
            yield from _index_of_groups(
                tables, column, [i.best for i in own], [i.rate.value / 100.0 for i in own]
            )


def _index_of_groups(
    tables: Tables, column: str, people: list[float], rates: list[float]
) -> Iterator[Finding]:
    n = sum(people)
    mu = sum(a * b for a, b in zip(people, rates, strict=True)) / n
    below, index = 0.0, 0.0
    for count, rate in zip(people, rates, strict=True):
        index += 2.0 * count / n * rate / mu * (below + 0.5 * count / n)
        below += count / n
    index -= 1.0
    error = math.sqrt((1.0 - mu) / (3.0 * n * mu))  # of an event's index, about
    for cell in _of(tables, "index", column):
        if abs(cell.value - index) > _FAR * error:
            evidence = f"the groups' rates give {index:.4f} (standard error {error:.3f})"
            yield finding("index and groups", [cell], evidence, certainty=INFERRED)
    for low in _of(tables, "conf_low", column):
        high = tables.get("conf_high", folded(low.variable), "", column, low.table)
        if high is None:
            continue
        half = (high.value - low.value) / 2.0
        if half < _TOO_SHORT * _Z * error or half > _Z * error / _TOO_SHORT:
            evidence = f"half its width is {half:.3f}; with these events about {_Z * error:.3f}"
            yield finding("width of interval", [low, high], evidence, certainty=INFERRED)
