"""Tidy rows of multilevel models -> fixed and random effects, models side by side.

As in Li et al. 2022, Tables 2 to 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from engine.report.logit_table import ratio_table
from engine.report.model import Cell, Table, number, p_value, people, with_interval
from engine.report.regression_table import estimate_table
from engine.report.row_groups import Row, by_outcome_and_group, models_of, terms_of
from engine.report.small_cells import WITHHELD

MULTILEVEL_NEEDED = 0.059  # of the ICC: the rule that Li et al. 2022 follow (Cohen 1988)
MOST_MODES = 10
LINEAR = "linear"  # at the beginning of the method of a linear model
_FIT_DIGITS = {"log_likelihood": 3, "aic": 3, "bic": 3, "n_parameters": 0}

Line = tuple[str, str, str | None, Callable[[Row], str]]


def multilevel_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return odds ratios, variances and fit, and clusters' effects for each outcome, wave and subgroup."""
    for label, all_rows in by_outcome_and_group(rows):
        linear = {row["analysis"] for row in all_rows if str(row["method"]).startswith(LINEAR)}
        if linear:
            yield from _linear_tables([row for row in all_rows if row["analysis"] in linear], label)
        group_rows = [row for row in all_rows if row["analysis"] not in linear]
        if not group_rows:
            continue
        with_terms = {row["analysis"] for row in group_rows if row["measure"] == "odds_ratio"}
        if with_terms:
            yield ratio_table([row for row in group_rows if row["analysis"] in with_terms], label)
        yield _random_effect_table(group_rows, label)
        modes = [row for row in group_rows if row["measure"] == "conditional_mode"]
        for level in terms_of(modes, "conditional_mode"):
            yield _mode_table([row for row in modes if row["term"] == level], label)


def _linear_tables(rows: Sequence[Row], label: str) -> Iterator[Table]:
    """Yield differences of means, then variances and fit."""
    estimates = [row for row in rows if row["measure"] == "coefficient"]
    if any(row["term"] not in ("(constant)", None) for row in estimates):
        table = estimate_table(estimates, label)
        yield replace(table, title=table.title.replace("Regression", "Multilevel regression", 1), notes=())
    yield _random_effect_table(rows, label, is_linear=True)


def _random_effect_table(rows: Sequence[Row], label: str, *, is_linear: bool = False) -> Table:
    models = models_of(rows)
    cells = {(row["measure"], row["term"], row["analysis"]): row for row in rows}
    lines: list[tuple[str, ...]] = []
    for name, measure, term, show in _lines(rows, is_linear=is_linear):
        line = [cells.get((measure, term, model)) for model in models]
        if any(line):
            lines.append((name, *("" if row is None else show(row) for row in line)))
    return Table(
        title=f"Random effects and fit of {label}",
        columns=("", *models),
        rows=tuple(lines),
        notes=tuple(_notes(rows)),
    )


def _lines(rows: Sequence[Row], *, is_linear: bool) -> Iterator[Line]:
    """Yield name, measure, term and format of each line that a table may have."""
    yield "constant" if is_linear else "constant (log odds)", "coefficient", "(constant)", _with_error
    for level in terms_of(rows, "variance"):
        yield f"variance of {level}", "variance", level, _with_error
    for level in terms_of(rows, "icc"):
        yield f"ICC of {level}", "icc", level, _correlation
        yield f"  above {MULTILEVEL_NEEDED:g}: a multilevel model is advised", "icc", level, _advice
    yield f"against a {'regression' if is_linear else 'logit'} without", "lr_chi2", "(random effects)", _chi2
    for measure, digits in _FIT_DIGITS.items():
        yield measure.replace("_", " "), measure, None, _estimate(digits)
    yield "people", "log_likelihood", None, lambda row: people(row["n_obs"])
    for level in terms_of(rows, "n_clusters"):
        yield f"clusters: {level}", "n_clusters", level, _estimate(0)
        yield "  of one person", "one_person_clusters", level, _estimate(0)
    for level in terms_of(rows, "points"):
        yield f"quadrature points: {level}", "points", level, _estimate(0)
    yield "log-likelihood with more points", "points_check", None, _estimate(5)
    for level in terms_of(rows, "points"):
        yield f"variance of {level} with more points, per cent", "points_check", level, _per_cent


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the method of each model, then what is doubtful about points and clusters."""
    for row in rows:
        if row["measure"] == "log_likelihood":
            yield f"{row['analysis']}: {row['method']}."
    for row in rows:
        is_whole = row["measure"] == "points_check" and row["term"] is None
        if (is_whole or row["measure"] == "n_clusters") and row["status"] != "ok":
            yield f"{row['analysis']}: {row['status']}."


def _estimate(digits: int) -> Callable[[Row], str]:
    """Return a format: the estimate with some digits."""
    return lambda row: number(row["estimate"], digits)


def _per_cent(row: Row) -> str:
    return number(None if row["estimate"] is None else 100.0 * row["estimate"], 4)


def _with_error(row: Row) -> str:
    if row["std_error"] is not None:
        return Cell((row["estimate"], row["std_error"]), 3, "{} ({})")
    if row["estimate"] is not None:
        return f"{number(row['estimate'])} ({row['status']})"
    return str(row["status"])


def _correlation(row: Row) -> str:
    return with_interval(row, 3)


def _advice(row: Row) -> str:
    if row["status"] == WITHHELD:
        return WITHHELD
    return "yes" if (row["estimate"] or 0.0) > MULTILEVEL_NEEDED else "no"


def _chi2(row: Row) -> str:
    if row["estimate"] is None:
        return str(row["status"])
    return f"chi2 = {row['estimate']:,.2f}, p {p_value(row['p_value'])}"


def _mode_table(rows: Sequence[Row], label: str) -> Table:
    """Return the smallest and the largest effects of a level's clusters; results.parquet has all of them."""
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
        title=f"Effects of {rows[0]['term']} on {label}, log odds, from the smallest",
        columns=("", "effect", "std. error", "interval"),
        rows=tuple(lines),
    )
