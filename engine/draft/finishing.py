"""The last step of an import: what depends on the whole script."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.draft.made_variables import UNUSED, replaced, used_in_analyses, words_of
from engine.draft.script import DraftOfVariable, ScriptStudy

_OTHER_UNIT = re.compile(r"(\w+) [*/] [\d.]+")


def finish(study: ScriptStudy) -> None:
    """Let conditions ask for codes where a variable is a factor, and leave out what nothing uses."""
    for table in study.analyses:
        if table.get("bounds") == [0, 1] and study.variable(str(table["outcome"])).is_event:
            del table["bounds"]
    _name_columns(study)
    _part_names(study)
    _read_as_numbers(study)
    changed = {name for name, one in study.variables.items() if one.is_factor or one.is_event}
    for table in study.analyses:
        if "where" in table:
            table["where"] = _with_codes(study, str(table["where"]), changed)
    study.rules = [(label, _with_codes(study, sql, changed)) for label, sql in study.rules]
    waiting = [*study.variables]
    while waiting:
        name = waiting.pop()
        one, before = study.variables[name], set(study.variables)
        if one.expression is not None:
            one.expression = _with_codes(study, one.expression, changed - {name.removesuffix("_code")})
        waiting += set(study.variables) - before
    used = used_variables(study)
    for line, names in study.made.items():
        if line in study.taken and not names & used:
            study.taken.discard(line)
            study.notes.pop(line, None)
            study.left_out[line] = (study.texts[line], UNUSED)


def used_variables(study: ScriptStudy) -> set[str]:
    """Return the variables that the study must hold."""
    used = used_in_analyses(study)
    used |= {name for name, one in study.variables.items() if one.quantiles or one.is_event or one.is_factor}
    waiting = [*used]
    while waiting:
        one = study.variables.get(waiting.pop(), DraftOfVariable())
        more = (words_of(one.expression or "") | {one.of or ""}) & set(study.variables)
        waiting += more - used
        used |= more
    return used


def _name_columns(study: ScriptStudy) -> None:
    """Let the design name columns where the script gives them other names or units."""
    for role in ("weight", "stratum", "cluster"):
        one = study.variables.get(str(study.design.get(role)))
        unit = _OTHER_UNIT.fullmatch(one.expression or "") if one is not None else None
        if one is not None and one.expression is None and one.source is not None:
            study.design[role] = one.source
        elif role == "weight" and unit is not None:
            column = study.variables.get(unit[1])
            study.design[role] = (column.source if column else None) or unit[1]
        elif one is not None and one.expression is not None:
            for line in _lines_that_make(study, str(study.design[role])):
                study.notes[line] = f"the {role} of a design is a column: prepare it in the file"


def _part_names(study: ScriptStudy) -> None:
    """Give a column of a made variable another name where the two differ in upper and lower case only."""
    made = {name.casefold(): name for name, one in study.variables.items() if one.expression}
    for name in [*study.variables]:
        one = study.variables[name]
        if one.expression is None and name.casefold() in made and name not in used_in_analyses(study):
            other = f"{name}_file"
            study.variables[other] = study.variables.pop(name)
            study.variables[other].source = one.source or name
            for variable in study.variables.values():
                variable.expression = replaced(variable.expression or "", {name: other}) or None


def _read_as_numbers(study: ScriptStudy) -> None:
    """Read a column as a number where only the expressions of other variables look at it."""
    named = used_in_analyses(study)
    for one in study.variables.values():
        if one.expression and "'" not in one.expression:
            for name in words_of(one.expression) & set(study.variables) - named:
                column = study.variables[name]
                column.is_code |= not (column.is_factor or column.is_event or column.quantiles)


def _lines_that_make(study: ScriptStudy, name: str) -> Iterator[int]:
    return (line for line, names in study.made.items() if name in names)


def _with_codes(study: ScriptStudy, sql: str, changed: set[str]) -> str:
    """Return SQL in which the codes of factors stand under names of their own."""

    def code(found: re.Match[str]) -> str:
        name = found[0]
        if name not in changed:
            return name
        known, made = study.variables[name], study.variable(f"{name}_code")
        made.source, made.expression, made.is_code = known.source or name, known.expression, True
        return f"{name}_code"

    return re.sub(r"'[^']*'|[^\W\d]\w*", code, sql)
