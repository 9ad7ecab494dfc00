"""The scorecard: each published number beside that of a run, and why they differ where they do."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.audit.audit import audit_tables
from engine.audit.findings import key_of
from engine.audit.published import OVERALL, Cell, Tables, folded, read_publication, shipped_publications

Row = Mapping[str, Any]
SAME, WITHIN, ABSENT = "same as printed", "within the published interval", "not in this run"
LAST_DIGIT, DIFFERS = "differs by a last digit", "differs"
_OF_WORDS = (
    "label",
    "overlap",
    "design",
    "people left out",
    "people in the models",
)  # no number of its own is wrong
_Z = 1.959963984540054
_OF_A_COUNT = 0.001  # counts that differ by less are told as a last digit


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One published number and ours.

    Attributes
    ----------
    table, variable, level, column, measure, printed
        The published number.
    published, ours, difference
        As numbers, on the published scale; None where the run does not have it.
    verdict
        ``same as printed`` (ours rounds to it), ``within the published interval``, ``differs by a last digit``
        (counts: by a thousandth), ``differs`` or ``not in this run``.
    reason
        What the audit says about the printed number, or why simulated records cannot give it.
    """

    table: str
    variable: str
    level: str
    column: str
    measure: str
    printed: str
    published: float
    ours: float | None
    difference: float | None
    verdict: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the score for a frame."""
        return asdict(self)


def scorecard(name: str, rows: Sequence[Row], *, simulated: bool) -> tuple[Score, ...]:
    """Set every published number beside its own in the tidy rows of a run.

    Raises
    ------
    UsageError
        If there is no such publication.
    """
    tables = read_publication(name)
    places = tomllib.loads(shipped_publications()[name].with_suffix(".toml").read_text(encoding="utf-8"))
    ours = {(row["analysis"], row["wave"], row["term"], row["level"], row["measure"]): row for row in rows}
    slips = {
        key: finding.evidence
        for finding in audit_tables(tables)
        if finding.check not in _OF_WORDS
        for key in finding.cells
    }
    found = []
    for cell, key in _placed(tables, places):
        row = ours.get(key)
        value = None if row is None else _number(row, cell.measure)
        # A percentage is wrong where its count is.
        reason = slips.get(key_of(cell)) or slips.get((*key_of(cell)[:4], "n"), "")
        verdict = _verdict(tables, cell, value)
        if verdict in (DIFFERS, LAST_DIGIT) and not reason and simulated:
            reason = _simulated(places, cell)
        found.append(
            Score(
                table=cell.table,
                variable=cell.variable,
                level=cell.level,
                column=cell.column,
                measure=cell.measure,
                printed=cell.printed,
                published=cell.value,
                ours=value,
                difference=None if value is None else value - cell.value,
                verdict=verdict,
                reason=reason,
            )
        )
    return tuple(found)


def _placed(tables: Tables, places: Mapping[str, Any]) -> Iterator[tuple[Cell, tuple[Any, ...]]]:
    """Yield each published number with the key of its row: analysis, wave, term, level, measure."""
    for cell in tables.cells:
        for part in places["numbers"]:
            if part["table"] == cell.table and part.get("column", cell.column) == cell.column:
                measure = part["measures"].get(cell.measure)
                if measure is None:
                    continue
                wave = cell.column if part.get("by") == "wave" and cell.column != OVERALL else None
                term, level = _study_names(tables, cell, places)
                if term is not None:
                    yield cell, (part["analysis"], wave, term or None, part.get("level", level), measure)


def _study_names(tables: Tables, cell: Cell, places: Mapping[str, Any]) -> tuple[str | None, str | None]:
    if cell.level in places["terms"]:
        return places["terms"][cell.level], None
    term = places["variables"].get(cell.variable)
    if term not in places["levels"]:
        return term, None
    # Levels of all tables are matched to those of the first one, which the study's names follow.
    variable = folded(cell.variable)
    first = tables.levels("n", variable)
    level = tables.level_of(cell)
    return term, places["levels"][term][first.index(level)] if level in first else None


def _number(row: Row, measure: str) -> float | None:
    if measure == "events":
        return None if row["n_events"] is None else float(row["n_events"])
    if measure in ("conf_low", "conf_high", "std_error"):
        limit: float | None = row[measure]
        return limit
    if row["estimate"] is None:
        return None
    return float(row["estimate"]) * (100.0 if measure == "rate" else 1.0)


def _verdict(tables: Tables, cell: Cell, value: float | None) -> str:
    if value is None:
        return ABSENT
    if cell.rounds_from(value):
        return SAME
    if cell.measure == "odds_ratio":
        place = (folded(cell.variable), tables.level_of(cell), cell.column)
        low, high = tables.get("conf_low", *place), tables.get("conf_high", *place)
        if low is not None and high is not None and low.value - low.half <= value <= high.value + high.half:
            return WITHIN
        error = tables.get("std_error", *place, cell.table)
        if error is not None and low is None and _near(cell, error, value):
            return WITHIN
    slight = max(3.0 * cell.half, _OF_A_COUNT * cell.value if cell.measure in ("n", "events") else 0.0)
    return LAST_DIGIT if abs(value - cell.value) <= slight else DIFFERS


def _near(cell: Cell, error: Cell, value: float) -> bool:
    """Whether a ratio lies in the interval of a printed one: its error is ratio x error of its logarithm."""
    if min(cell.value, value) <= 0.0:
        return False
    return abs(math.log(value / cell.value)) <= _Z * (error.value + error.half) / cell.value


def _simulated(places: Mapping[str, Any], cell: Cell) -> str:
    for part in places.get("simulated", ()):
        if part["table"] == cell.table and part.get("column", cell.column) == cell.column:
            return str(part["reason"])
    return "simulated records"
