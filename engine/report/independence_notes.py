"""Rao and Scott's tests as notes below tables of rates and characteristics."""

from __future__ import annotations

from collections.abc import Sequence

from engine.report.groups import Row, group_name
from engine.report.model import p_value

RAO_SCOTT = "rao_scott_f"


def notes_of_tests(rows: Sequence[Row]) -> list[str]:
    """Return a note for each test among some rows."""
    return [_note(row) for row in rows if row["measure"] == RAO_SCOTT]


def _note(row: Row) -> str:
    group = group_name(row["wave"], row["subgroup"])
    term = f"{row['term']}, {group}" if group else str(row["term"])
    if row["estimate"] is None:
        return f"{term}: {row['status']}."
    degrees = f"{row['df1']:.2f}, {row['df2']:.1f}"
    return f"{term}: Rao-Scott F({degrees}) = {row['estimate']:.2f}, p {p_value(row['p_value'])}."
