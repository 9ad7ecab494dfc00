"""Tidy rows of regressions -> differences, rate ratios or odds ratios, models of an outcome side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.logit_table import estimate_cells, fit_table
from engine.report.model import Spanner, Table, count, digits_of, number, p_value, with_interval
from engine.report.row_groups import Row, by_outcome_and_group, distinct_values, models_of, term_label

RATIOS = {"incidence_rate_ratio": "IRR", "odds_ratio": "OR"}
_PARAMETERS = ("threshold", "alpha")
_FIT_DIGITS = {
    "r_squared": 4,
    "residual_sd": 3,
    "log_likelihood": 2,
    "pseudo_r2": 4,
    "aic": 2,
    "bic": 2,
    "dispersion": 3,
}


def regression_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return estimates, marginal effects and fit of the models of each outcome, wave and subgroup.

    Effects on the mean of a linear model are its coefficients, unless it has products.
    """
    for label, group_rows in by_outcome_and_group(rows):
        yield estimate_table(group_rows, label)
        effects = [row for row in group_rows if row["measure"] == "marginal_effect"]
        ratios = {row["analysis"] for row in group_rows if row["measure"] in RATIOS}
        if any(row["analysis"] in ratios for row in effects):
            yield _effect_table([row for row in effects if row["analysis"] in ratios], label)
        yield fit_table(group_rows, _FIT_DIGITS)


def estimate_table(rows: Sequence[Row], label: str) -> Table:
    """Return what each model estimates of its terms, then thresholds and alpha."""
    models = models_of(rows)
    measures = {model: _measure_of(rows, model) for model in models}
    shown = [row for row in rows if row["measure"] in (measures[row["analysis"]], *_PARAMETERS)]
    cells = {(row["analysis"], row["term"], row["level"]): row for row in shown}
    differences = [row["estimate"] for row in shown if row["measure"] == "coefficient"]
    digits = digits_of(differences)
    lines: list[tuple[str, ...]] = []
    for (term,) in distinct_values(shown, "term"):
        levels = list(dict.fromkeys(row["level"] for row in shown if row["term"] == term))
        if levels != [None]:
            lines.append((str(term),))
        references = _references(rows, term) if levels != [None] else []
        for level in [*(name for name in references if name not in levels), *levels]:
            found = [cells.get((model, term, level)) for model in models]
            line = [cell for row in found for cell in _cells(row, digits)]
            lines.append((str(term) if level is None else f"  {level}", *line))
    conf_level = f"{100 * (rows[0]['conf_level'] or 0.95):g} %"
    headings = [heading for model in models for heading in (RATIOS.get(measures[model], "difference"), "p")]
    return Table(
        title=f"Regression ({conf_level} intervals) of {label}",
        columns=("", *headings),
        rows=tuple(lines),
        notes=tuple(_notes(rows, models)),
        spanners=tuple(
            Spanner(label=model, start=1 + 2 * place, end=3 + 2 * place) for place, model in enumerate(models)
        ),
    )


def _effect_table(rows: Sequence[Row], label: str) -> Table:
    """Return the average marginal effects of each model, on the mean or on the probability of a category."""
    models = models_of(rows)
    cells = {(row["analysis"], row["term"], row["level"]): row for row in rows}
    digits = digits_of([row["estimate"] for row in rows])
    lines = [
        (
            term_label(term, level),
            *(cell for model in models for cell in _cells(cells.get((model, term, level)), digits)),
        )
        for term, level in distinct_values(rows, "term", "level")
    ]
    return Table(
        title=f"Average marginal effects on {label}",
        columns=("", *(heading for _ in models for heading in ("effect", "p"))),
        rows=tuple(lines),
        spanners=tuple(
            Spanner(label=model, start=1 + 2 * place, end=3 + 2 * place) for place, model in enumerate(models)
        ),
    )


def _measure_of(rows: Sequence[Row], model: str) -> str:
    """Return the measure that a model is read by: its ratio, or the coefficient of a linear one."""
    own = {row["measure"] for row in rows if row["analysis"] == model}
    return next((measure for measure in RATIOS if measure in own), "coefficient")


def _references(rows: Sequence[Row], term: str) -> list[str]:
    """Return the reference level of a factor, which only ratios have a row for."""
    own = [row for row in rows if row["term"] == term and row["status"] == "reference"]
    return [str(row["level"]) for row in own[:1]]


def _cells(row: Row | None, digits: int) -> tuple[str, str]:
    """Return an estimate with its interval, and its p-value or, without an interval, why there is none."""
    if row is None or row["status"] == "reference" or row["estimate"] is None:
        return estimate_cells(row)
    is_ratio = row["measure"] in RATIOS
    shown = 2 if is_ratio else 3 if row["measure"] in _PARAMETERS else digits
    if row["conf_low"] is None:
        return number(row["estimate"], shown), str(row["status"])
    p = "" if row["measure"] in _PARAMETERS else p_value(row["p_value"])
    return with_interval(row, shown, between="–" if is_ratio else " to "), p


def _notes(rows: Sequence[Row], models: Sequence[str]) -> Iterator[str]:
    """Yield the model, the errors and the people of each analysis, or why it was not fitted."""
    for model in models:
        row = next(row for row in rows if row["analysis"] == model)
        if row["n_obs"] is not None or row["status"] == "ok":
            yield f"{model}: {row['method']} errors; n = {count(row['n_obs'])}."
        elif row["status"] != "ok":
            yield f"{model}: {row['status']}"
