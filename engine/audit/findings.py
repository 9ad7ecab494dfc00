"""A finding of the audit: place, printed numbers, what the other numbers imply, and how certain that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from engine.audit.published import PrintedCell

CERTAIN, INFERRED = "certain", "inferred"
CellKey = tuple[str, str, str, str, str]  # table, variable, level, column, measure
_MOST_PRINTED = 6  # numbers that a finding quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One printed number, or several, that contradict other printed numbers.

    Attributes
    ----------
    check
        Name of the check.
    place
        Table, variable, level and column.
    printed
        The numbers as printed.
    evidence
        Why they cannot be right, or what they should be.
    certainty
        ``certain``: it follows from the printed numbers; ``inferred``: it is their most likely explanation.
    cells
        (table, variable, level, column, measure) of the numbers concerned.
    """

    check: str
    place: str
    printed: str
    evidence: str
    certainty: str
    cells: tuple[CellKey, ...] = ()

    @classmethod
    def about(
        cls,
        check: str,
        cells: Iterable[PrintedCell],
        evidence: str,
        *,
        certainty: str = CERTAIN,
        place: str | None = None,
        printed: str | None = None,
    ) -> Self:
        """Return a finding about some cells; the first cell gives the place unless `place` does."""
        concerned = tuple(cells)
        return cls(
            check=check,
            place=place or concerned[0].place,
            printed=printed or ", ".join(cell.printed for cell in concerned[:_MOST_PRINTED]),
            evidence=evidence,
            certainty=certainty,
            cells=tuple(key_of(cell) for cell in concerned),
        )


def key_of(cell: PrintedCell) -> CellKey:
    """Return what identifies a cell: table, variable, level, column, measure."""
    return cell.table, cell.variable, cell.level, cell.column, cell.measure
