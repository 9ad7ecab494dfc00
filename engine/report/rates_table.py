"""Tidy rows of rates and means -> one table for each outcome: levels of factors by group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from engine.report.groups import Row, group_label, group_labels
from engine.report.model import Table, digits_of, interval, number


def rates_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the rates, or the means, of each outcome."""
    for outcome, found in groupby(rows, key=lambda row: str(row["outcome"])):
        own = list(found)
        labels = group_labels(own)
        is_rate = own[0]["measure"] == "rate"
        factor, digits = (100, 2) if is_rate else (1, digits_of([row["estimate"] for row in own]))
        cells = {(row["term"], row["level"], group_label(row)): _cell(row, factor, digits) for row in own}
        lines: list[tuple[str, ...]] = []
        for term in dict.fromkeys(row["term"] for row in own):
            levels = list(dict.fromkeys(row["level"] for row in own if row["term"] == term))
            if levels != [None]:
                lines.append((str(term),))
            for level in levels:
                name = "Total" if level is None else f"  {level}"
                lines.append((name, *(cells.get((term, level, label), "-") for label in labels)))
        yield Table(
            title=f"Rate of {outcome}, per cent" if is_rate else f"Mean of {outcome}",
            columns=("", *labels),
            rows=tuple(lines),
            notes=(f"With {100 * (own[0]['conf_level'] or 0.95):g} % design-based intervals.",),
        )


def _cell(row: Row, factor: int, digits: int) -> str:
    """Return an estimate with its interval; a range of means is in words, since they may be negative."""
    if row["estimate"] is None:
        return "-"
    estimate, low, high = (
        None if row[key] is None else factor * row[key] for key in ("estimate", "conf_low", "conf_high")
    )
    if low is None:
        return number(estimate, digits)
    if row["measure"] == "rate":
        return f"{estimate:.2f} ({low:.2f}-{high:.2f})"
    return f"{number(estimate, digits)} ({interval(low, high, digits)})"
