"""Tidy rows of logits -> odds ratios as papers print them: crude and adjusted, models side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.model import Spanner, Table, count, number, p_value, with_interval
from engine.report.row_groups import (
    Row,
    by_measure,
    by_outcome_and_group,
    distinct_values,
    models_of,
    term_label,
)

_CRUDE = "crude_odds_ratio"
_FIT_DIGITS = {"log_likelihood": 2, "pseudo_r2": 4, "aic": 2, "bic": 2}


def logit_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the odds ratios, effects and fit of the models of each outcome, wave and subgroup."""
    for label, group_rows in by_outcome_and_group(rows):
        yield ratio_table(group_rows, label)
        effects = [row for row in group_rows if row["measure"] in ("prevalence_ratio", "marginal_effect")]
        if effects:
            yield _effect_table(effects)
        yield fit_table(group_rows, _FIT_DIGITS)


def ratio_table(rows: Sequence[Row], label: str) -> Table:
    """Return the odds ratios of several models, crude ones first.

    Crude ratios of several models of the same people are the same: they stand once, with the first model.
    """
    shown = [row for row in rows if row["measure"] in ("odds_ratio", _CRUDE)]
    models = models_of(rows)
    crude = _first_crude(shown)
    cells: dict[tuple[Any, Any, Any], Row] = {(None, row["term"], row["level"]): row for row in crude}
    cells |= {
        (row["analysis"], row["term"], row["level"]): row for row in shown if row["measure"] == "odds_ratio"
    }
    keys = [*([None] if crude else []), *models]
    lines: list[tuple[str, ...]] = []
    for (term,) in distinct_values(shown, "term"):
        levels = list(dict.fromkeys(row["level"] for row in shown if row["term"] == term))
        if levels != [None]:
            lines.append((str(term),))
        for level in levels:
            line = [cell for key in keys for cell in estimate_cells(cells.get((key, term, level)))]
            lines.append((str(term) if level is None else f"  {level}", *line))
    conf_level = f"{100 * (shown[0]['conf_level'] or 0.95):g} %"
    return Table(
        title=f"Odds ratios ({conf_level} intervals) of {label}",
        columns=("", *("OR", "p") * len(keys)),
        rows=tuple(lines),
        notes=tuple(_notes(rows, models)),
        spanners=tuple(
            Spanner(label=str(key or "crude"), start=1 + 2 * place, end=3 + 2 * place)
            for place, key in enumerate(keys)
        ),
    )


def _first_crude(rows: Sequence[Row]) -> list[Row]:
    """Return the crude odds ratios of the first model that has any."""
    crude = [row for row in rows if row["measure"] == _CRUDE]
    return [row for row in crude if row["analysis"] == crude[0]["analysis"]]


def estimate_cells(row: Row | None) -> tuple[str, str]:
    """Return a ratio with its interval, and its p-value."""
    if row is None:
        return "", ""
    if row["status"] == "reference":
        return "1 (Ref)", ""
    if row["estimate"] is None:
        return str(row["status"]), ""
    if row["conf_low"] is None:
        return f"{number(row['estimate'], 2)} ({row['status']})", ""
    return with_interval(row, 2), p_value(row["p_value"])


def _notes(rows: Sequence[Row], models: Sequence[str]) -> Iterator[str]:
    """Yield the errors and the counts of each model, or why it was not fitted."""
    for model in models:
        row = next(row for row in rows if row["analysis"] == model)
        if row["n_obs"] is not None or row["status"] == "ok":
            people = f"n = {count(row['n_obs'])}, {count(row['n_events'])} with the event"
            yield f"{model}: {row['method']} errors; {people}."
        elif row["status"] != "ok":
            yield f"{model}: {row['status']}"


def _effect_table(rows: Sequence[Row]) -> Table:
    """Return the prevalence ratios and marginal effects of the first model."""
    model = models_of(rows)[0]
    cells = by_measure([row for row in rows if row["analysis"] == model])
    lines = [
        (
            term_label(term, level),
            *estimate_cells(cells.get(("prevalence_ratio", term, level))),
            *_point_cells(cells.get(("marginal_effect", term, level))),
        )
        for term, level in dict.fromkeys((term, level) for _, term, level in cells)
    ]
    return Table(
        title=f"Prevalence ratios and average marginal effects on {rows[0]['outcome']} ({model})",
        columns=("", "prevalence ratio (interval)", "p", "marginal effect, points (interval)", "p"),
        rows=tuple(lines),
    )


def _point_cells(row: Row | None) -> tuple[str, str]:
    """Return a marginal effect with its interval, in percentage points, and its p-value."""
    if row is None or row["estimate"] is None:
        return "", ""
    return with_interval(row, 2, times=100.0, between=" to "), p_value(row["p_value"])


def fit_table(rows: Sequence[Row], digits_of_measure: Mapping[str, int]) -> Table:
    """Return the fit of each model, the test of each term, and the largest variance inflation."""
    models = models_of(rows)
    lines: list[tuple[str, ...]] = []
    for measure, digits in digits_of_measure.items():
        estimates = {row["analysis"]: row["estimate"] for row in rows if row["measure"] == measure}
        if estimates:
            cells = (number(estimates.get(model), digits) for model in models)
            lines.append((measure.replace("_", " "), *cells))
    tests = [row for row in rows if row["measure"] in ("lr_chi2", "wald_f")]
    for (term,) in distinct_values(tests, "term"):
        of_model = {row["analysis"]: _test_cell(row) for row in tests if row["term"] == term}
        lines.append((f"test of {term}", *(of_model.get(model, "") for model in models)))
    inflation = [row for row in rows if row["measure"] == "vif"]
    if inflation:
        lines.append(("largest variance inflation", *(_largest(inflation, model) for model in models)))
    return Table(title="Fit and tests", columns=("", *models), rows=tuple(lines))


def _largest(rows: Sequence[Row], model: str) -> str:
    """Return the largest estimate of a model with its term."""
    of_model = [row for row in rows if row["analysis"] == model and row["estimate"] is not None]
    if not of_model:
        return ""
    largest = max(of_model, key=lambda row: row["estimate"])
    return f"{largest['estimate']:.2f} ({largest['term']})"


def _test_cell(row: Row) -> str:
    if row["estimate"] is None:
        return str(row["status"])
    sign = "chi2" if row["measure"] == "lr_chi2" else "F"
    return f"{sign} = {row['estimate']:,.2f}, p {p_value(row['p_value'])}"
