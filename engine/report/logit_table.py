"""Tidy rows of logits -> odds ratios as papers print them: crude and adjusted, models side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.model import Table, number, p_value

Row = Mapping[str, Any]
_CRUDE = "crude_odds_ratio"


def logit_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return for each outcome, wave and subgroup the odds ratios of its models, then how they fit."""
    for outcome, wave, subgroup in dict.fromkeys(
        (row["outcome"], row["wave"], row["subgroup"]) for row in rows
    ):
        own = [
            row for row in rows if (row["outcome"], row["wave"], row["subgroup"]) == (outcome, wave, subgroup)
        ]
        group = " ".join(part for part in (wave, subgroup) if part)
        yield ratio_table(own, f"{outcome}{f', {group}' if group else ''}")
        effects = [row for row in own if row["measure"] in ("prevalence_ratio", "marginal_effect")]
        if effects:
            yield _effects(effects, str(outcome))
        yield _fit(own)


def _models(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["analysis"] for row in rows))


def ratio_table(rows: Sequence[Row], what: str) -> Table:
    """Return the odds ratios of several models, crude ones first."""
    shown = [row for row in rows if row["measure"] in ("odds_ratio", _CRUDE)]
    models = _models(rows)
    # Crude ratios of several models of the same people are the same: they stand once, with the first.
    crude = [row for row in shown if row["measure"] == _CRUDE and row["analysis"] == _first_with_crude(shown)]
    columns = [*([("crude", None)] if crude else []), *((model, model) for model in models)]
    cells: dict[tuple[Any, Any, Any], Row] = {(None, row["term"], row["level"]): row for row in crude}
    cells |= {
        (row["analysis"], row["term"], row["level"]): row for row in shown if row["measure"] == "odds_ratio"
    }
    lines: list[tuple[str, ...]] = []
    for term in dict.fromkeys(row["term"] for row in shown):
        levels = list(dict.fromkeys(row["level"] for row in shown if row["term"] == term))
        if levels != [None]:
            lines.append((str(term),))
        for level in levels:
            name = str(term) if level is None else f"  {level}"
            found = [cells.get((model, term, level)) for _, model in columns]
            lines.append((name, *(cell for row in found for cell in _cells(row))))
    level = f"{100 * (shown[0]['conf_level'] or 0.95):g} %"
    headings = [heading for label, _ in columns for heading in (str(label), "p")]
    title = f"Odds ratios ({level} intervals) of {what}"
    return Table(title=title, columns=("", *headings), rows=tuple(lines), notes=tuple(_notes(rows, models)))


def _first_with_crude(rows: Sequence[Row]) -> str | None:
    return next((row["analysis"] for row in rows if row["measure"] == _CRUDE), None)


def _cells(row: Row | None) -> tuple[str, str]:
    if row is None:
        return "", ""
    if row["status"] == "reference":
        return "reference", ""
    if row["estimate"] is None:
        return str(row["status"]), ""
    if row["conf_low"] is None:
        return number(row["estimate"], 2), ""
    ratio = f"{number(row['estimate'], 2)} ({number(row['conf_low'], 2)}-{number(row['conf_high'], 2)})"
    return ratio, p_value(row["p_value"])


def _notes(rows: Sequence[Row], models: Sequence[str]) -> Iterator[str]:
    for model in models:
        row = next(row for row in rows if row["analysis"] == model)
        if row["n_obs"] is not None:
            yield f"{model}: {row['method']} errors; n = {row['n_obs']:,}, {row['n_events']:,} with the event."
        elif row["status"] != "ok":
            yield f"{model}: {row['status']}"


def _effects(rows: Sequence[Row], outcome: str) -> Table:
    first = _models(rows)[0]
    own = {(row["measure"], row["term"], row["level"]): row for row in rows if row["analysis"] == first}
    lines: list[tuple[str, ...]] = []
    for term, level in dict.fromkeys((term, level) for _, term, level in own):
        ratio, effect = own.get(("prevalence_ratio", term, level)), own.get(("marginal_effect", term, level))
        lines.append((f"{term}: {level}" if level else str(term), *_cells(ratio), *_points(effect)))
    return Table(
        title=f"Prevalence ratios and average marginal effects on {outcome} ({first})",
        columns=("", "prevalence ratio (interval)", "p", "marginal effect, points (interval)", "p"),
        rows=tuple(lines),
    )


def _points(row: Row | None) -> tuple[str, str]:
    if row is None or row["estimate"] is None:
        return "", ""
    low, high = (100.0 * row[key] if row[key] is not None else None for key in ("conf_low", "conf_high"))
    return f"{100.0 * row['estimate']:.2f} ({number(low, 2)} to {number(high, 2)})", p_value(row["p_value"])


def _fit(rows: Sequence[Row]) -> Table:
    lines: list[tuple[str, ...]] = []
    models = _models(rows)
    for measure, digits in (("log_likelihood", 2), ("pseudo_r2", 4), ("aic", 2), ("bic", 2)):
        found = {row["analysis"]: row["estimate"] for row in rows if row["measure"] == measure}
        if found:
            lines.append((measure.replace("_", " "), *(number(found.get(model), digits) for model in models)))
    tests = [row for row in rows if row["measure"] in ("lr_chi2", "wald_f")]
    for term in dict.fromkeys(row["term"] for row in tests):
        found = {row["analysis"]: _test(row) for row in tests if row["term"] == term}
        lines.append((f"test of {term}", *(found.get(model, "") for model in models)))
    inflation = [row for row in rows if row["measure"] == "vif"]
    if inflation:
        worst = {
            model: max(
                (r for r in inflation if r["analysis"] == model), key=lambda r: r["estimate"], default=None
            )
            for model in models
        }
        cells = ["" if row is None else f"{row['estimate']:.2f} ({row['term']})" for row in worst.values()]
        lines.append(("largest variance inflation", *cells))
    return Table(title="Fit and tests", columns=("", *models), rows=tuple(lines))


def _test(row: Row) -> str:
    if row["estimate"] is None:
        return str(row["status"])
    sign = "chi2" if row["measure"] == "lr_chi2" else "F"
    return f"{sign} = {row['estimate']:,.2f}, p {p_value(row['p_value'])}"
