"""Direct standardisation: the factors of the cells, and the standard population."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from engine.errors import Fault, nearest
from engine.study.base import Names, Spec
from engine.study.raw_tables import RawStudy, Table, as_names, as_table, is_factor


def _with_sizes(rows: tuple[tuple[str | float, ...], ...]) -> tuple[tuple[str | float, ...], ...]:
    """Refuse rows whose last entry is no size, or whose others are no levels."""
    for row in rows:
        *levels, size = row
        is_size = isinstance(size, (int, float)) and 0.0 <= size < float("inf")
        if not is_size or not levels or not all(isinstance(level, str) for level in levels):
            raise ValueError("should be rows of levels and a size of 0 or more, such as ['20-39', 0.4]")
    if not any(float(row[-1]) > 0.0 for row in rows):
        raise ValueError("should have a size above 0")
    return rows


class StandardSpec(Spec):
    """The standard population of directly standardised rates and means."""

    by: Annotated[Names, Field(min_length=1, description="Factors whose combined levels are the cells")]
    population: Annotated[
        tuple[Annotated[tuple[str | float, ...], Field(min_length=2)], ...],
        AfterValidator(_with_sizes),
        Field(
            min_length=1,
            description="One row for each cell: a level of each factor, then its size in the standard",
        ),
    ]


def check_standard(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """The cells of a standard population are those of factors of the study."""
    table = as_table(analysis.get("standardise"))
    names = as_names(table.get("by"))
    for name in names:
        if name not in study.variables:
            found = f"the unknown variable '{name}'"
            yield Fault(f"{path}.standardise.by", found, "a factor", nearest(name, [*study.variables]))
        elif not is_factor(study.variables[name]):
            remedy = f"Give variables.{name} levels or cut."
            yield Fault(f"{path}.standardise.by", f"the number '{name}'", "a factor", remedy)
    population = table.get("population")
    for row in population if isinstance(population, list) else []:
        if isinstance(row, list) and names and len(row) != len(names) + 1:
            found = f"a row of {len(row)} entries"
            expected = f"{len(names)} levels and a size"
            yield Fault(f"{path}.standardise.population", found, expected, "Correct the row.")


def check_standard_of_groups(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Only the means of groups can be standardised, by factors other than the groups'."""
    yield from check_standard(path, analysis, study)
    names = as_names(as_table(analysis.get("standardise")).get("by"))
    if names and analysis.get("group") is None:
        yield Fault(f"{path}.standardise", "this table without group", "group", "Name the factor to compare.")
    if analysis.get("group") in names:
        found = "the compared factor itself"
        yield Fault(f"{path}.standardise.by", found, "other factors", "Leave it out.")
