"""Names of waves and subgroups in tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
OVERALL = "Overall"
_VARIABLE = re.compile(r"(^| )[A-Za-z][A-Za-z0-9_]*=")


def group_label(row: Row) -> str:
    """Return the name of a row's wave and subgroup.

    Examples
    --------
    >>> group_label({"wave": "2014", "subgroup": "sex=female"}), group_label({"wave": None, "subgroup": None})
    ('2014 female', 'Overall')
    """
    return group_name(row["wave"], row["subgroup"]) or OVERALL


def group_name(wave: str | None, subgroup: str | None) -> str:
    """Return the name of a wave and subgroup, empty for all together."""
    return " ".join(part for part in (wave, _VARIABLE.sub(r"\1", subgroup or "")) if part)


def group_labels(rows: Sequence[Row]) -> list[str]:
    """Return the names of all groups, the one of all rows together last."""
    labels = list(dict.fromkeys(group_label(row) for row in rows))
    return [label for label in labels if label != OVERALL] + ([OVERALL] if OVERALL in labels else [])
