"""Tidy rows -> tables, one builder for each kind of analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from engine.report.decomposition_table import decomposition_tables
from engine.report.logit_table import logit_tables
from engine.report.model import Table, digits_of, interval, number, p_value
from engine.report.multilevel_table import multilevel_tables

Row = Mapping[str, Any]
OVERALL = "Overall"


def flow_table(manifest: Mapping[str, Any]) -> Table:
    """Return the sample flow with the count after each rule, by wave where there are several."""
    steps = manifest["sample_flow"]
    waves = list(steps[0]["by_wave"]) if len(steps[0]["by_wave"]) > 1 else []
    rows = []
    for position, step in enumerate(steps):
        lost = steps[position - 1]["n"] - step["n"] if position else 0
        by_wave = [f"{step['by_wave'].get(wave, 0):,}" for wave in waves]
        rows.append((step["label"], *by_wave, f"{step['n']:,}", f"-{lost:,}" if lost else ""))
    notes = tuple(
        f"{name}: {own['rows']:,} missing values ({100 * own['share']:.1f} %) are replaced by the mean."
        for name, own in manifest.get("imputed", {}).items()
    )
    return Table(title="Sample", columns=("", *waves, "all", "left out"), rows=tuple(rows), notes=notes)


def analysis_tables(rows: Sequence[Row]) -> list[Table]:
    """Return the tables of one analysis, or of several logits side by side."""
    kind = rows[0]["kind"]
    return list(_BUILDERS[kind](rows))


def _group_label(row: Row) -> str:
    return " ".join(part for part in (row["wave"], row["subgroup"]) if part) or OVERALL


def _labels(rows: Sequence[Row]) -> list[str]:
    labels = list(dict.fromkeys(_group_label(row) for row in rows))
    return [label for label in labels if label != OVERALL] + ([OVERALL] if OVERALL in labels else [])


def _concentration(rows: Sequence[Row]) -> Iterator[Table]:
    for (outcome, rank), found in groupby(rows, key=lambda row: (row["outcome"], row["rank_by"])):
        own = list(found)
        shown = _last_method([row for row in own if row["measure"] not in ("difference", "wald_f")])
        decimals = _decimals(shown)
        lines = []
        for row in shown:
            digits = decimals[row["measure"]]
            what = number(row["estimate"], digits) if row["estimate"] is not None else row["status"]
            lines.append(
                (
                    _group_label(row),
                    _index_name(row),
                    what,
                    number(row["std_error"], digits + 1),
                    interval(row["conf_low"], row["conf_high"], digits),
                    p_value(row["p_value"]),
                    f"{row['n_obs']:,}",
                )
            )
        level = f"{100 * (shown[0]['conf_level'] or 0.95):g} % interval"
        yield Table(
            title=f"Concentration of {outcome} by {rank}",
            columns=("", "index", "estimate", "std. error", level, "p", "n"),
            rows=tuple(lines),
            notes=tuple(_method_notes(shown)),
        )
        compared = _last_method([row for row in own if row["measure"] in ("difference", "wald_f")])
        if compared:
            yield _difference_table(str(outcome), compared)


def _difference_table(outcome: str, rows: Sequence[Row]) -> Table:
    decimals = _decimals([{**row, "measure": row["term"]} for row in rows if row["measure"] == "difference"])
    lines = []
    for row in rows:
        digits = 2 if row["measure"] == "wald_f" else decimals[row["term"]]
        estimate = number(row["estimate"], digits)
        lines.append(
            (
                str(row["level"]),
                str(row["term"]).replace("_", " "),
                f"F = {estimate}" if row["measure"] == "wald_f" else estimate,
                number(row["std_error"], digits + 1),
                interval(row["conf_low"], row["conf_high"], digits),
                p_value(row["p_value"]),
            )
        )
    return Table(
        title=f"Differences in the concentration of {outcome}",
        columns=("", "index", "difference", "std. error", "interval", "p"),
        rows=tuple(lines),
    )


def _last_method(rows: Sequence[Row]) -> list[Row]:
    """Keep one row a quantity, the replicates' where there are any, and what peers print."""
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        peer = row["method"] if str(row["method"]).startswith("conindex") else None
        kept[row["measure"], row["wave"], row["subgroup"], row["term"], row["level"], peer] = row
    return list(kept.values())


def _decimals(rows: Sequence[Row]) -> dict[str, int]:
    """Return the decimals of each index, the same in all of its rows."""
    return {
        name: digits_of([row["estimate"] for row in rows if row["measure"] == name])
        for name in dict.fromkeys(row["measure"] for row in rows)
    }


def _index_name(row: Row) -> str:
    name = str(row["measure"]).replace("_", " ")
    return f"{name} ({row['method']})" if str(row["method"]).startswith("conindex") else name


def _method_notes(rows: Sequence[Row]) -> Iterator[str]:
    for method in dict.fromkeys(
        row["method"] for row in rows if not str(row["method"]).startswith("conindex")
    ):
        row = next(row for row in rows if row["method"] == method)
        replicates = f", {row['n_replicates']:,} replicates" if row["n_replicates"] else ""
        yield f"Intervals: {method}{replicates}."


def _rates(rows: Sequence[Row]) -> Iterator[Table]:
    for outcome, found in groupby(rows, key=lambda row: str(row["outcome"])):
        own = list(found)
        labels = _labels(own)
        cells = {(row["term"], row["level"], _group_label(row)): _rate(row) for row in own}
        lines: list[tuple[str, ...]] = []
        for term in dict.fromkeys(row["term"] for row in own):
            levels = list(dict.fromkeys(row["level"] for row in own if row["term"] == term))
            if levels != [None]:
                lines.append((str(term),))
            for level in levels:
                name = "Total" if level is None else f"  {level}"
                lines.append((name, *(cells.get((term, level, label), "-") for label in labels)))
        yield Table(
            title=f"Rate of {outcome}, per cent",
            columns=("", *labels),
            rows=tuple(lines),
            notes=(f"With {100 * (own[0]['conf_level'] or 0.95):g} % design-based intervals.",),
        )


