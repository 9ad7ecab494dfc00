"""Tidy rows of multilevel logits -> fixed and random effects, models side by side (Li et al. 2022, Tables 2 to 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.logit_table import ratio_table
from engine.report.model import Table, number, p_value

Row = Mapping[str, Any]
MULTILEVEL_NEEDED = 0.059  # of the ICC: the rule that Li et al. 2022 follow (Cohen 1988)
MOST_MODES = 10


def multilevel_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return for each outcome, wave and subgroup the odds ratios, then variances and fit."""
    for outcome, wave, subgroup in dict.fromkeys(
        (row["outcome"], row["wave"], row["subgroup"]) for row in rows
    ):
        own = [
            row for row in rows if (row["outcome"], row["wave"], row["subgroup"]) == (outcome, wave, subgroup)
        ]
        group = " ".join(part for part in (wave, subgroup) if part)
        what = f"{outcome}{f', {group}' if group else ''}"
        full = {row["analysis"] for row in own if row["measure"] == "odds_ratio"}
        if full:
            yield ratio_table([row for row in own if row["analysis"] in full], what)
        yield _random(own, what)
        for level in dict.fromkeys(row["term"] for row in own if row["measure"] == "conditional_mode"):
            yield _modes([r for r in own if r["measure"] == "conditional_mode" and r["term"] == level], what)


def _random(rows: Sequence[Row], what: str) -> Table:
    models = list(dict.fromkeys(row["analysis"] for row in rows))
    cells = {(row["measure"], row["term"], row["analysis"]): row for row in rows}
    lines: list[tuple[str, ...]] = []

    def line(label: str, measure: str, term: str | None, show: Any) -> None:  # noqa: ANN401 - Row -> text
        found = [cells.get((measure, term, model)) for model in models]
        if any(found):
            lines.append((label, *("" if row is None else show(row) for row in found)))

    line("constant (log odds)", "coefficient", "(constant)", _with_error)
    for level in dict.fromkeys(row["term"] for row in rows if row["measure"] == "variance"):
        line(f"variance of {level}", "variance", level, _with_error)
    for level in dict.fromkeys(row["term"] for row in rows if row["measure"] == "icc"):
        line(f"ICC of {level}", "icc", level, _correlation)
        line(f"  above {MULTILEVEL_NEEDED:g}: a multilevel model is advised", "icc", level, _advised)
    line(
        "against a logit without",
        "lr_chi2",
        "(random effects)",
        lambda row: f"chi2 = {row['estimate']:,.2f}, p {p_value(row['p_value'])}",
    )
    for measure, digits in (("log_likelihood", 3), ("aic", 3), ("bic", 3), ("n_parameters", 0)):
        line(
            measure.replace("_", " "),
            measure,
            None,
            lambda row, digits=digits: number(row["estimate"], digits),
        )
    line("people", "log_likelihood", None, lambda row: f"{row['n_obs']:,}")
    for level in dict.fromkeys(row["term"] for row in rows if row["measure"] == "n_clusters"):
        line(f"clusters: {level}", "n_clusters", level, lambda row: number(row["estimate"], 0))
        line("  of one person", "one_person_clusters", level, lambda row: number(row["estimate"], 0))
    line("gain of twice the points", "points_check", None, lambda row: number(row["estimate"], 5))
    notes = [f"{row['analysis']}: {row['method']}." for row in rows if row["measure"] == "log_likelihood"]
    notes += [
        f"{row['analysis']}: {row['status']}."
        for row in rows
        if row["measure"] in ("points_check", "n_clusters") and row["status"] != "ok"
    ]
    return Table(
        title=f"Random effects and fit of {what}",
        columns=("", *models),
        rows=tuple(lines),
        notes=tuple(notes),
    )


def _with_error(row: Row) -> str:
    if row["std_error"] is None:
        return (
            f"{number(row['estimate'])} ({row['status']})"
            if row["estimate"] is not None
            else str(row["status"])
        )
    return f"{row['estimate']:.3f} ({row['std_error']:.3f})"


def _correlation(row: Row) -> str:
    if row["conf_low"] is None:
        return number(row["estimate"])
    return f"{row['estimate']:.3f} ({row['conf_low']:.3f}-{row['conf_high']:.3f})"


def _advised(row: Row) -> str:
    return "yes" if (row["estimate"] or 0.0) > MULTILEVEL_NEEDED else "no"


def _modes(rows: Sequence[Row], what: str) -> Table:
    """Show the smallest and the largest effects; all of them are in results.parquet."""
    shown = rows if len(rows) <= MOST_MODES else [*rows[: MOST_MODES // 2], *rows[-MOST_MODES // 2 :]]
    lines = [
        (
            f"{row['level']} of {len(rows)}",
            number(row["estimate"]),
            number(row["std_error"]),
            f"{number(row['conf_low'])} to {number(row['conf_high'])}",
        )
        for row in shown
    ]
    return Table(
        title=f"Effects of {rows[0]['term']} on {what}, log odds, from the smallest",
        columns=("", "effect", "std. error", "interval"),
        rows=tuple(lines),
    )
