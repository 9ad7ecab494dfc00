"""Checks of regression models: variances and their ICC, AIC and BIC, odds ratios against their errors and stars."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from statistics import NormalDist

from engine.audit.counts import column_totals
from engine.audit.findings import INFERRED, Finding, finding
from engine.audit.published import OVERALL, TOTAL, Cell, Tables, folded

LATENT = math.pi**2 / 3.0
THRESHOLDS = (0.001, 0.01, 0.05)
_BOUNDARY = 1e-10
_IMPOSSIBLE_Z = 30.0
_MOST_PARAMETERS = 200
_NEARLY_ALL = 0.9  # of the people: a model may have lost some of them


def _cells(tables: Tables, measure: str) -> dict[tuple[str, str], list[Cell]]:
    """Return (table, column) -> its cells of a measure, in printed order."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in tables.cells:
        if cell.measure == measure:
            found.setdefault((cell.table, cell.column), []).append(cell)
    return found


def _ends(cell: Cell) -> tuple[float, float]:
    return cell.value - cell.half, cell.value + cell.half


def check_variances(tables: Tables) -> Iterator[Finding]:
    """A variance at its boundary is 0, not an estimate; an ICC follows from the variances of its model."""
    correlations = _cells(tables, "icc")
    for place, variances in _cells(tables, "variance").items():
        for cell in variances:
            if 0.0 < cell.value < _BOUNDARY:
                evidence = "the maximum lies at the boundary: the variance is 0, and has no standard error"
                yield finding("boundary", [cell], evidence)
        for cell in correlations.get(place, ()):
            possible = [*_correlations(cell, variances)]
            if possible and not any(
                low - cell.half <= cell.value <= high + cell.half for low, high, _ in possible
            ):
                told = " or ".join(f"{value:.3f}" for _, _, value in possible)
                shown = ", ".join(f"{own.variable} {own.printed}" for own in variances)
                evidence = f"the variances ({shown}) and pi^2/3 = {LATENT:.3f} give {told}"
                yield finding("intraclass correlation", [cell, *variances], evidence)


def _correlations(cell: Cell, variances: list[Cell]) -> Iterator[tuple[float, float, float]]:
    """Yield what an ICC can be (least, most, best): of its own level, and of it with the levels above it."""
    names = [folded(own.variable) for own in variances]
    if folded(cell.variable) not in names:
        return
    own = names.index(folded(cell.variable))
    for above in dict.fromkeys(((own,), tuple(range(own + 1)))):
        corners = [
            sum(values[k] for k in above) / (sum(values) + LATENT)
            for values in product(*(_ends(variance) for variance in variances))
        ]
        values = [variance.value for variance in variances]
        yield min(corners), max(corners), sum(values[k] for k in above) / (sum(values) + LATENT)


def check_criteria(tables: Tables) -> Iterator[Finding]:
    """BIC - AIC = k (ln N - 2): the parameters of the table give the people of the model, or another model's."""
    total = tables.get("n", folded(TOTAL), folded(TOTAL), OVERALL)
    people = total.value if total is not None else column_totals(tables).get(OVERALL)
    bics, variances, fixed = _cells(tables, "bic"), _cells(tables, "variance"), _cells(tables, "odds_ratio")
    for place, (aic, *_) in _cells(tables, "aic").items():
        if people is None or place not in bics or place not in variances:
            continue
        bic = bics[place][0]
        gap, slack = bic.value - aic.value, bic.half + aic.half
        k = len(variances[place]) + len(fixed.get(place, ()))
        low, high = (_people((gap + sign * slack) / k) for sign in (-1.0, 1.0))
        if low - 1.0 <= people <= high + 1.0:
            continue
        if _NEARLY_ALL * people <= high <= people:
            evidence = (
                f"BIC - AIC = {gap:.3f} with the {k} parameters of the table: the model has {math.ceil(low):,} to "
                f"{math.floor(high):,} people, not {people:,.0f}"
            )
        else:
            fitting = [
                (other, _people(gap / other))
                for other in range(1, _MOST_PARAMETERS)
                if _NEARLY_ALL * people <= _people(gap / other) <= people
            ]
            told = (
                " or ".join(f"{other} parameters and {n:,.0f} people" for other, n in fitting[:3])
                or "no model"
            )
            evidence = (
                f"BIC - AIC = {gap:.3f} with the {k} parameters of the table would need {high:.2g} people; {told} fit: "
                "they belong to another model"
            )
        yield finding("AIC and BIC", [aic, bic], evidence)


