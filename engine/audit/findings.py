"""What an audit tells: where, what is printed, what follows from the rest, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.audit.published import Cell

CERTAIN, INFERRED = "certain", "inferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One slip.

    Attributes
    ----------
    check
        Which check found it.
    place
        Table, variable, level and column.
    printed
        What stands there.
    evidence
        Why it cannot be, or what it should be.
    certainty
        ``certain``: it follows from the printed numbers; ``inferred``: it is the likely reading of them.
    cells
        (table, variable, level, column, measure) of the numbers concerned.
    """

    check: str
    place: str
    printed: str
    evidence: str
    certainty: str
    cells: tuple[tuple[str, str, str, str, str], ...] = ()


def key_of(cell: Cell) -> tuple[str, str, str, str, str]:
    """Return a cell's place."""
    return cell.table, cell.variable, cell.level, cell.column, cell.measure


def finding(
    check: str,
    cells: Iterable[Cell],
    evidence: str,
    *,
    certainty: str = CERTAIN,
    place: str | None = None,
    printed: str | None = None,
) -> Finding:
    """Return a finding about some cells, the first of which gives the place."""
    own = tuple(cells)
    return Finding(
        check=check,
        place=place or own[0].place,
        printed=printed or ", ".join(cell.printed for cell in own[:6]),
        evidence=evidence,
        certainty=certainty,
        cells=tuple(key_of(cell) for cell in own),
    )
