"""Tidy rows of a decomposition -> one table for each group: covariates, need, residual, the index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.model import Table, digits_of, interval, number

Row = Mapping[str, Any]


def decomposition_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the table of each wave and subgroup."""
    groups = dict.fromkeys((row["wave"], row["subgroup"]) for row in rows)
    for wave, subgroup in groups:
        own = [row for row in rows if (row["wave"], row["subgroup"]) == (wave, subgroup)]
        name = " ".join(part for part in (wave, subgroup) if part)
        is_change = any(row["measure"] == "contribution_change" for row in own)
        yield _change(own, name) if is_change else _table(own, f", {name}" if name else "")


def _change(rows: Sequence[Row], pair: str) -> Table:
    """Return what moved between two groups: both effects by the first weighting, and each contribution's change."""
    shown = [row for row in rows if "first elasticity" not in str(row["method"])]
    found = {(row["measure"], row["term"], row["level"]): row for row in shown}
    digits = digits_of(
        [row["estimate"] for row in shown if row["measure"] in ("difference", "contribution_change")]
    )
    effects = ("elasticity_effect", "inequality_effect")
    lines: list[tuple[str, ...]] = []
    for term, level in dict.fromkeys(
        (r["term"], r["level"]) for r in shown if r["measure"] == "contribution_change"
    ):
        parts = [number(found[effect, term, level]["estimate"], digits) for effect in effects]
        row = found["contribution_change", term, level]
        lines.append((f"{term}: {level}" if level else str(term), *parts, *_numbers(row, None, digits)[:3]))
    sums = [number(found[effect, "all terms", None]["estimate"], digits) for effect in effects]
    lines.append(("All terms", *sums, "", "", ""))
    for measure, label in (("residual_change", "Residual"), ("difference", "Change of the index")):
        row = next(row for row in shown if row["measure"] == measure)
        lines.append((label, "", "", *_numbers(row, None, digits)[:3]))
    level = f"{100 * (rows[0]['conf_level'] or 0.95):g} % interval"
    return Table(
        title=f"Change of the concentration of {rows[0]['outcome']} by {rows[0]['rank_by']}, {pair}",
        columns=("", "by elasticity", "by inequality", "contribution", "std. error", level),
        rows=tuple(lines),
        notes=(
            "Effects with the second elasticity and the first index; the other weighting is in results.parquet.",
        ),
    )


def _table(rows: Sequence[Row], group: str) -> Table:
    found = {(row["measure"], row["term"], row["level"]): row for row in rows}
    whole = rows[0]
    digits = digits_of(
        [row["estimate"] for row in rows if row["measure"] in (whole["measure"], "contribution")]
    )
    lines: list[tuple[str, ...]] = []
    for term in dict.fromkeys(row["term"] for row in rows if row["measure"] == "mean"):
        levels = [row["level"] for row in rows if row["measure"] == "mean" and row["term"] == term]
        if levels != [None]:
            lines.append((str(term),))
        lines.extend(_line(found, term, level, digits) for level in levels)
        if ("contribution", term, "all") in found:
            lines.append(_line(found, term, "all", digits))
    sums = [term for term in ("need", "non-need") if ("contribution", term, "all") in found]
    lines.extend(_line(found, term, "all", digits, f"All {term}") for term in sums)
    for measure, level, label in (
        ("residual", None, "Residual"),
        (whole["measure"], None, f"{whole['measure']} index".capitalize()),
        ("horizontal_inequity", "difference", "Horizontal inequity"),
        ("horizontal_inequity", "standardised", "Horizontal inequity, standardised"),
    ):
        row = found.get((measure, None, level))
        if row is not None:
            share = found.get(("share", "residual", None)) if measure == "residual" else None
            lines.append((label, "", "", "", "", *_numbers(row, share, digits)))
    level = f"{100 * (whole['conf_level'] or 0.95):g} % interval"
    notes = [f"{row['status']}." for row in rows[1:2] if row["status"] != "ok"]
    return Table(
        title=f"Decomposition of the concentration of {whole['outcome']} by {whole['rank_by']}{group}",
        columns=("", "mean", "effect", "elasticity", "index", "contribution", "std. error", level, "share %"),
        rows=tuple(lines),
        notes=(f"{rows[-1]['method']}; n = {whole['n_obs']:,}.", *notes),
    )


def _line(
    found: Mapping[tuple[Any, ...], Row], term: str, level: str | None, digits: int, label: str | None = None
) -> tuple[str, ...]:
    own = [
        found.get((measure, term, level))
        for measure in ("mean", "effect", "elasticity", "concentration_index")
    ]
    name = label or (term if level is None else f"  {level}")
    plain = ["" if row is None else number(row["estimate"], 4) for row in own]
    return (
        name,
        *plain,
        *_numbers(found["contribution", term, level], found.get(("share", term, level)), digits),
    )


def _numbers(row: Row, share: Row | None, digits: int) -> tuple[str, str, str, str]:
    return (
        number(row["estimate"], digits),
        number(row["std_error"], digits + 1),
        interval(row["conf_low"], row["conf_high"], digits),
        "" if share is None else number(share["estimate"], 1),
    )
