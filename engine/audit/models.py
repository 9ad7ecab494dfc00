"""Checks of regression models: variances and ICC, odds ratios with errors and stars, signs of effects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist

from engine.audit.findings import INFERRED, Finding
from engine.audit.published import PrintedCell, Tables, fold_label

LATENT_VARIANCE = math.pi**2 / 3.0  # of the logistic distribution
P_THRESHOLDS = (0.001, 0.01, 0.05)  # of the stars
_BOUNDARY = 1e-10  # a variance or an odds ratio below it is 0
_IMPOSSIBLE_Z = 30.0
_ABOVE_ZERO = 1e-12


def check_variances(tables: Tables) -> Iterator[Finding]:
    """A variance at its boundary is 0, not an estimate; an ICC follows from the variances of its model."""
    correlations = tables.by_model("icc")
    for model, variances in tables.by_model("variance").items():
        for cell in variances:
            if 0.0 < cell.value < _BOUNDARY:
                evidence = "the maximum lies at the boundary: the variance is 0, and has no standard error"
                yield Finding.about("boundary", [cell], evidence)
        for cell in correlations.get(model, ()):
            possible = [*_implied_correlations(cell, variances)]
            if possible and not any(
                icc.least - cell.rounding <= cell.value <= icc.most + cell.rounding for icc in possible
            ):
                implied = " or ".join(f"{icc.value:.3f}" for icc in possible)
                printed = ", ".join(f"{variance.variable} {variance.printed}" for variance in variances)
                evidence = f"the variances ({printed}) and pi^2/3 = {LATENT_VARIANCE:.3f} give {implied}"
                yield Finding.about("intraclass correlation", [cell, *variances], evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliedCorrelation:
    """An intraclass correlation that variances imply, and its range within their rounding."""

    value: float
    least: float
    most: float


def _implied_correlations(cell: PrintedCell, variances: list[PrintedCell]) -> Iterator[ImpliedCorrelation]:
    """Yield what an ICC can be: the share of its variance alone, or with those of the levels above."""
    names = [fold_label(variance.variable) for variance in variances]
    if fold_label(cell.variable) not in names:
        return
    k = names.index(fold_label(cell.variable))
    for included in dict.fromkeys(((k,), tuple(range(k + 1)))):
        corners = [
            _variance_share(values, included)
            for values in product(*((variance.least, variance.most) for variance in variances))
        ]
        value = _variance_share([variance.value for variance in variances], included)
        yield ImpliedCorrelation(value=value, least=min(corners), most=max(corners))


def _variance_share(variances: Sequence[float], included: tuple[int, ...]) -> float:
    return sum(variances[k] for k in included) / (sum(variances) + LATENT_VARIANCE)


def check_ratio_errors(tables: Tables) -> Iterator[Finding]:
    """An odds ratio is positive, and agrees with its standard error and its stars."""
    models_with_stars = {(cell.table, cell.column) for cell in tables.cells if cell.measure == "p_below"}
    for cell in tables.cells:
        if cell.measure != "odds_ratio":
            continue
        error, stars = _in_same_table(tables, "std_error", cell), _in_same_table(tables, "p_below", cell)
        if cell.value < 0.0:
            evidence = "an odds ratio is above 0: this is its logarithm"
            yield Finding.about("odds ratio", [cell], evidence)
        elif cell.most < _BOUNDARY:
            evidence = "no events at this level, or an unsuitable unit of the variable: this is no estimate"
            yield Finding.about("separation", [cell], evidence)
        elif error is not None and error.value > 0.0:
            has_stars = (cell.table, cell.column) in models_with_stars
            yield from _check_z(cell, error, stars, has_stars=has_stars)


def _in_same_table(tables: Tables, measure: str, cell: PrintedCell) -> PrintedCell | None:
    other = tables.get(measure, *tables.place_of(cell), cell.table)
    return other if other is not None and other.table == cell.table else None


def _check_z(
    ratio: PrintedCell, error: PrintedCell, stars: PrintedCell | None, *, has_stars: bool
) -> Iterator[Finding]:
    """Compare z = ln(OR) / (SE / OR), within the rounding of both, with the stars if the model prints any."""
    least, most = _z_range(ratio, error)
    z = _z(ratio.value, error.value)
    if least > _IMPOSSIBLE_Z:
        evidence = f"together they imply z = {z:,.0f}: ratio and error come from different rows"
        yield Finding.about("odds ratio and error", [ratio, error], evidence)
        return
    if not has_stars:
        return
    claimed = stars.value if stars is not None else 1.0
    largest_p, smallest_p = _two_sided_p(least), _two_sided_p(most)
    certain = min((threshold for threshold in P_THRESHOLDS if largest_p < threshold), default=1.0)
    if smallest_p >= claimed or certain < claimed:
        printed = f"p < {stars.printed}" if stars is not None else "no star"
        evidence = f"z = {z:.2f}, p = {_two_sided_p(z):.2g}; the table prints {printed}"
        yield Finding.about("significance", [ratio, error, *([stars] if stars else [])], evidence)


def _z_range(ratio: PrintedCell, error: PrintedCell) -> tuple[float, float]:
    """Return the least and most |z| that round to the printed ratio and error."""
    corners = [
        _z(value, std_error)
        for value in (max(ratio.least, _ABOVE_ZERO), ratio.most)
        for std_error in (max(error.least, _ABOVE_ZERO), error.most)
    ]
    return 0.0 if ratio.least <= 1.0 <= ratio.most else min(corners), max(corners)


def _z(ratio: float, error: float) -> float:
    return abs(math.log(ratio) * ratio / error)


def _two_sided_p(z: float) -> float:
    return 2.0 * NormalDist().cdf(-z)


def check_signs(tables: Tables) -> Iterator[Finding]:
    """Marginal effects of a decomposition have the signs of the log odds ratios of the same variables."""
    for (table, column), effects in tables.by_model("effect").items():
        n_compared, opposite = 0, []
        for effect in effects:
            ratio = tables.get("odds_ratio", *tables.place_of(effect))
            if ratio is None or ratio.value <= 0 or ratio.value == 1.0 or effect.value == 0.0:
                continue
            n_compared += 1
            if (ratio.value > 1.0) != (effect.value > 0.0):
                opposite.append(effect)
        if len(opposite) >= max(3, 0.1 * n_compared):
            evidence = f"{len(opposite)} of {n_compared} effects have the opposite sign of the odds ratios"
            yield Finding.about("signs", opposite, evidence, certainty=INFERRED, place=f"{table}, {column}")
