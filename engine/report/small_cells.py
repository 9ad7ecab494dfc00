"""Marks numbers that rest on few people: in every table here, and in figures with the same words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.report.groups import Row, group_label
from engine.report.model import SMALL_MARK, Cell, Table

DEFAULT = 30
WITHHELD = "withheld"


def threshold_of(manifest: Mapping[str, Any]) -> int:
    """Return below how many people the study wants a number to be marked."""
    return int(manifest["study"].get("asked", {}).get("study", {}).get("mark_below", DEFAULT))


def mark_small_cells(tables: Sequence[Table], rows: Sequence[Row], threshold: int) -> Iterator[Table]:
    """Yield the tables of a section with marks, and a note below.

    A mark stands at the number of people. Tables without such numbers get a note that names the groups.
    """
    marked = [_marked(table, threshold) for table in tables]
    groups = dict.fromkeys(group_label(row) for row in rows if is_small(row["n_obs"], threshold))
    if groups and marked == [*tables]:
        note = f"Fewer than {threshold} people: {', '.join(groups)}; read with care."
        marked[-1] = replace(marked[-1], notes=(*marked[-1].notes, note))
    yield from marked


def withheld_notes(manifest: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[str]:
    """Say below a table that disclosure control has withheld some of its numbers."""
    asked = manifest.get("disclosure")
    if asked and any(row["status"] == WITHHELD for row in rows):
        few = f"numbers of fewer than {asked['threshold']} people"
        yield f"Withheld: {few}, and others from which these could be computed."


def _marked(table: Table, threshold: int) -> Table:
    rows = tuple(tuple(_with_mark(cell, threshold) for cell in row) for row in table.rows)
    if all(
        new is old
        for own, row in zip(rows, table.rows, strict=True)
        for new, old in zip(own, row, strict=True)
    ):
        return table
    return replace(table, rows=rows, notes=(*table.notes, meaning_of_mark(threshold)))


def meaning_of_mark(threshold: int) -> str:
    """Return what the mark says, in tables and in figures."""
    return f"{SMALL_MARK} fewer than {threshold} people: read with care."


def _with_mark(cell: str, threshold: int) -> str:
    if isinstance(cell, Cell) and is_small(cell.people, threshold):
        return cell.marked()
    return cell


def is_small(people: float | None, threshold: int) -> bool:
    """Say whether some people, but fewer than the threshold, stand behind a number."""
    return people is not None and 0 < people < threshold
