"""Tidy rows of rates -> one table for each outcome: levels of factors by group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from engine.report.groups import Row, group_label, group_labels
from engine.report.model import Table


def rates_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the rates of each outcome."""
    for outcome, found in groupby(rows, key=lambda row: str(row["outcome"])):
        own = list(found)
        labels = group_labels(own)
        cells = {(row["term"], row["level"], group_label(row)): _rate(row) for row in own}
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