def _people(share: float) -> float:
    return math.exp(share + 2.0) if share < 600.0 else math.inf


def check_ratio_errors(tables: Tables) -> Iterator[Finding]:
    """An odds ratio, its standard error and its stars belong together; an odds ratio is positive."""
    starred = {(cell.table, cell.column) for cell in tables.cells if cell.measure == "p_below"}
    for cell in tables.cells:
        if cell.measure != "odds_ratio":
            continue
        place = (folded(cell.variable), tables.level_of(cell), cell.column)
        error, stars = tables.get("std_error", *place, cell.table), tables.get("p_below", *place, cell.table)
        error = error if error is not None and error.table == cell.table else None
        stars = stars if stars is not None and stars.table == cell.table else None
        if cell.value < 0.0:
            yield finding("odds ratio", [cell], "an odds ratio is above 0: this is its logarithm")
        elif cell.value + cell.half < _BOUNDARY:
            yield finding(
                "separation", [cell], "no event where it applies, or the scale of the variable: no estimate"
            )
        elif error is not None and error.value > 0.0:
            yield from _pair(cell, error, stars, known=(cell.table, cell.column) in starred)


def _pair(ratio: Cell, error: Cell, stars: Cell | None, *, known: bool) -> Iterator[Finding]:
    """Compare z = ln(OR) / (SE / OR), as far as rounding leaves it open, with the stars."""
    ratios, errors = _ends(ratio), _ends(error)
    zs = [
        abs(math.log(own) * own / se)
        for own in (max(ratios[0], 1e-12), ratios[1])
        for se in (max(errors[0], 1e-12), errors[1])
    ]
    least = 0.0 if ratios[0] <= 1.0 <= ratios[1] else min(zs)
    z, p = abs(math.log(ratio.value) * ratio.value / error.value), NormalDist()
    largest, smallest = (2.0 * p.cdf(-own) for own in (least, max(zs)))
    if least > _IMPOSSIBLE_Z:
        evidence = f"together they mean z = {z:,.0f}: ratio and error come from different rows"
        yield finding("odds ratio and error", [ratio, error], evidence)
        return
    if not known:
        return
    claimed = stars.value if stars is not None else 1.0
    surely = min((level for level in THRESHOLDS if largest < level), default=1.0)
    if smallest >= claimed or surely < claimed:
        shown = stars.printed if stars is not None else "no star"
        value = 2.0 * p.cdf(-z)
        evidence = f"z = {z:.2f}, p = {value:.2g}; printed is {'p < ' if stars is not None else ''}{shown}"
        yield finding("significance", [ratio, error, *([stars] if stars else [])], evidence)


def check_signs(tables: Tables) -> Iterator[Finding]:
    """Marginal effects of a decomposition point where the odds ratios of the same variables do."""
    for (table, column), effects in _cells(tables, "effect").items():
        compared, against = 0, []
        for effect in effects:
            ratio = tables.get("odds_ratio", folded(effect.variable), tables.level_of(effect), column)
            if ratio is None or ratio.value <= 0 or ratio.value == 1.0 or effect.value == 0.0:
                continue
            compared += 1
            if (ratio.value > 1.0) != (effect.value > 0.0):
                against.append(effect)
        if len(against) >= max(3, 0.1 * compared):
            evidence = f"{len(against)} of {compared} effects have the other sign than the odds ratios"
            yield finding("signs", against, evidence, certainty=INFERRED, place=f"{table}, {column}")
