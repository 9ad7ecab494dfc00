"""Tidy rows of a decomposition -> one table for each group: covariates, need, residual, the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.model import Table, digits_of, interval, number
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
        yield _change_table(group_rows, name) if is_change else _table(group_rows, name)


def _change_table(rows: Sequence[Row], pair: str) -> Table:
    """Return both effects by the first weighting, and the change of each contribution, between two groups."""
    shown = [row for row in rows if "first elasticity" not in str(row["method"])]
    cells = by_measure(shown)
    changes = [row for row in shown if row["measure"] == "contribution_change"]
    digits = _digits(shown, "difference", "contribution_change")
    lines: list[tuple[str, ...]] = []
    for term, level in dict.fromkeys((row["term"], row["level"]) for row in changes):
        effects = [number(cells[effect, term, level]["estimate"], digits) for effect in _EFFECTS]
        change = cells["contribution_change", term, level]
        lines.append((term_label(term, level), *effects, *_estimate_cells(change, digits)))
    sums = [number(cells[effect, "all terms", None]["estimate"], digits) for effect in _EFFECTS]
    lines.append(("All terms", *sums, "", "", ""))
    for measure, name in (("residual_change", "Residual"), ("difference", "Change of the index")):
        row = next(row for row in shown if row["measure"] == measure)
        lines.append((name, "", "", *_estimate_cells(row, digits)))
    return Table(
        title=f"Change of the concentration of {rows[0]['outcome']} by {rows[0]['rank_by']}, {pair}",
        columns=("", "by elasticity", "by inequality", "contribution", "std. error", _interval_heading(rows)),
        rows=tuple(lines),
        notes=(_WEIGHTING,),
    )


def _table(rows: Sequence[Row], group: str) -> Table:
    """Return covariates with their contributions, sums by need, the residual and the index of one group."""
    cells, index = by_measure(rows), rows[0]
    digits = _digits(rows, index["measure"], "contribution")
    lines: list[tuple[str, ...]] = []
    for term in terms_of(rows, "mean"):
        lines.extend(_term_lines(rows, cells, str(term), digits))
    sums = [term for term in ("need", "non-need") if ("contribution", term, "all") in cells]
    lines.extend(_contribution_line(cells, term, "all", f"All {term}", digits) for term in sums)
    lines.extend(_index_lines(cells, index["measure"], digits))
    doubts = [f"{row['status']}." for row in rows[1:2] if row["status"] != "ok"]
    return Table(
        title=f"Decomposition of the concentration of {index['outcome']} by {index['rank_by']}"
        + (f", {group}" if group else ""),
        columns=(
            "",
            *("mean", "effect", "elasticity", "index"),
            *("contribution", "std. error", _interval_heading(rows), "share %"),
        ),
        rows=tuple(lines),
        notes=(f"{rows[-1]['method']}; n = {index['n_obs']:,}.", *doubts),
    )


def _term_lines(rows: Sequence[Row], cells: RowsByKey, term: str, digits: int) -> Iterator[tuple[str, ...]]:
    """Yield the line of a number, or of a factor its name, its levels and their sum."""
    levels = [row["level"] for row in rows if row["measure"] == "mean" and row["term"] == term]
    if levels != [None]:
        yield (term,)
    for level in levels:
        yield _contribution_line(cells, term, level, term if level is None else f"  {level}", digits)
    if ("contribution", term, "all") in cells:
        yield _contribution_line(cells, term, "all", "  all", digits)


def _contribution_line(
    cells: RowsByKey, term: str, level: str | None, name: str, digits: int
) -> tuple[str, ...]:
    quantities = [cells.get((measure, term, level)) for measure in _QUANTITIES]
    return (
        name,
        *("" if row is None else number(row["estimate"], 4) for row in quantities),
        *_estimate_cells(cells["contribution", term, level], digits),
        _share_cell(cells.get(("share", term, level))),
    )


def _index_lines(cells: RowsByKey, index: str, digits: int) -> Iterator[tuple[str, ...]]:
    """Yield residual, index and horizontal inequity, as far as there are rows."""
    for measure, level, name in (
        ("residual", None, "Residual"),
        (index, None, f"{index} index".capitalize()),
        ("horizontal_inequity", "difference", "Horizontal inequity"),
        ("horizontal_inequity", "standardised", "Horizontal inequity, standardised"),
    ):
        row = cells.get((measure, None, level))
        if row is not None:
            share = cells.get(("share", "residual", None)) if measure == "residual" else None
            yield (name, "", "", "", "", *_estimate_cells(row, digits), _share_cell(share))


def _digits(rows: Sequence[Row], *measures: str) -> int:
    return digits_of([row["estimate"] for row in rows if row["measure"] in measures])


def _interval_heading(rows: Sequence[Row]) -> str:
    return f"{100 * (rows[0]['conf_level'] or 0.95):g} % interval"


def _estimate_cells(row: Row, digits: int) -> tuple[str, str, str]:
    """Return estimate, standard error and interval."""
    return (
        number(row["estimate"], digits),
        number(row["std_error"], digits + 1),
        interval(row["conf_low"], row["conf_high"], digits),
    )


def _share_cell(row: Row | None) -> str:
    return "" if row is None else number(row["estimate"], 1)
