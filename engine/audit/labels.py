"""Checks of labels: one level, one name; bands that do not overlap; bands that the design can hold."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from engine.audit.findings import CERTAIN, INFERRED, Finding, finding
from engine.audit.published import OVERALL, Cell, Tables, folded


def band(label: str) -> tuple[float, float] | None:
    """Return the numbers a label means.

    Examples
    --------
    >>> band("15-24"), band("> = 65"), band("65-"), band("male"), band("<=5")
    ((15.0, 24.0), (65.0, inf), (65.0, inf), None, (-inf, 5.0))
    """
    text = folded(label)
    if found := re.fullmatch(r"(\d+)-(\d+)", text):
        return float(found[1]), float(found[2])
    if found := re.fullmatch(r"(?:>=|≥)(\d+)|(\d+)(?:-|\+)", text):
        return float(found[1] or found[2]), math.inf
    if found := re.fullmatch(r"(?:<=|≤)(\d+)", text):
        return -math.inf, float(found[1])
    if found := re.fullmatch(r">(\d+)", text):  # open ends: just beyond the number
        return math.nextafter(float(found[1]), math.inf), math.inf
    if found := re.fullmatch(r"<(\d+)", text):
        return -math.inf, math.nextafter(float(found[1]), -math.inf)
    return None


def _some_cell(tables: Tables, table: str, variable: str, level: str) -> Cell:
    return next(
        cell
        for cell in tables.cells
        if (cell.table, folded(cell.variable), cell.level) == (table, variable, level)
    )


def check_names(tables: Tables) -> Iterator[Finding]:
    """A level has one name in all tables."""
    for variable in dict.fromkeys(folded(cell.variable) for cell in tables.cells):
        by_table = tables.tables_of(variable)
        named: dict[str, dict[str, Cell]] = {}
        for table, levels in by_table.items():
            for level in levels:
                cell = _some_cell(tables, table, variable, level)
                named.setdefault(tables.level_of(cell), {}).setdefault(_plain(level), cell)
        for names in named.values():
            if len(names) > 1 and not _same_band([*names]):
                cells = [*names.values()]
                told = "; ".join(f"{cell.table} '{cell.level}'" for cell in cells)
                printed = " / ".join(cell.level for cell in cells)
                certainty = INFERRED if variable in tables.guessed else CERTAIN
                yield finding(
                    "label",
                    cells,
                    f"one level, {told}",
                    place=cells[0].variable,
                    printed=printed,
                    certainty=certainty,
                )


def _plain(level: str) -> str:
    return (
        re.sub(r"\W+(or)?\W*", "/", folded(level).replace("or", "/"))
        if band(level) is None
        else folded(level)
    )


def _same_band(names: list[str]) -> bool:
    return band(names[0]) is not None and len({band(name) for name in names}) == 1


def check_bands(tables: Tables) -> Iterator[Finding]:
    """Bands of numbers follow each other without an overlap."""
    for variable in dict.fromkeys(folded(cell.variable) for cell in tables.cells):
        for table, levels in tables.tables_of(variable).items():
            bands = [(level, ends) for level in levels if (ends := band(level)) is not None]
            for (one, first), (other, second) in pairwise(sorted(bands, key=lambda item: item[1])):
                if second[0] <= first[1]:
                    cells = [_some_cell(tables, table, variable, level) for level in (one, other)]
                    evidence = f"'{one}' and '{other}' both hold {second[0]:g}"
                    yield finding(
                        "overlap",
                        cells,
                        evidence,
                        place=f"{table}, {cells[0].variable}",
                        printed=f"{one} / {other}",
                    )


def check_design(tables: Tables) -> Iterator[Finding]:
    """A wave holds no level that its design excludes; pooling it with waves that do confounds level and wave."""
    for limit in tables.cells:
        if limit.measure not in ("oldest", "youngest"):
            continue
        variable = folded(limit.variable)
        cut, empty = [], []
        for level in tables.levels("n", variable):
            ends = band(level)
            if ends is None:
                continue
            cell = tables.get("n", variable, level, limit.column)
            beyond = ends[0] > limit.value if limit.measure == "oldest" else ends[1] < limit.value
            partly = (
                ends[0] <= limit.value < ends[1]
                if limit.measure == "oldest"
                else ends[0] < limit.value <= ends[1]
            )
            if beyond:
                empty.append((level, cell))
            elif partly:
                cut.append((level, cell))
        if cut or empty:
            shown = [cell for _, cell in (*cut, *empty) if cell is not None] or [limit]
            parts = [f"'{level}' is cut off at {limit.printed}" for level, _ in cut]
            parts += [
                f"'{level}' cannot occur" + ("" if cell is None else ", yet is counted")
                for level, cell in empty
            ]
            told = " and ".join(parts)
            border = "ends at" if limit.measure == "oldest" else "begins at"
            others = [column for column in tables.columns("n") if column not in (limit.column, OVERALL)]
            tied = f"pooled with {', '.join(others)} it is tied to the wave"
            evidence = f"the design of {limit.column} {border} {limit.printed}: {told}; {tied}"
            yield finding("design", shown, evidence, place=f"{limit.variable}, {limit.column}")
