"""Tidy rows of counts and means -> one table of all variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.groups import Row, group_label, group_labels
from engine.report.model import Table, digits_of, number


def describe_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return counts with per cent, and means with standard deviations."""
    labels = group_labels(rows)
    cells = {(row["term"], row["level"], group_label(row), row["measure"]): row["estimate"] for row in rows}
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
