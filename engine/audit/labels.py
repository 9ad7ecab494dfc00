"""Checks of labels: one name for a level, bands without overlap, no level outside the design of a wave."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from engine.audit.findings import CERTAIN, INFERRED, Finding
from engine.audit.published import OVERALL, PrintedCell, Tables, fold_label

Band = tuple[float, float]  # least and greatest value, both included


def band(label: str) -> Band | None:
    """Return the range of numbers that a label means, None if it means none.

    Examples
    --------
    >>> band("15-24"), band("> = 65"), band("65-"), band("male"), band("<=5")
    ((15.0, 24.0), (65.0, inf), (65.0, inf), None, (-inf, 5.0))
    """
    text = fold_label(label)
    if match := re.fullmatch(r"(\d+)-(\d+)", text):
        return float(match[1]), float(match[2])
    if match := re.fullmatch(r"(?:>=|≥)(\d+)|(\d+)(?:-|\+)", text):
        return float(match[1] or match[2]), math.inf
    if match := re.fullmatch(r"(?:<=|≤)(\d+)", text):
        return -math.inf, float(match[1])
    # Open ends begin just beyond the number.
    if match := re.fullmatch(r">(\d+)", text):
        return math.nextafter(float(match[1]), math.inf), math.inf
    if match := re.fullmatch(r"<(\d+)", text):
        return -math.inf, math.nextafter(float(match[1]), -math.inf)
    return None


def _first_cell(tables: Tables, table: str, variable: str, level: str) -> PrintedCell:
    """Return the first cell of a level as printed, the variable folded."""
    return next(
        cell
        for cell in tables.cells
        if (cell.table, fold_label(cell.variable), cell.level) == (table, variable, level)
    )


def check_names(tables: Tables) -> Iterator[Finding]:
    """A level has one name in all tables."""
    for variable in tables.all_variables():
        certainty = INFERRED if variable in tables.guessed_variables else CERTAIN
        for names in _names_by_level(tables, variable):
            if len(names) == 1 or _mean_same_band([*names]):
                continue
            cells = [*names.values()]
            each = "; ".join(f"{cell.table} '{cell.level}'" for cell in cells)
            yield Finding.about(
                "label",
                cells,
                f"one level has several names: {each}",
                place=cells[0].variable,
                printed=" / ".join(cell.level for cell in cells),
                certainty=certainty,
            )


def _names_by_level(tables: Tables, variable: str) -> list[dict[str, PrintedCell]]:
    """Return each level's names, as far as they differ in more than punctuation, with a cell of each."""
    by_level: dict[str, dict[str, PrintedCell]] = {}
    for table, levels in tables.printed_levels(variable).items():
        for level in levels:
            cell = _first_cell(tables, table, variable, level)
            by_level.setdefault(tables.level_of(cell), {}).setdefault(_without_punctuation(level), cell)
    return [*by_level.values()]


def _without_punctuation(level: str) -> str:
    """Fold a level, with one slash for punctuation and "or"; a band keeps its signs."""
    folded = fold_label(level)
    return folded if band(level) is not None else re.sub(r"\W+(or)?\W*", "/", folded.replace("or", "/"))


def _mean_same_band(names: list[str]) -> bool:
    return band(names[0]) is not None and len({band(name) for name in names}) == 1


def check_bands(tables: Tables) -> Iterator[Finding]:
    """Bands of numbers follow each other without overlap."""
    for variable in tables.all_variables():
        for table, levels in tables.printed_levels(variable).items():
            bands = [(level, ends) for level in levels if (ends := band(level)) is not None]
            for (one, first), (other, second) in pairwise(sorted(bands, key=lambda item: item[1])):
                if second[0] > first[1]:
                    continue
                cells = [_first_cell(tables, table, variable, level) for level in (one, other)]
                yield Finding.about(
                    "overlap",
                    cells,
                    f"'{one}' and '{other}' both hold {second[0]:g}",
                    place=f"{table}, {cells[0].variable}",
                    printed=f"{one} / {other}",
                )


def check_design(tables: Tables) -> Iterator[Finding]:
    """A wave holds no level that its design excludes: else pooling the waves confounds level and wave."""
    for limit in tables.cells:
        if limit.measure not in ("oldest", "youngest"):
            continue
        cut_off, excluded = _levels_beyond(tables, limit)
        if not cut_off and not excluded:
            continue
        cells = [cell for cell in (*cut_off.values(), *excluded.values()) if cell is not None]
        levels = [f"'{level}' is cut off at {limit.printed}" for level in cut_off]
        levels += [
            f"'{level}' cannot occur" + ("" if cell is None else ", yet is counted")
            for level, cell in excluded.items()
        ]
        end = "ends at" if limit.measure == "oldest" else "begins at"
        others = [column for column in tables.columns("n") if column not in (limit.column, OVERALL)]
        evidence = f"the design of {limit.column} {end} {limit.printed}: {' and '.join(levels)}"
        if others:
            evidence += f"; pooled with {' and '.join(others)}, level and wave are confounded"
        yield Finding.about("design", cells or [limit], evidence, place=f"{limit.variable}, {limit.column}")


def _levels_beyond(
    tables: Tables, limit: PrintedCell
) -> tuple[dict[str, PrintedCell | None], dict[str, PrintedCell | None]]:
    """Return the levels that an age limit cuts off and those it excludes, with their counts in that wave."""
    variable = fold_label(limit.variable)
    cut_off: dict[str, PrintedCell | None] = {}
    excluded: dict[str, PrintedCell | None] = {}
    for level in tables.levels("n", variable):
        ends = band(level)
        if ends is None:
            continue
        count = tables.get("n", variable, level, limit.column)
        if _is_excluded(ends, limit):
            excluded[level] = count
        elif _is_cut_off(ends, limit):
            cut_off[level] = count
    return cut_off, excluded


def _is_excluded(ends: Band, limit: PrintedCell) -> bool:
    return ends[0] > limit.value if limit.measure == "oldest" else ends[1] < limit.value


def _is_cut_off(ends: Band, limit: PrintedCell) -> bool:
    if limit.measure == "oldest":
        return ends[0] <= limit.value < ends[1]
    return ends[0] < limit.value <= ends[1]
