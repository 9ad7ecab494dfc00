"""Tidy rows of concentration curves -> one table for each outcome, with dominance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from engine.report.doubts import doubts
from engine.report.groups import Row, group_label, group_labels
from engine.report.model import Table, with_interval
from engine.report.row_groups import method_of_one


def curve_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the ordinates of each curve and whether it dominates the diagonal."""
    for outcome, found in groupby(rows, key=lambda row: (row["outcome"], row["rank_by"])):
        own = list(found)
        bands = [row for row in own if method_of_one(row["method"]).endswith(", simultaneous")]
        points = _shown_points(list(dict.fromkeys(row["level"] for row in bands)))
        band: dict[str, dict[str, Row]] = {}
        for row in bands:
            band.setdefault(group_label(row), {})[row["level"]] = row
        verdicts: dict[str, str] = {}
        for row in own:
            if row["measure"] == "dominance" and row["level"] == "diagonal":
                verdicts.setdefault(group_label(row), row["term"] or row["status"])
        labels = group_labels([row for row in own if row["measure"] == "concentration_curve"])
        lines = [
            (label, *(_ordinate(band[label][point]) for point in points), verdicts.get(label, "-"))
            for label in labels
            if label in band
        ]
        yield Table(
            title=f"Concentration curve of {outcome[0]} by {outcome[1]}: share of the outcome held",
            columns=("", *(f"lowest {100 * float(point):g} %" for point in points), "against the diagonal"),
            rows=tuple(lines),
            notes=(*_between(own), *doubts(bands)),
        )


def _shown_points(points: Sequence[str]) -> list[str]:
    """Return up to six points, evenly spread, without the fixed ends."""
    inner = points[1:-1]
    step = max(1, -(-len(inner) // 6))
    return list(inner[step - 1 :: step])


def _ordinate(row: Row) -> str:
    return with_interval(row, 3)


def _between(rows: Sequence[Row]) -> Iterator[str]:
    yield "With simultaneous bands; dominance at 19 points, multiple comparison rule."
    for row in rows:
        if (
            row["measure"] == "dominance"
            and row["level"] != "diagonal"
            and row["method"] == "multiple comparison"
        ):
            yield f"{row['level']}: {row['term'] or row['status']}."
