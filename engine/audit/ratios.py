"""Checks of odds ratios: crude ones against the counts, interactions against their number of coefficients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from engine.audit.findings import INFERRED, Finding
from engine.audit.published import OVERALL, PrintedCell, Tables, fold_label
from engine.audit.rates import LevelWithRate, corrected_levels

Z_95 = 1.959963984540054  # standard errors to each side of a 95 % interval
_CRUDE = ("univariable", "crude")  # columns of crude odds ratios
_OF_THE_REFERENCE = ("1", "1.00")  # odds ratio as printed
_TIMES = "\u00d7"  # between the factors of an interaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliedRatio:
    """The odds ratio that counts imply, and its 95 % Wald interval."""

    estimate: float
    conf_low: float
    conf_high: float

    def __str__(self) -> str:
        """Return the ratio with its interval in parentheses."""
        return f"{self.estimate:.4f} ({self.conf_low:.3f} to {self.conf_high:.3f})"


def implied_ratio(
    level: LevelWithRate, reference: LevelWithRate, people: tuple[float, float]
) -> ImpliedRatio:
    """Return the odds ratio of a level against the reference, given the people of each.

    With a and b people with and without the event, and c and d in the reference level, it is ad / bc; the
    error of its logarithm is sqrt(1/a + 1/b + 1/c + 1/d).
    """
    a, c = level.events.value, reference.events.value
    b, d = people[0] - a, people[1] - c
    ratio, half_width = a * d / (b * c), Z_95 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return ImpliedRatio(
        estimate=ratio, conf_low=ratio * math.exp(-half_width), conf_high=ratio * math.exp(half_width)
    )


def crude_ratios(tables: Tables) -> Iterator[tuple[PrintedCell, LevelWithRate, LevelWithRate]]:
    """Yield each crude odds ratio with the overall rates of its level and of the reference level."""
    if OVERALL not in tables.columns("rate"):
        return
    models = [model for model in tables.columns("odds_ratio") if model in _CRUDE]
    with_rates = tables.variables("rate")
    for variable in tables.variables("odds_ratio"):
        if variable not in with_rates:
            continue
        levels = {level.name: level for level in corrected_levels(tables, variable, OVERALL)}
        for model in models:
            yield from _ratios_of_model(tables, variable, model, levels)


def _ratios_of_model(
    tables: Tables, variable: str, model: str, levels: dict[str, LevelWithRate]
) -> Iterator[tuple[PrintedCell, LevelWithRate, LevelWithRate]]:
    ratios = {
        name: cell
        for name in tables.levels("odds_ratio", variable)
        if (cell := tables.get("odds_ratio", variable, name, model)) is not None
    }
    reference = next((name for name, cell in ratios.items() if cell.printed in _OF_THE_REFERENCE), None)
    if reference is None or reference not in levels:
        return
    for name, cell in ratios.items():
        if name == reference or name not in levels:
            continue
        # The odds are defined where some of the people, but not all, have the event.
        if all(0 < item.events.value < item.fewest for item in (levels[name], levels[reference])):
            yield cell, levels[name], levels[reference]


def check_crude(tables: Tables) -> Iterator[Finding]:
    """Crude odds ratios follow from counts; if only from those of the rates, the models leave people out."""
    n_by_rates, n_by_counts, cells = 0, 0, []
    for cell, level, reference in crude_ratios(tables):
        cells.append(cell)
        if _follows_from_rates(cell, level, reference):
            n_by_rates += 1
        else:
            implied = implied_ratio(level, reference, (level.implied, reference.implied))
            yield Finding.about("odds ratio and counts", [cell], f"the counts and rates imply {implied}")
        if level.people and reference.people:
            by_counts = implied_ratio(level, reference, (level.people, reference.people))
            n_by_counts += cell.rounds_from(by_counts.estimate)
    if n_by_rates >= n_by_counts + 3 and n_by_rates >= 0.8 * len(cells):
        behind_rates, counted = _most_people(tables, cells)
        evidence = (
            f"{n_by_rates} of {len(cells)} crude odds ratios follow from the people behind the rates (about "
            f"{behind_rates:,.0f}), {n_by_counts} from the {counted:,.0f} people counted: "
            "the models leave people out"
        )
        place = f"{cells[0].table}, {cells[0].column}"
        yield Finding.about("people in the models", cells, evidence, place=place)


def _follows_from_rates(cell: PrintedCell, level: LevelWithRate, reference: LevelWithRate) -> bool:
    """Whether the people that both rates imply, within their rounding, give the printed odds ratio."""
    corners = [
        implied_ratio(level, reference, people).estimate
        for people in product((level.fewest, level.most), (reference.fewest, reference.most))
    ]
    return min(corners) - cell.rounding <= cell.value <= max(corners) + cell.rounding


def _most_people(tables: Tables, cells: list[PrintedCell]) -> tuple[float, float]:
    """Return the most people behind the rates of a variable of these cells, and the most counted."""
    by_variable = [
        corrected_levels(tables, variable, OVERALL)
        for variable in {fold_label(cell.variable) for cell in cells}
    ]
    behind_rates = max(sum(level.implied for level in levels) for levels in by_variable)
    return behind_rates, max(sum(level.people or 0.0 for level in levels) for levels in by_variable)


def check_interactions(tables: Tables) -> Iterator[Finding]:
    """An interaction of factors with several levels has several coefficients, unless they are scores."""
    factors = [
        variable
        for variable in tables.variables("odds_ratio")
        if len(tables.levels("odds_ratio", variable)) > 1
    ]
    for cell in tables.cells:
        if cell.measure != "odds_ratio" or _TIMES not in cell.level:
            continue
        names = [fold_label(part) for part in cell.level.split(_TIMES)]
        sizes = [
            len(tables.levels("n", name)) for name in names if name in factors or tables.levels("n", name)
        ]
        n_coefficients = math.prod(size - 1 for size in sizes)
        if len(sizes) == len(names) and n_coefficients > 1:
            evidence = (
                f"an interaction of factors with {' and '.join(map(str, sizes))} levels has {n_coefficients} "
                "coefficients, not one: the levels were entered as scores"
            )
            yield Finding.about("single coefficient", [cell], evidence, certainty=INFERRED)
