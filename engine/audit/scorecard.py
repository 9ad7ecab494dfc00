"""The scorecard: each published number beside that of a run, and the reason where they differ."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.audit.audit import audit_tables
from engine.audit.findings import CellKey, key_of
from engine.audit.published import OVERALL, PrintedCell, Tables, fold_label
from engine.audit.ratios import Z_95
from engine.audit.reading import read_publication, shipped_publications

SAME, WITHIN, ABSENT = "same as printed", "within the published interval", "not in this run"
LAST_DIGIT, DIFFERS = "differs by a last digit", "differs"
# Findings of these checks do not mean that a printed number is wrong.
_ABOUT_WORDING = ("label", "overlap", "design", "people left out", "people in the models")
_COUNT_TOLERANCE = 0.001  # counts that differ by less differ by a last digit
_LAST_DIGITS = 3.0  # half units of the last printed digit
_RowKey = tuple[str, str | None, str | None, str | None, str]  # analysis, wave, term, level, measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One published number beside ours.

    Attributes
    ----------
    table, variable, level, column, measure, printed
        The published number.
    published, ours, difference
        As numbers, on the published scale; None where the run does not have it.
    verdict
        ``same as printed`` (ours rounds to it), ``within the published interval``,
        ``differs by a last digit`` (counts: by a thousandth), ``differs`` or ``not in this run``.
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


def scorecard(name: str, rows: Sequence[Mapping[str, Any]], *, simulated: bool) -> tuple[Score, ...]:
    """Compare every published number with its tidy row of a run.

    Parameters
    ----------
    name
        A shipped publication.
    rows
        The tidy rows of the run.
    simulated
        Whether the records are simulated: then a difference may be due to the simulation.

    Raises
    ------
    UsageError
        If there is no such publication.
    """
    tables = read_publication(name)
    # Where each printed number stands in a run, and what a simulation cannot give.
    places = tomllib.loads(shipped_publications()[name].with_suffix(".toml").read_text(encoding="utf-8"))
    ours = {(row["analysis"], row["wave"], row["term"], row["level"], row["measure"]): row for row in rows}
    mistakes = _mistakes(tables)
    scores = []
    for cell, key in _rows_of_cells(tables, places):
        row = ours.get(key)
        value = None if row is None else _value_of(row, cell.measure)
        verdict = _verdict(tables, cell, value)
        reason = _mistake_of(mistakes, cell)
        if verdict in (DIFFERS, LAST_DIGIT) and not reason and simulated:
            reason = _limit_of_simulation(places, cell)
        scores.append(_score(cell, value, verdict, reason))
    return tuple(scores)


def _score(cell: PrintedCell, value: float | None, verdict: str, reason: str) -> Score:
    return Score(
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


def _mistakes(tables: Tables) -> dict[CellKey, str]:
    """Return what the audit says about each printed number that it finds wrong."""
    return {
        key: finding.evidence
        for finding in audit_tables(tables)
        if finding.check not in _ABOUT_WORDING
        for key in finding.cells
    }


def _mistake_of(mistakes: Mapping[CellKey, str], cell: PrintedCell) -> str:
    """Return what is wrong with a printed number, or with its count: then the percentage is wrong too."""
    return mistakes.get(key_of(cell)) or mistakes.get((*key_of(cell)[:4], "n"), "")


def _rows_of_cells(tables: Tables, places: Mapping[str, Any]) -> Iterator[tuple[PrintedCell, _RowKey]]:
    """Yield each published number with the key of its tidy row."""
    for cell in tables.cells:
        for place in places["numbers"]:
            measure = place["measures"].get(cell.measure)
            if not _covers(place, cell) or measure is None:
                continue
            wave = cell.column if place.get("by") == "wave" and cell.column != OVERALL else None
            term, level = _study_names(tables, cell, places)
            if term is not None:
                yield cell, (place["analysis"], wave, term or None, place.get("level", level), measure)


def _covers(place: Mapping[str, Any], cell: PrintedCell) -> bool:
    """Whether a section of the places covers a cell: its table, and its column if the section names one."""
    return bool(place["table"] == cell.table and place.get("column", cell.column) == cell.column)


def _study_names(
    tables: Tables, cell: PrintedCell, places: Mapping[str, Any]
) -> tuple[str | None, str | None]:
    """Return the study's names of a cell's term and level; the term is None where the study has none."""
    if cell.level in places["terms"]:
        return places["terms"][cell.level], None
    term = places["variables"].get(cell.variable)
    if term not in places["levels"]:
        return term, None
    # The study lists its levels in the order of the first table; those of later tables are matched to it.
    first = tables.levels("n", fold_label(cell.variable))
    level = tables.level_of(cell)
    return term, places["levels"][term][first.index(level)] if level in first else None


def _value_of(row: Mapping[str, Any], measure: str) -> float | None:
    """Return a tidy row's number for a published measure, on the published scale: rates in per cent."""
    if measure == "events":
        return None if row["n_events"] is None else float(row["n_events"])
    if measure in ("conf_low", "conf_high", "std_error"):
        value: float | None = row[measure]
        return value
    if row["estimate"] is None:
        return None
    return float(row["estimate"]) * (100.0 if measure == "rate" else 1.0)


def _verdict(tables: Tables, cell: PrintedCell, value: float | None) -> str:
    if value is None:
        return ABSENT
    if cell.rounds_from(value):
        return SAME
    if cell.measure == "odds_ratio" and _is_within_interval(tables, cell, value):
        return WITHIN
    tolerance = _COUNT_TOLERANCE * cell.value if cell.measure in ("n", "events") else 0.0
    is_slight = abs(value - cell.value) <= max(_LAST_DIGITS * cell.rounding, tolerance)
    return LAST_DIGIT if is_slight else DIFFERS


def _is_within_interval(tables: Tables, ratio: PrintedCell, value: float) -> bool:
    """Whether a ratio lies in the published interval: as printed, or from the standard error."""
    place = tables.place_of(ratio)
    low, high = tables.get("conf_low", *place), tables.get("conf_high", *place)
    if low is not None and high is not None and low.least <= value <= high.most:
        return True
    error = tables.get("std_error", *place, ratio.table)
    return error is not None and low is None and _is_near(ratio, error, value)


def _is_near(ratio: PrintedCell, error: PrintedCell, value: float) -> bool:
    """Whether a ratio lies in the 95 % interval of a printed one.

    The printed error is the ratio times the error of its logarithm.
    """
    if min(ratio.value, value) <= 0.0:
        return False
    return abs(math.log(value / ratio.value)) <= Z_95 * error.most / ratio.value


def _limit_of_simulation(places: Mapping[str, Any], cell: PrintedCell) -> str:
    for section in places.get("simulated", ()):
        if _covers(section, cell):
            return str(section["reason"])
    return "simulated records"
