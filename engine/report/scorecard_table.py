"""The scorecard of a run -> tables: how many published numbers come out, and those that do not, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.model import Table, number

Row = Mapping[str, Any]
MOST_SHOWN = 60


def scorecard_tables(rows: Sequence[Row], publication: str) -> Iterator[Table]:
    """Return the summary by table and the numbers that differ."""
    verdicts = list(dict.fromkeys(row["verdict"] for row in rows))
    counts = Counter((row["table"], row["column"], row["verdict"]) for row in rows)
    places = dict.fromkeys((row["table"], row["column"]) for row in rows)
    lines = [
        (f"{table}, {column}", *(f"{counts[table, column, verdict] or ''}" for verdict in verdicts))
        for table, column in places
    ]
    title = f"Scorecard: numbers printed by {publication}, and ours"
    yield Table(title=title, columns=("", *verdicts), rows=tuple(lines))
    differing = [row for row in rows if row["verdict"] == "differs"]
    unexplained = [row for row in differing if not row["reason"]]
    shown = [*unexplained, *(row for row in differing if row["reason"])]
    if not shown:
        return
    reasons = list(dict.fromkeys(row["reason"] for row in shown if row["reason"]))
    lines = [
        (
            _place(row),
            row["measure"].replace("_", " "),
            row["printed"],
            number(row["ours"], len(row["printed"].partition(".")[2])),
            f"{reasons.index(row['reason']) + 1}" if row["reason"] else "",
        )
        for row in shown[:MOST_SHOWN]
    ]
    told = dict.fromkeys(row["reason"] for row in shown[:MOST_SHOWN] if row["reason"])
    notes = [f"{reasons.index(reason) + 1}: {reason}." for reason in told]
    if len(shown) > MOST_SHOWN:
        notes.append(f"{len(shown) - MOST_SHOWN:,} more are in scorecard.parquet.")
    yield Table(
        title="Numbers that differ by more than a last digit",
        columns=("", "what", "printed", "ours", "why"),
        rows=tuple(lines),
        notes=tuple(notes),
    )


def _place(row: Mapping[str, Any]) -> str:
    parts = [row[part] for part in ("variable", "level", "column") if row[part]]
    return f"{row['table']}: {', '.join(parts)}"