def _rate(row: Row) -> str:
    if row["estimate"] is None:
        return "-"
    if row["conf_low"] is None:
        return f"{100 * row['estimate']:.2f}"
    return f"{100 * row['estimate']:.2f} ({100 * row['conf_low']:.2f}-{100 * row['conf_high']:.2f})"


def _describe(rows: Sequence[Row]) -> Iterator[Table]:
    labels = _labels(rows)
    cells = {(row["term"], row["level"], _group_label(row), row["measure"]): row["estimate"] for row in rows}
    lines: list[tuple[str, ...]] = []
    for term in dict.fromkeys(row["term"] for row in rows):
        lines.append((str(term),))
        if (term, None, labels[-1], "mean") in cells:
            means = [cells.get((term, None, label, "mean")) for label in labels]
            spreads = [cells.get((term, None, label, "sd")) for label in labels]
            digits = min(digits_of(means), 2)
            pairs = zip(means, spreads, strict=True)
            lines.append(("  mean (SD)", *(f"{number(m, digits)} ({number(s, digits)})" for m, s in pairs)))
        levels = dict.fromkeys(
            row["level"] for row in rows if row["term"] == term and row["measure"] == "count"
        )
        lines.extend(
            (f"  {level}", *(_count(cells, term, level, label) for label in labels)) for level in levels
        )
    yield Table(
        title="Counts (per cent); means (standard deviations)",
        columns=("", *labels),
        rows=tuple(lines),
        notes=(
            "Counts and per cent are unweighted, means weighted; weighted per cent are in results.parquet.",
        ),
    )


def _count(cells: Mapping[tuple[Any, ...], Any], term: Any, level: Any, label: str) -> str:  # noqa: ANN401
    count = cells.get((term, level, label, "count"))
    share = cells.get((term, level, label, "percent"))
    return "" if count is None else f"{count:,.0f} ({number(share, 2)})"


def _curve(rows: Sequence[Row]) -> Iterator[Table]:
    for outcome, found in groupby(rows, key=lambda row: (row["outcome"], row["rank_by"])):
        own = list(found)
        bands = [row for row in own if row["method"] == "linearised, simultaneous"]
        points = _shown_points(list(dict.fromkeys(row["level"] for row in bands)))
        lines: list[tuple[str, ...]] = []
        for label in _labels([row for row in own if row["measure"] == "concentration_curve"]):
            band = {row["level"]: row for row in bands if _group_label(row) == label}
            verdict = [
                row["term"] or row["status"]
                for row in own
                if row["measure"] == "dominance" and row["level"] == "diagonal" and _group_label(row) == label
            ]
            if band:
                lines.append(
                    (label, *(_ordinate(band[point]) for point in points), verdict[0] if verdict else "-")
                )
        yield Table(
            title=f"Concentration curve of {outcome[0]} by {outcome[1]}: share of the outcome held",
            columns=("", *(f"lowest {100 * float(point):g} %" for point in points), "against the diagonal"),
            rows=tuple(lines),
            notes=tuple(_between(own)),
        )


def _shown_points(points: Sequence[str]) -> list[str]:
    """Return up to six points, evenly spread, without the fixed ends."""
    inner = points[1:-1]
    step = max(1, -(-len(inner) // 6))
    return list(inner[step - 1 :: step])


def _ordinate(row: Row) -> str:
    if row["conf_low"] is None:
        return number(row["estimate"], 3)
    return f"{row['estimate']:.3f} ({row['conf_low']:.3f}-{row['conf_high']:.3f})"


def _between(rows: Sequence[Row]) -> Iterator[str]:
    yield "With simultaneous bands; dominance at 19 points, multiple comparison rule."
    for row in rows:
        if (
            row["measure"] == "dominance"
            and row["level"] != "diagonal"
            and row["method"] == "multiple comparison"
        ):
            yield f"{row['level']}: {row['term'] or row['status']}."


def _rif(rows: Sequence[Row]) -> Iterator[Table]:
    """One table a group: the coefficients on the scale of the index."""
    for label in _labels(rows):
        own = [row for row in rows if _group_label(row) == label and row["measure"] == "rif_coefficient"]
        index = next(
            (row for row in rows if _group_label(row) == label and row["measure"] != "rif_coefficient"), None
        )
        what = "" if index is None else f"{index['measure']} index {number(index['estimate'], 4)}"
        digits = digits_of([row["estimate"] for row in own])
        lines = tuple(
            (
                f"{row['term']}: {row['level']}" if row["level"] else str(row["term"] or row["status"]),
                number(row["estimate"], digits),
                number(row["std_error"], digits + 1),
                interval(row["conf_low"], row["conf_high"], digits),
                p_value(row["p_value"]),
            )
            for row in own
        )
        level = f"{100 * (own[0]['conf_level'] or 0.95):g} % interval"
        yield Table(
            title=f"RIF regression of {rows[0]['outcome']} by {rows[0]['rank_by']}, {label}: {what}",
            columns=("", "coefficient", "std. error", level, "p"),
            rows=lines,
            notes=("By how much the index changes, to first order, with the mean of a term.",),
        )


_BUILDERS: dict[str, Callable[[Sequence[Row]], Iterator[Table]]] = {
    "concentration": _concentration,
    "rates": _rates,
    "describe": _describe,
    "curve": _curve,
    "decomposition": decomposition_tables,
    "logit": logit_tables,
    "multilevel": multilevel_tables,
    "rif": _rif,
}
