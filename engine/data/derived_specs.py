"""Derived variables of a study: their checked expressions, in an order in which each can be computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.data.expression_tree import names_in
from engine.data.expressions import RuleColumn, check_value
from engine.errors import Fault, StudyError
from engine.study import StudySpec, VariableSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A derived variable.

    Attributes
    ----------
    name, spec
        The variable.
    sql
        Its expression, written from the checked tree; None for an aggregate.
    parts
        The variables it is computed from.
    """

    name: str
    spec: VariableSpec
    sql: str | None
    parts: tuple[str, ...]


def derived_variables(spec: StudySpec) -> tuple[Derived, ...]:
    """Return the derived variables of a study, each after those it is computed from.

    Raises
    ------
    StudyError
        With every fault of their expressions.
    """
    checked = checked_variables(spec)
    if faults := tuple(item for item in checked if isinstance(item, Fault)):
        raise StudyError(spec.study.name, faults)
    return tuple(item for item in checked if isinstance(item, Derived))


def checked_variables(spec: StudySpec) -> list[Derived | Fault]:
    """Return each derived variable of a study, or its fault."""
    columns = expression_columns(spec)
    waiting = {
        name: _parts(variable, columns) for name, variable in spec.variables.items() if variable.is_derived
    }
    checked: list[Derived | Fault] = []
    while waiting:
        ready = [name for name, parts in waiting.items() if not any(part in waiting for part in parts)]
        if not ready:
            return [*checked, *(_circle(name, parts, waiting) for name, parts in waiting.items())]
        checked.extend(_checked(spec, name, waiting.pop(name), columns) for name in ready)
    return checked


def expression_columns(spec: StudySpec) -> dict[str, RuleColumn]:
    """Return the columns that rules and expressions may refer to."""
    columns = {
        name: RuleColumn(
            is_factor=bool(variable.panel_levels) or variable.levels == "file", levels=variable.panel_levels
        )
        for name, variable in spec.variables.items()
    }
    has_waves = spec.source.wave is not None or isinstance(spec.source.path, dict)
    return {**columns, "wave": RuleColumn(is_factor=True)} if has_waves else columns


def _parts(variable: VariableSpec, columns: Mapping[str, RuleColumn]) -> tuple[str, ...]:
    if variable.expression is None:
        return () if variable.of is None else (variable.of,)
    return names_in(variable.expression, columns)


def _circle(name: str, parts: tuple[str, ...], waiting: Mapping[str, object]) -> Fault:
    needed = next(part for part in parts if part in waiting)
    found = f"'{needed}', which is itself computed from '{name}'" if needed != name else "the variable itself"
    return Fault(f"variables.{name}", found, "variables that do not depend on it", "Break the circle.")


def _checked(
    spec: StudySpec, name: str, parts: tuple[str, ...], columns: Mapping[str, RuleColumn]
) -> Derived | Fault:
    variable, place = spec.variables[name], f"variables.{name}.expression"
    if variable.expression is None:
        return Derived(name=name, spec=variable, sql=None, parts=parts)
    for part in parts:
        if part != "wave" and (spec.variables[part].quantiles or spec.variables[part].impute):
            found = f"'{part}', whose values depend on the sample"
            return Fault(place, found, "variables of the records", "Name another one.")
    written = check_value(place, variable.expression, columns)
    if isinstance(written, Fault):
        return written
    sql, kind = written
    if kind in ("text", "wave") and not variable.levels:
        return Fault(place, "a text", "a number, or levels for it", f"Give variables.{name} levels.")
    sql = f"CAST({sql} AS {'VARCHAR' if kind in ('text', 'wave') else 'DOUBLE'})"
    return Derived(name=name, spec=variable, sql=sql, parts=parts)
