"""An estimate over the runs of a store -> a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.report.model import Table, digits_of, interval, number


def history_table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    """Return one line a run and estimate, with how far it moved since the run before, in standard errors."""
    digits = digits_of([row["estimate"] for row in rows])
    last: dict[tuple[str, str], Mapping[str, Any]] = {}
    lines = []
    for row in rows:
        key = (row["about"], row["method"])
        lines.append(
            (
                row["run"],
                row["created"][:16].replace("T", " "),
                row["about"] or "all",
                number(row["estimate"], digits),
                number(row["std_error"], digits + 1),
                interval(row["conf_low"], row["conf_high"], digits),
                _moved(last.get(key), row),
                row["method"] or "-",
            )
        )
        last[key] = row
    columns = ("run", "published (UTC)", "of", "estimate", "std. error", "interval", "moved by", "method")
    return Table(
        title=title,
        columns=columns,
        rows=tuple(lines),
        notes=("Moved by: standard errors since the run before.",),
    )


def _moved(before: Mapping[str, Any] | None, row: Mapping[str, Any]) -> str:
    if before is None or before["estimate"] is None or row["estimate"] is None:
        return "-"
    if row["estimate"] == before["estimate"]:
        return "="
    error = before["std_error"] or row["std_error"]
    return f"{(row['estimate'] - before['estimate']) / error:+.2f}" if error else "?"
