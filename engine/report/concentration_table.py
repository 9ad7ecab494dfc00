"""Tidy rows of concentration indices -> a table of each outcome, and one of group differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from engine.report.doubts import doubts
from engine.report.groups import Row, group_label
from engine.report.model import Table, digits_of, interval, number, p_value, people, with_interval
from engine.report.replicate_intervals import every_interval, interval_name, interval_names

RELATIVE, ABSOLUTE = ("standard", "extended"), ("generalized", "erreygers")


def concentration_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the indices of each outcome, then their differences between groups."""
    for (outcome, rank), found in groupby(rows, key=lambda row: (row["outcome"], row["rank_by"])):
        own = list(found)
        shown = every_interval([row for row in own if row["measure"] not in ("difference", "wald_f")])
        has_several = len(interval_names(shown)) > 1
        decimals = _decimals(shown)
        lines = []
        for row in shown:
            digits = decimals[row["measure"]]
            what = number(row["estimate"], digits) if row["estimate"] is not None else row["status"]
            lines.append(
                (
                    group_label(row),
                    _index_name(row, with_interval=has_several),
                    what,
                    number(row["std_error"], digits + 1),
                    interval(row["conf_low"], row["conf_high"], digits),
                    p_value(row["p_value"]),
                    people(row["n_obs"]),
                )
            )
        yield from _side_by_side(last_method(shown), outcome, rank)
        level = f"{100 * (shown[0]['conf_level'] or 0.95):g} % interval"
        yield Table(
            title=f"Concentration of {outcome} by {rank}",
            columns=("", "index", "estimate", "std. error", level, "p", "n"),
            rows=tuple(lines),
            notes=(*_method_notes(shown), *doubts(shown)),
        )
        compared = every_interval([row for row in own if row["measure"] in ("difference", "wald_f")])
        if compared:
            yield _difference_table(str(outcome), compared)


def _side_by_side(rows: Sequence[Row], outcome: str, rank: str) -> Iterator[Table]:
    """Yield the relative and the absolute indices of each group in one line, if there are both."""
    found = [name for name in (*RELATIVE, *ABSOLUTE) if any(row["measure"] == name for row in rows)]
    if not set(found) & {*RELATIVE} or not set(found) & {*ABSOLUTE}:
        return
    decimals = _decimals(rows)
    lines = []
    for group in dict.fromkeys(group_label(row) for row in rows):
        own = {row["measure"]: row for row in rows if group_label(row) == group}
        most = max((row["n_obs"] for row in own.values() if row["n_obs"] is not None), default=None)
        cells = (
            with_interval(own[name], decimals[name], between=" to ") if name in own else "-" for name in found
        )
        lines.append((group, people(most), *cells))
    kinds = {name: "relative" if name in RELATIVE else "absolute" for name in found}
    yield Table(
        title=f"Relative and absolute inequality of {outcome} by {rank}",
        columns=("", "n", *(f"{name} ({kind})" for name, kind in kinds.items())),
        rows=tuple(lines),
        notes=tuple(_method_notes(rows)),
    )


def _difference_table(outcome: str, rows: Sequence[Row]) -> Table:
    decimals = _decimals([{**row, "measure": row["term"]} for row in rows if row["measure"] == "difference"])
    lines = []
    has_several = len(interval_names(rows)) > 1
    for row in rows:
        digits = 2 if row["measure"] == "wald_f" else decimals[row["term"]]
        estimate = number(row["estimate"], digits)
        lines.append(
            (
                str(row["level"]),
                _with_interval(row, str(row["term"]).replace("_", " "), shown=has_several),
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
        notes=tuple(doubts(rows)),
    )


def last_method(rows: Sequence[Row]) -> list[Row]:
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


def _index_name(row: Row, *, with_interval: bool) -> str:
    name = str(row["measure"]).replace("_", " ")
    if str(row["method"]).startswith("conindex"):
        return f"{name} ({row['method']})"
    return _with_interval(row, name, shown=with_interval)


def _with_interval(row: Row, name: str, *, shown: bool) -> str:
    return f"{name}, {interval_name(row)}" if shown and interval_name(row) else name


def _method_notes(rows: Sequence[Row]) -> Iterator[str]:
    for method in dict.fromkeys(
        row["method"] for row in rows if not str(row["method"]).startswith("conindex")
    ):
        row = next(row for row in rows if row["method"] == method)
        replicates = f", {row['n_replicates']:,} replicates" if row["n_replicates"] else ""
        yield f"Intervals: {method}{replicates}."
