"""Names of waves and subgroups in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
OVERALL = "Overall"


def group_label(row: Row) -> str:
    """Return the name of a row's wave and subgroup."""
    return " ".join(part for part in (row["wave"], row["subgroup"]) if part) or OVERALL


def group_labels(rows: Sequence[Row]) -> list[str]:
    """Return the names of all groups, the one of all rows together last."""
    labels = list(dict.fromkeys(group_label(row) for row in rows))
    return [label for label in labels if label != OVERALL] + ([OVERALL] if OVERALL in labels else [])
