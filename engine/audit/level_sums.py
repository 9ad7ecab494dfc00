"""Sums of counts over the levels of a variable: how many people a column holds."""

from __future__ import annotations

from collections import Counter

from engine.audit.published import Tables


def column_totals(tables: Tables) -> dict[str, float]:
    """Return column -> its people: the sum that most variables have."""
    return {column: people for column, (people, _) in common_sums(tables).items()}


def common_sums(tables: Tables) -> dict[str, tuple[float, int]]:
    """Return column -> its most common sum, the largest of several, and how many variables have it."""
    common: dict[str, tuple[float, int]] = {}
    for column in tables.columns("n"):
        sums = Counter(
            total for variable in tables.variables("n") if (total := level_sum(tables, variable, column))
        )
        if sums:
            common[column] = max(sums.items(), key=lambda item: (item[1], item[0]))
    return common


def level_sum(tables: Tables, variable: str, column: str) -> float:
    """Return the people of all levels of a variable, with those whose value is missing."""
    missing = tables.get("missing", variable, "", column)
    known = level_sum_without_missing(tables, variable, column)
    return known + (missing.value if missing is not None else 0.0)


def level_sum_without_missing(tables: Tables, variable: str, column: str, table: str | None = None) -> float:
    """Return the people of all levels of a variable."""
    counts = [tables.get("n", variable, level, column, table) for level in tables.levels("n", variable)]
    return sum(count.value for count in counts if count is not None)
