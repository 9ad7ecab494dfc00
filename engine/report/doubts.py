"""Why numbers of a table mean little, in the words of their statuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.groups import Row


def doubts(rows: Sequence[Row]) -> Iterator[str]:
    """Yield why a number that is printed is doubtful, or why groups are not compared."""
    statuses = (row["status"] for row in rows if row["estimate"] is not None or row["measure"] == "wald_f")
    for status in dict.fromkeys(statuses):
        if status != "ok":
            yield f"Some rows: {status}."
