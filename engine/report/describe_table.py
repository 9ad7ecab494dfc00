"""Tidy rows of counts and means -> one table of all variables, missing values as lines of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.groups import Row, group_label, group_labels
from engine.report.independence_notes import RAO_SCOTT, notes_of_tests
from engine.report.model import Cell, Table, digits_of, people
from engine.report.small_cells import WITHHELD

VALID = "(valid)"
Estimates = Mapping[tuple[Any, ...], Any]


def describe_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the people of each level with their weighted per cent, and means with standard deviations."""
    tests = notes_of_tests(rows)
    rows = [row for row in rows if row["measure"] != RAO_SCOTT]
    labels = group_labels(rows)
    cells = {(row["term"], row["level"], group_label(row), row["measure"]): row["estimate"] for row in rows}
    of_group = {
        group_label(row): row["n_obs"] for row in sorted(rows, key=lambda row: row["n_obs"] is not None)
    }
    share = _share(cells)
    withheld = {(row["term"], row["level"]) for row in rows if row["status"] == WITHHELD}
    lines: list[tuple[str, ...]] = [("People", *(people(of_group[label]) for label in labels))]
    for term in dict.fromkeys(row["term"] for row in rows):
        lines.append((str(term),))
        if any((term, None, label, "mean") in cells for label in labels):
            lines.append(("  mean (SD)", *_means(cells, term, labels)))
        levels = dict.fromkeys(
            row["level"] for row in rows if row["term"] == term and row["measure"] == "count"
        )
        for level in levels:
            found = [cells.get((term, level, label, "count")) for label in labels]
            if level != VALID and (any(found) or (term, level) in withheld):
                texts = (_count(cells, (term, level, label), share) for label in labels)
                lines.append((f"  {level}", *texts))
    what = "weighted per cent" if share == "weighted_percent" else "per cent"
    yield Table(
        title=f"Characteristics: n ({what}); mean (SD)",
        columns=("", *labels),
        rows=tuple(lines),
        notes=(*_notes(share), *tests),
    )


def _notes(share: str) -> Iterator[str]:
    if share == "weighted_percent":
        yield "Counts are unweighted; per cent, means and SD are weighted."
    yield "What is missing stands in brackets, by its kind; it counts in the per cent."


def _share(cells: Estimates) -> str:
    """Return the per cent to show: weighted where weights make a difference."""
    differs = any(
        measure == "weighted_percent"
        and value is not None
        and abs(value - (cells.get((term, level, label, "percent")) or 0.0)) > 1e-9
        for (term, level, label, measure), value in cells.items()
    )
    return "weighted_percent" if differs else "percent"


def _means(cells: Estimates, term: str, labels: Sequence[str]) -> Iterator[str]:
    means = [cells.get((term, None, label, "mean")) for label in labels]
    digits = min(digits_of(means), 2)
    for label, mean in zip(labels, means, strict=True):
        spread = cells.get((term, None, label, "sd"))
        yield "-" if mean is None or spread is None else Cell((mean, spread), digits, "{} ({})")


def _count(cells: Estimates, place: tuple[Any, ...], share: str) -> str:
    number, per_cent = cells.get((*place, "count"), 0.0), cells.get((*place, share))
    if number is None:
        return people(None)
    if number is None or per_cent is None:
        return "" if (*place, "count") not in cells else people(number)
    return Cell((per_cent,), 1, f"{number:,.0f} ({{}})", people=number)
