"""Tidy rows of rates and means -> one table for each outcome: levels of factors by group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from engine.report.doubts import doubts
from engine.report.groups import Row, group_label, group_labels
from engine.report.independence_notes import RAO_SCOTT, notes_of_tests
from engine.report.model import Spanner, Table, digits_of, people, with_interval


def rates_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the rates, or the means, of each outcome, with the people behind each of them."""
    for outcome, found in groupby(rows, key=lambda row: str(row["outcome"])):
        all_of_it = list(found)
        own = [row for row in all_of_it if row["measure"] != RAO_SCOTT]
        labels = group_labels(own)
        is_rate, how = own[0]["measure"].endswith("rate"), ""
        if own[0]["measure"].startswith("standardised"):
            how = ", directly standardised"
        digits, times = (2, 100.0) if is_rate else (digits_of([row["estimate"] for row in own]), 1.0)
        cells = {(row["term"], row["level"], group_label(row)): row for row in own}
        lines: list[tuple[str, ...]] = []
        for term in dict.fromkeys(row["term"] for row in own):
            levels = list(dict.fromkeys(row["level"] for row in own if row["term"] == term))
            if levels != [None]:
                lines.append((str(term),))
            for level in levels:
                name = "Total" if level is None else f"  {level}"
                found_cells = (cells.get((term, level, label)) for label in labels)
                lines.append((name, *(text for cell in found_cells for text in _cells(cell, digits, times))))
        conf_level = f"{100 * (own[0]['conf_level'] or 0.95):g} %"
        yield Table(
            title=f"Rate of {outcome}, per cent{how}" if is_rate else f"Mean of {outcome}{how}",
            columns=("", *("n", "rate" if is_rate else "mean") * len(labels)),
            rows=tuple(lines),
            notes=(f"With {conf_level} design-based intervals.", *notes_of_tests(all_of_it), *doubts(own)),
            spanners=tuple(
                Spanner(label=label, start=1 + 2 * place, end=3 + 2 * place)
                for place, label in enumerate(labels)
            ),
        )


def _cells(row: Mapping[str, Any] | None, digits: int, times: float) -> tuple[str, str]:
    """Return the people behind a rate or a mean, and it with its interval."""
    if row is None:
        return "", ""
    between = "–" if row["measure"].endswith("rate") else " to "  # a mean may be negative
    return people(row["n_obs"]), with_interval(row, digits, times=times, between=between)
