"""Tables of a study file before they are validated: a value of any type may stand anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Table = Mapping[str, Any]


def as_table(raw: object) -> Table:
    """Return a table as it is, and an empty one for anything else."""
    return raw if isinstance(raw, Mapping) else {}


def as_list(value: object) -> list[object]:
    """Return a list as it is, and a list of one for anything else."""
    return value if isinstance(value, list) else [value]


def as_names(value: object) -> list[str]:
    """Return the texts of a list, or of a single value."""
    return [item for item in as_list(value) if isinstance(item, str)]


def is_interval(ends: object, *, finite: bool = True) -> bool:
    """Whether this is [low, high] with low < high.

    Examples
    --------
    >>> is_interval([0, 1]), is_interval([1, 0]), is_interval([0, float("inf")]), is_interval([0, "x"])
    (True, False, False, False)
    """
    if not (isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, (int, float)) for end in ends)):
        return False
    low, high = ends
    return bool(low < high) and (not finite or (math.isfinite(low) and math.isfinite(high)))


def is_factor(variable: Table) -> bool:
    """Whether a variable has levels."""
    return bool(variable.get("levels") or variable.get("cut") or variable.get("quantiles"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RawStudy:
    """The tables of a study that its analyses refer to."""

    variables: Mapping[str, Table]
    design: Table
    source: Table

    @classmethod
    def of(cls, raw: Table) -> RawStudy:
        """Take the tables out of a study file."""
        variables = {name: as_table(variable) for name, variable in as_table(raw.get("variables")).items()}
        return cls(
            variables=variables, design=as_table(raw.get("design")), source=as_table(raw.get("source"))
        )

    @property
    def has_waves(self) -> bool:
        """Whether the records are told apart by wave; a shipped panel brings a wave column with it."""
        return self.source.get("wave") is not None or self.has_a_file_for_each_wave

    @property
    def has_a_file_for_each_wave(self) -> bool:
        """Whether ``source.path`` is a table wave -> file."""
        return isinstance(self.source.get("path"), Mapping)
