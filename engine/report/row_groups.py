"""Tidy rows by what they describe: models, outcomes, waves and subgroups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.groups import group_name

Row = Mapping[str, Any]
RowsByKey = Mapping[tuple[Any, ...], Row]
POOLED = "multiple imputation"  # last part of the method of a pooled row, as in engine.estimators


def method_of_one(method: object) -> str:
    """Return the method of a row as it would be without imputations.

    Examples
    --------
    >>> method_of_one("linearised, multiple imputation"), method_of_one("linearised")
    ('linearised', 'linearised')
    """
    return ", ".join(part for part in str(method).split(", ") if part != POOLED)


def by_outcome_and_group(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield a label such as ``poor_health, 2014 female`` and the rows of each outcome, wave and subgroup."""
    for key in distinct_values(rows, "outcome", "wave", "subgroup"):
        outcome, wave, subgroup = key
        group = group_name(wave, subgroup)
        label = f"{outcome}, {group}" if group else str(outcome)
        yield label, [row for row in rows if (row["outcome"], row["wave"], row["subgroup"]) == key]


def by_group(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield the name and the rows of each wave and subgroup; the name is empty for all together."""
    for wave, subgroup in distinct_values(rows, "wave", "subgroup"):
        yield (
            group_name(wave, subgroup),
            [row for row in rows if (row["wave"], row["subgroup"]) == (wave, subgroup)],
        )


def distinct_values(rows: Sequence[Row], *columns: str) -> list[tuple[Any, ...]]:
    """Return the distinct values of some columns, in the order of the rows."""
    return list(dict.fromkeys(tuple(row[column] for column in columns) for row in rows))


def models_of(rows: Sequence[Row]) -> list[str]:
    """Return the names of the models (analyses), in the order of the rows."""
    return [name for (name,) in distinct_values(rows, "analysis")]


def terms_of(rows: Sequence[Row], measure: str) -> list[str | None]:
    """Return the terms that have a measure, in the order of the rows."""
    return list(dict.fromkeys(row["term"] for row in rows if row["measure"] == measure))


def by_measure(rows: Sequence[Row]) -> RowsByKey:
    """Return (measure, term, level) -> row, the last of equal keys."""
    return {(row["measure"], row["term"], row["level"]): row for row in rows}


def term_label(term: str | None, level: str | None) -> str:
    """Return the name of a table's line for a term, or for one of its levels."""
    return f"{term}: {level}" if level else str(term)
