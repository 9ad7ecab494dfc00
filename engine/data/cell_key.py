"""In what the rows of a cell are alike: what an analysis needs to know of a record."""

from __future__ import annotations

from dataclasses import dataclass

from engine.data.design_columns import DESIGN_PREFIX
from engine.data.harmonise import KIND_SUFFIX
from engine.study import StudySpec

WEIGHT = "cell_weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKey:
    """In what the rows of a cell are alike.

    Attributes
    ----------
    names
        Variables that the statistic looks at.
    by
        Variables that make groups, ``wave`` among them.
    weighted
        Whether the design weights count; otherwise each row counts as 1.
    with_reasons
        Whether it matters why a value is missing.
    """

    names: tuple[str, ...]
    by: tuple[str, ...] = ()
    weighted: bool = True
    with_reasons: bool = True

    def names_of_columns(self, spec: StudySpec) -> list[str]:
        """Return the columns in which the rows of a cell are alike, those of the design included."""
        design, names = spec.design, [*dict.fromkeys((*self.names, *self.by))]
        if design.independent_waves and "wave" not in names:
            names.append("wave")
        if self.with_reasons:
            names += [name + KIND_SUFFIX for name in names if name in spec.variables]
        roles = ("stratum", "cluster", "population")
        return names + [DESIGN_PREFIX + role for role in roles if getattr(design, role) is not None]

    def columns(self, spec: StudySpec) -> str:
        """Return SQL of the columns, those of the design included, and of the weight."""
        columns = [_quoted(name) for name in self.names_of_columns(spec)]
        weight = _quoted(f"{DESIGN_PREFIX}weight") if self.is_weighted(spec) else "1"
        return ", ".join([*columns, f"CAST({weight} AS DOUBLE) AS {WEIGHT}"])

    def is_weighted(self, spec: StudySpec) -> bool:
        """Whether rows count by their weights."""
        return self.weighted and spec.design.weight is not None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
