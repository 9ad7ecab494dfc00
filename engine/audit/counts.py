"""Checks of counts: totals against their parts, percentages against counts, missing values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from engine.audit.findings import CERTAIN, INFERRED, Finding
from engine.audit.level_sums import column_totals, common_sums, level_sum, level_sum_without_missing
from engine.audit.published import FOLDED_TOTAL, OVERALL, PrintedCell, Tables, fold_label

_MOST_SHIFTED_ROWS = 8  # consecutive rows that may hold all people where rows are shifted


def check_totals(tables: Tables) -> Iterator[Finding]:
    """A printed total is the sum of its parts."""
    for column, (people, n_agreeing) in common_sums(tables).items():
        total = tables.total("n", column)
        if total is None or total.value == people:
            continue
        evidence = f"the variables of this column sum to {people:,.0f}" + _sum_of_totals(
            tables, total, people
        )
        # The levels of a single variable may sum to less because the paper does not report missing values.
        certainty = CERTAIN if n_agreeing > 1 or people > total.value else INFERRED
        yield Finding.about("total", [total], evidence, certainty=certainty)


def _sum_of_totals(tables: Tables, total: PrintedCell, people: float) -> str:
    """Report the sum of all groups' totals, as printed and with one total corrected to `people`."""
    overall = tables.total("n", OVERALL)
    groups = tables.groups("n")
    totals = [tables.total("n", group) for group in groups]
    if total.column not in groups or overall is None or not all(totals):
        return ""
    printed_sum = sum(cell.value for cell in totals if cell is not None)
    corrected_sum = printed_sum - total.value + people
    message = f"; the printed totals sum to {printed_sum:,.0f}, with it to {corrected_sum:,.0f}"
    return message + (" as printed overall" if corrected_sum == overall.value else "")


def check_overall(tables: Tables) -> Iterator[Finding]:
    """A level's overall count is the sum of its groups, where the groups partition the people.

    They do where more of the sums agree than not: men, women, town and country are two partitions.
    """
    for measure in ("n", "events"):
        n_agreeing, findings = 0, []
        for overall, total in _overall_counts(tables, measure):
            if total == overall.value:
                n_agreeing += 1
            else:
                findings.append(Finding.about("overall count", [overall], f"its groups sum to {total:,.0f}"))
        if n_agreeing > len(findings):
            yield from findings


def _overall_counts(tables: Tables, measure: str) -> Iterator[tuple[PrintedCell, float]]:
    """Yield each level's overall count with the sum of its groups, two or more."""
    groups = tables.groups(measure)
    for variable in tables.variables(measure):
        for level in tables.levels(measure, variable):
            overall = tables.get(measure, variable, level, OVERALL)
            counts = [count for group in groups if (count := tables.get(measure, variable, level, group))]
            if overall is not None and len(counts) >= 2:
                yield overall, sum(count.value for count in counts)


def check_parts(tables: Tables) -> Iterator[Finding]:
    """The events of a variable's levels sum to the total, except for people whose value is missing."""
    people = column_totals(tables)
    for variable, column in product(tables.variables("events"), tables.columns("events")):
        total = tables.total("events", column)
        cells = [
            cell
            for level in tables.levels("events", variable)
            if (cell := tables.get("events", variable, level, column))
        ]
        events = sum(cell.value for cell in cells)
        if total is None or not cells or events == total.value:
            continue
        # People whose value is missing may have events too, but at most one each.
        n_missing = people.get(column, 0.0) - level_sum_without_missing(tables, variable, column)
        if not 0 <= total.value - events <= n_missing:
            evidence = f"they sum to {events:,.0f}, the total says {total.printed}"
            yield Finding.about("sum of parts", cells, evidence)


def check_percentages(tables: Tables) -> Iterator[Finding]:
    """A percentage is its count over all people of the column, or over those whose value is known."""
    totals = column_totals(tables)
    for cell in tables.cells:
        if cell.measure != "percent":
            continue
        variable, level, column = tables.place_of(cell)
        count = tables.get("n", variable, level, column, cell.table)
        known = level_sum_without_missing(tables, variable, column, cell.table)
        bases = [base for base in (totals.get(column), known) if base]
        if count is None or not bases or any(cell.rounds_from(100.0 * count.value / base) for base in bases):
            continue
        percentage = 100.0 * count.value / bases[0]
        evidence = f"{count.value:,.0f} / {bases[0]:,.0f} = {percentage:.{cell.decimals}f} %"
        yield Finding.about("percentage", [cell], evidence + _sum_of_percentages(tables, cell))


def _sum_of_percentages(tables: Tables, cell: PrintedCell) -> str:
    """Report the sum of a variable's percentages where rounding does not explain its distance from 100."""
    variable, _, column = tables.place_of(cell)
    printed = [
        percentage
        for level in tables.levels("n", variable)
        if (percentage := tables.get("percent", variable, level, column))
    ]
    total = sum(percentage.value for percentage in printed)
    if abs(total - 100.0) <= cell.rounding * (len(printed) + 1):
        return ""
    return f"; the printed percentages of the variable sum to {total:.2f}"


def check_level_sums(tables: Tables) -> Iterator[Finding]:
    """The levels of every variable hold all people; if its rows are shifted, the rows beside them do."""
    for column, people in column_totals(tables).items():
        sums = {variable: level_sum(tables, variable, column) for variable in tables.variables("n")}
        if sum(total == people for total in sums.values()) < 3:
            continue
        printed = [
            cell for cell in tables.in_column("n", column) if fold_label(cell.variable) != FOLDED_TOTAL
        ]
        for variable, total in sums.items():
            rows = [k for k, cell in enumerate(printed) if fold_label(cell.variable) == variable]
            if total in (0.0, people) or not rows:
                continue
            shifted = _shifted_rows(printed, rows[0], people)
            if shifted is None and total <= people:
                continue  # the paper does not report the missing values
            evidence = f"its rows sum to {total:,.0f}, not to {people:,.0f}"
            if shifted is not None:
                terms = " + ".join(cell.printed for cell in shifted)
                evidence += f"; {terms} = {people:,.0f}: the rows are shifted"
            cells = [printed[k] for k in rows]
            yield Finding.about("rows", cells, evidence, place=f"{cells[0].table}, {cells[0].variable}")


def _shifted_rows(printed: list[PrintedCell], first_row: int, people: float) -> list[PrintedCell] | None:
    """Return consecutive numbers that sum to all people, from a variable's first or second row on."""
    for first in (first_row, first_row + 1):
        for end in range(first + 2, min(first + _MOST_SHIFTED_ROWS, len(printed) + 1)):
            if sum(cell.value for cell in printed[first:end]) == people:
                return printed[first:end]
    return None
