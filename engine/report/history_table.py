"""An estimate over the runs of a store -> a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.report.model import Table, digits_of, interval, number

_COLUMNS = ("run", "published (UTC)", "of", "estimate", "std. error", "interval", "moved by", "method")


def history_table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    """Return a line for each run and estimate, with its change since the run before in standard errors."""
    digits = digits_of([row["estimate"] for row in rows])
    previous: dict[tuple[str, str], Mapping[str, Any]] = {}
    lines = []
    for row in rows:
        key = (row["about"], row["method"])
        lines.append(_line(row, previous.get(key), digits))
        previous[key] = row
    note = "Moved by: standard errors since the run before."
    return Table(title=title, columns=_COLUMNS, rows=tuple(lines), notes=(note,))


def _line(row: Mapping[str, Any], previous: Mapping[str, Any] | None, digits: int) -> tuple[str, ...]:
    return (
        row["run"],
        row["created"][:16].replace("T", " "),
        row["about"] or "all",
        number(row["estimate"], digits),
        number(row["std_error"], digits + 1),
        interval(row["conf_low"], row["conf_high"], digits),
        _moved(previous, row),
        row["method"] or "-",
    )


def _moved(previous: Mapping[str, Any] | None, row: Mapping[str, Any]) -> str:
    """Format the change since the previous run: `=` where there is none, `?` without a standard error."""
    if previous is None or previous["estimate"] is None or row["estimate"] is None:
        return "-"
    if row["estimate"] == previous["estimate"]:
        return "="
    error = previous["std_error"] or row["std_error"]
    return f"{(row['estimate'] - previous['estimate']) / error:+.2f}" if error else "?"
