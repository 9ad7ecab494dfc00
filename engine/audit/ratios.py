"""Checks of odds ratios: inside their interval, in its middle, and what the counts imply."""

from __future__ import annotations

import math
from collections.abc import Iterator

from engine.audit.denominators import Recovered, recovered, swapped_events
from engine.audit.findings import INFERRED, Finding, finding, key_of
from engine.audit.published import OVERALL, Cell, Tables, folded

_CRUDE = ("univariable", "crude")
_Z = 1.959963984540054
PRODUCT = "\u00d7"  # between the factors of a product


def check_intervals(tables: Tables) -> Iterator[Finding]:
    """Low below high, the estimate between them, and near the middle on the log scale."""
    implied = {
        key_of(cell): implied_ratio(one, reference, (one.best, reference.best))
        for cell, one, reference in _crude(tables)
    }
    for ratio, low, high in _with_intervals(tables):
        if low.value > high.value:
            yield finding(
                "interval",
                [ratio, low, high],
                f"the lower limit is above the upper one{_outside(ratio, low, high)}"
                + _told(implied.get(key_of(ratio))),
            )
        elif not low.value - low.half <= ratio.value <= high.value + high.half:
            yield finding("interval", [ratio, low, high], "the estimate is outside its interval")
        elif not _centred(ratio, low, high):
            middle = math.sqrt(low.value * high.value)
            evidence = f"the middle of its interval on the log scale is {middle:.3f}"
            yield finding("interval", [ratio, low, high], evidence, certainty=INFERRED)


def _told(implied: tuple[float, float, float] | None) -> str:
    if implied is None:
        return ""
    return f"; the counts imply {implied[0]:.4f} ({implied[1]:.3f} to {implied[2]:.3f})"


def _outside(ratio: Cell, low: Cell, high: Cell) -> str:
    first, last = sorted((low.value, high.value))
    return "" if first <= ratio.value <= last else ", and the estimate lies outside both"


def _with_intervals(tables: Tables) -> Iterator[tuple[Cell, Cell, Cell]]:
    for cell in tables.cells:
        if cell.measure == "odds_ratio":
            place = (folded(cell.variable), tables.level_of(cell), cell.column)
            low, high = tables.get("conf_low", *place), tables.get("conf_high", *place)
            if low is not None and high is not None:
                yield cell, low, high


def _centred(ratio: Cell, low: Cell, high: Cell) -> bool:
    """Whether the estimate can be the middle of the limits on the log scale, given the rounding of all three."""
    least = math.sqrt(max(low.value - low.half, 1e-12) * max(high.value - high.half, 1e-12))
    most = math.sqrt((low.value + low.half) * (high.value + high.half))
    return least <= ratio.value + 2 * ratio.half and most >= ratio.value - 2 * ratio.half


def implied_ratio(
    one: Recovered, reference: Recovered, people: tuple[float, float]
) -> tuple[float, float, float]:
    """Return the odds ratio of two levels with so many people each, and its Wald interval."""
    a, c = one.events.value, reference.events.value
    b, d = people[0] - a, people[1] - c
    ratio, spread = a * d / (b * c), _Z * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return ratio, ratio * math.exp(-spread), ratio * math.exp(spread)


def _crude(tables: Tables) -> Iterator[tuple[Cell, Recovered, Recovered]]:
    """Yield each crude odds ratio with the overall rates of its level and of the reference (an odds ratio of 1)."""
    column = OVERALL if OVERALL in tables.columns("rate") else None
    for variable in tables.variables("odds_ratio"):
        if column is None or variable not in tables.variables("rate"):
            continue
        rates = {
            item.level: item
            for item in recovered(tables, variable, column, swapped_events(tables, variable, column))
        }
        for model in tables.columns("odds_ratio"):
            if model not in _CRUDE:
                continue
            own = {
                level: tables.get("odds_ratio", variable, level, model)
                for level in tables.levels("odds_ratio", variable)
            }
            base = next(
                (level for level, cell in own.items() if cell is not None and cell.printed in ("1", "1.00")),
                None,
            )
            for level, cell in own.items():
                if cell is None or base not in rates or level not in rates or level == base:
                    continue
                if all(0 < item.events.value < item.low for item in (rates[level], rates[base])):
                    yield cell, rates[level], rates[base]


def check_crude(tables: Tables) -> Iterator[Finding]:
    """A crude odds ratio follows from the counts; those of the whole table tell which people the models had."""
    by_rates, by_counts, all_cells = 0, 0, []
    people = tables_people = 0.0
    for cell, one, reference in _crude(tables):
        all_cells.append(cell)
        implied = implied_ratio(one, reference, (one.best, reference.best))
        corners = [
            implied_ratio(one, reference, (n, m))[0]
            for n in (one.low, one.high)
            for m in (reference.low, reference.high)
        ]
        fits = min(corners) - cell.half <= cell.value <= max(corners) + cell.half
        by_rates += fits
        if one.people and reference.people:
            by_counts += cell.rounds_from(implied_ratio(one, reference, (one.people, reference.people))[0])
        if not fits:
            evidence = f"the counts and rates imply {implied[0]:.4f} ({implied[1]:.3f} to {implied[2]:.3f})"
            yield finding("odds ratio and counts", [cell], evidence)
    for variable in {folded(cell.variable) for cell in all_cells}:
        own = recovered(tables, variable, OVERALL, swapped_events(tables, variable, OVERALL))
        people = max(people, sum(item.best for item in own))
        tables_people = max(tables_people, sum(item.people or 0.0 for item in own))
    if by_rates >= by_counts + 3 and by_rates >= 0.8 * len(all_cells):
        evidence = (
            f"{by_rates} of {len(all_cells)} crude odds ratios follow from the people behind the rates (about "
            f"{people:,.0f}), {by_counts} from the {tables_people:,.0f} of the counts: the models left people out"
        )
        yield finding(
            "people in the models", all_cells, evidence, place=f"{all_cells[0].table}, {all_cells[0].column}"
        )


def check_products(tables: Tables) -> Iterator[Finding]:
    """One coefficient for a product of factors with several levels: the levels were entered as scores."""
    factors = [
        variable
        for variable in tables.variables("odds_ratio")
        if len(tables.levels("odds_ratio", variable)) > 1
    ]
    for cell in tables.cells:
        if cell.measure != "odds_ratio" or PRODUCT not in cell.level:
            continue
        names = [folded(part) for part in cell.level.split(PRODUCT)]
        sizes = [
            len(tables.levels("n", name)) for name in names if name in factors or tables.levels("n", name)
        ]
        degrees = math.prod(size - 1 for size in sizes)
        if len(sizes) == len(names) and degrees > 1:
            evidence = f"a product of factors with {' and '.join(map(str, sizes))} levels has {degrees} coefficients, not one"
            yield finding(
                "single coefficient", [cell], f"{evidence}: levels entered as scores", certainty=INFERRED
            )
