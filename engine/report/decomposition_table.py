"""Tidy rows of a decomposition -> one table for each group: covariates, need, residual, the index.

Contribution, interval and share stand first, so that a narrow terminal keeps them together. Each line has
the decimals that its standard error deserves, so that a small contribution never reads as 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.doubts import doubts
from engine.report.model import Table, count, digits_of_error, interval, number, significant_digits
from engine.report.replicate_intervals import interval_tables
from engine.report.row_groups import Row, RowsByKey, by_group, by_measure, term_label, terms_of

_QUANTITIES = ("mean", "effect", "elasticity", "concentration_index")
_EFFECTS = ("elasticity_effect", "inequality_effect")
_WEIGHTING = (
    "Effects with the second elasticity and the first index; the other weighting is in results.parquet."
)


def decomposition_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the table of each wave and subgroup, and of each change between two of them."""
    for name, group_rows in by_group(rows):
        is_change = any(row["measure"] == "contribution_change" for row in group_rows)
        table = _change_table(group_rows, name) if is_change else _table(group_rows, name)
        yield table
        yield from interval_tables(group_rows, table.title)


def _change_table(rows: Sequence[Row], pair: str) -> Table:
    """Return the change of each contribution between two groups, and both effects by the first weighting."""
    shown = [row for row in rows if "first elasticity" not in str(row["method"])]
    cells = by_measure(shown)
    changes = [row for row in shown if row["measure"] == "contribution_change"]
    lines: list[tuple[str, ...]] = []
    for term, level in dict.fromkeys((row["term"], row["level"]) for row in changes):
        change = cells["contribution_change", term, level]
        effects = _effect_cells(cells, term, level)
        lines.append((term_label(term, level), *_estimate_cells(change), *effects))
    lines.append(("All terms", "", "", "", *_effect_cells(cells, "all terms", None)))
    for measure, name in (("residual_change", "Residual"), ("difference", "Change of the index")):
        row = next(row for row in shown if row["measure"] == measure)
        lines.append((name, *_estimate_cells(row), "", ""))
    return Table(
        title=f"Change of the concentration of {rows[0]['outcome']} by {rows[0]['rank_by']}, {pair}",
        columns=("", "contribution", _interval_heading(rows), "std. error", "by elasticity", "by inequality"),
        rows=tuple(lines),
        notes=(_WEIGHTING,),
    )


def _effect_cells(cells: RowsByKey, term: str | None, level: str | None) -> tuple[str, ...]:
    estimates = [cells[effect, term, level]["estimate"] for effect in _EFFECTS]
    return tuple(number(estimate, significant_digits(estimate)) for estimate in estimates)


def _table(rows: Sequence[Row], group: str) -> Table:
    """Return covariates with their contributions, sums by need, the residual and the index of one group."""
    cells, index = by_measure(rows), rows[0]
    lines: list[tuple[str, ...]] = []
    for term in terms_of(rows, "mean"):
        lines.extend(_term_lines(rows, cells, str(term)))
    sums = [term for term in ("need", "non-need") if ("contribution", term, "all") in cells]
    lines.extend(_contribution_line(cells, term, "all", f"All {term}") for term in sums)
    lines.extend(_index_lines(cells, index["measure"]))
    of_model = [f"{row['status']}." for row in rows[1:2] if row["status"] != "ok"]
    return Table(
        title=f"Decomposition of the concentration of {index['outcome']} by {index['rank_by']}"
        + (f", {group}" if group else ""),
        columns=(
            "",
            *("contribution", _interval_heading(rows), "share %", "std. error"),
            *("mean", "effect", "elasticity", "index"),
        ),
        rows=tuple(lines),
        notes=(
            f"{rows[-1]['method']}; n = {count(index['n_obs'])}.",
            *_sum_note(cells, index, sums),
            *(of_model or doubts(rows)),
        ),
    )


def _sum_note(cells: RowsByKey, index: Row, sums: Sequence[str]) -> Iterator[str]:
    """Yield the check that contributions and residual add up to the index."""
    residual = cells.get(("residual", None, None))
    parts = [cells["contribution", term, "all"]["estimate"] for term in sums]
    if residual is None or not parts or None in (*parts, residual["estimate"], index["estimate"]):
        return
    total = sum(parts) + residual["estimate"]
    yield f"Contributions and residual add up to {total:.6f}; the index is {index['estimate']:.6f}."


def _term_lines(rows: Sequence[Row], cells: RowsByKey, term: str) -> Iterator[tuple[str, ...]]:
    """Yield the line of a number, or of a factor its name, its levels and their sum."""
    levels = [row["level"] for row in rows if row["measure"] == "mean" and row["term"] == term]
    if levels != [None]:
        yield (term,)
    for level in levels:
        yield _contribution_line(cells, term, level, term if level is None else f"  {level}")
    if ("contribution", term, "all") in cells:
        yield _contribution_line(cells, term, "all", "  all")


def _contribution_line(cells: RowsByKey, term: str, level: str | None, name: str) -> tuple[str, ...]:
    quantities = [cells.get((measure, term, level)) for measure in _QUANTITIES]
    estimate, interval_text, std_error = _estimate_cells(cells["contribution", term, level])
    return (
        name,
        *(estimate, interval_text, _share_cell(cells.get(("share", term, level))), std_error),
        *("" if row is None else _quantity_cell(row) for row in quantities),
    )


def _index_lines(cells: RowsByKey, index: str) -> Iterator[tuple[str, ...]]:
    """Yield residual, index and horizontal inequity, as far as there are rows."""
    for measure, level, name in (
        ("residual", None, "Residual"),
        (index, None, f"{index} index".capitalize()),
        ("horizontal_inequity", "difference", "Horizontal inequity"),
        ("horizontal_inequity", "standardised", "  standardised"),
    ):
        row = cells.get((measure, None, level))
        if row is not None:
            share = cells.get(("share", "residual", None)) if measure == "residual" else None
            estimate, interval_text, std_error = _estimate_cells(row)
            yield (name, estimate, interval_text, _share_cell(share), std_error, "", "", "", "")


def _interval_heading(rows: Sequence[Row]) -> str:
    return f"{100 * (rows[0]['conf_level'] or 0.95):g} % interval"


def _estimate_cells(row: Row) -> tuple[str, str, str]:
    """Return estimate, interval and standard error."""
    digits = digits_of_error(row["estimate"], row["std_error"])
    return (
        number(row["estimate"], digits),
        interval(row["conf_low"], row["conf_high"], digits),
        number(row["std_error"], digits),
    )


def _quantity_cell(row: Row) -> str:
    return number(row["estimate"], significant_digits(row["estimate"]))


def _share_cell(row: Row | None) -> str:
    return "" if row is None else number(row["estimate"], 1)
