"""Checks of counts: totals between parts, percentages from counts, people without a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.audit.findings import CERTAIN, INFERRED, Finding, finding
from engine.audit.published import OVERALL, TOTAL, Tables, folded

_TOTAL = folded(TOTAL)


def column_totals(tables: Tables) -> dict[str, float]:
    """Return how many people each column holds: the sum that most variables have."""
    return {column: people for column, (people, _) in _column_sums(tables).items()}


def _column_sums(tables: Tables) -> dict[str, tuple[float, int]]:
    """Return each column's most common sum and how many variables have it."""
    found: dict[str, tuple[float, int]] = {}
    for column in tables.columns("n"):
        sums = Counter(
            total for variable in tables.variables("n") if (total := level_sum(tables, variable, column))
        )
        if sums:
            found[column] = max(sums.items(), key=lambda item: (item[1], item[0]))
    return found


def level_sum(tables: Tables, variable: str, column: str, table: str | None = None) -> float:
    """Return the people of all levels of a variable, with those whose value is missing."""
    missing = tables.get("missing", variable, "", column)
    known = level_sum_without_missing(tables, variable, column, table)
    return known + (missing.value if missing is not None else 0.0)


def level_sum_without_missing(tables: Tables, variable: str, column: str, table: str | None = None) -> float:
    """Return the people of all levels of a variable."""
    own = [tables.get("n", variable, level, column, table) for level in tables.levels("n", variable)]
    return sum(cell.value for cell in own if cell is not None)


def check_totals(tables: Tables) -> Iterator[Finding]:
    """A printed total is the sum of its parts."""
    groups = [column for column in tables.columns("n") if column != OVERALL]
    for column, (people, agreeing) in _column_sums(tables).items():
        cell = tables.get("n", _TOTAL, _TOTAL, column)
        if cell is None or cell.value == people:
            continue
        evidence = f"the variables of this column sum to {people:,.0f}"
        overall = tables.get("n", _TOTAL, _TOTAL, OVERALL)
        parts = [tables.get("n", _TOTAL, _TOTAL, group) for group in groups]
        if column in groups and overall is not None and all(parts):
            whole = sum(part.value for part in parts if part is not None)
            fixed = whole - cell.value + people
            evidence += f"; the printed totals sum to {whole:,.0f}"
            evidence += f", with it to {fixed:,.0f}" + (
                " as printed overall" if fixed == overall.value else ""
            )
        # One variable alone may have people without a value that nobody told of.
        certainty = CERTAIN if agreeing > 1 or people > cell.value else INFERRED
        yield finding("total", [cell], evidence, certainty=certainty)


def check_overall(tables: Tables) -> Iterator[Finding]:
    """A level's overall count is the sum of its groups, where the groups are a partition: where most sums fit."""
    for measure in ("n", "events"):
        groups = [column for column in tables.columns(measure) if column != OVERALL]
        fitting, others = 0, []
        for variable in tables.variables(measure):
            for level in tables.levels(measure, variable):
                whole = tables.get(measure, variable, level, OVERALL)
                parts = [cell for group in groups if (cell := tables.get(measure, variable, level, group))]
                if whole is None or len(parts) < 2:
                    continue
                total = sum(cell.value for cell in parts)
                if total == whole.value:
                    fitting += 1
                else:
                    others.append(finding("overall count", [whole], f"its groups sum to {total:,.0f}"))
        if fitting > len(others):
            yield from others


def check_parts(tables: Tables) -> Iterator[Finding]:
    """The events of a variable's levels are those of the total; its people are all but those without a value."""
    people = column_totals(tables)
    for variable in tables.variables("events"):
        for column in tables.columns("events"):
            total = tables.get("events", _TOTAL, _TOTAL, column)
            own = [
                cell
                for level in tables.levels("events", variable)
                if (cell := tables.get("events", variable, level, column))
            ]
            events = sum(cell.value for cell in own)
            if total is None or not own or events == total.value:
                continue
            # People without a value may have events too, but not more of them than there are.
            gap = total.value - events
            room = people.get(column, 0.0) - level_sum_without_missing(tables, variable, column)
            if not 0 <= gap <= room:
                yield finding(
                    "sum of parts", own, f"they sum to {events:,.0f}, the total says {total.printed}"
                )


def check_percentages(tables: Tables) -> Iterator[Finding]:
    """A percentage is its count over all people of the column, or over those with a value."""
    totals = column_totals(tables)
    for cell in tables.cells:
        if cell.measure != "percent":
            continue
        variable, level = folded(cell.variable), tables.level_of(cell)
        count = tables.get("n", variable, level, cell.column, cell.table)
        known = level_sum_without_missing(tables, variable, cell.column, cell.table)
        bases = [base for base in (totals.get(cell.column), known) if base]
        if count is None or not bases or any(cell.rounds_from(100.0 * count.value / base) for base in bases):
            continue
        right = 100.0 * count.value / bases[0]
        decimals = len(cell.printed.partition(".")[2])
        shown = [
            c
            for other in tables.levels("n", variable)
            if (c := tables.get("percent", variable, other, cell.column))
        ]
        whole = sum(c.value for c in shown)
        evidence = f"{count.value:,.0f} / {bases[0]:,.0f} = {right:.{decimals}f} %"
        if abs(whole - 100.0) > cell.half * (len(shown) + 1):
            evidence += f"; the printed percentages of the variable sum to {whole:.2f}"
        yield finding("percentage", [cell], evidence)
