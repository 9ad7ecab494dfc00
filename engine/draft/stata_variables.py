"""Stata's variables: generate, replace, recode, rename, egen by group, and labels of values."""

from __future__ import annotations

import re

from engine.draft.made_variables import (
    before_it,
    change,
    codes_of,
    copy,
    label,
    make,
)
from engine.draft.script import MAKES, DraftOfVariable, ScriptStudy, Statement, Untaken
from engine.draft.script_conditions import Condition, condition_of
from engine.draft.stata_command import Command

_TYPES = r"(?:(?:byte|int|long|float|double)\s+)?"
_MADE = re.compile(rf"{_TYPES}([^\W\d]\w*)\s*=(?!=)\s*(.+)")
_RULE = re.compile(r"\(\s*([^()=]+?)\s*=\s*([-\w.]+)\s*(?:\"([^\"]*)\")?\s*[^()]*\)")
_NUMBER = r"-?\d+(?:\.\d+)?"
_AGGREGATES = {"max": "max", "min": "min", "mean": "mean", "sum": "sum", "total": "sum", "count": "count"}
_MAKERS = ("gen", "g", "ge", "gene", "gener", "genera", "generat", "generate")
_NAMED = re.compile(
    rf"(?:bys\w*\s[^:]*:\s*|by\s[^:]*:\s*)?(?:ge?n?e?r?a?t?e?|replace|egen|clonevar)\s+{_TYPES}([^\W\d]\w*)"
)


def made_by(text: str) -> tuple[str, ...]:
    """Return the variables that a statement makes or changes, as far as it names them."""
    found = _NAMED.match(text)
    if found is not None:
        return (found[1],)
    if re.match(r"(recode|destring|encode|decode|winsor2?)\s", text):
        new = re.search(r"\bgen\w*\(([^)]*)\)", text)
        return tuple((new[1] if new else text.partition(" ")[2].partition("(")[0].partition(",")[0]).split())
    return ()


def make_variables(study: ScriptStudy, one: Statement, command: Command, text: str) -> bool:
    """Take a statement that makes or changes variables; says whether it is one."""
    if command.name in _MAKERS or command.name == "replace":
        _generate(study, one, command)
    elif command.name in ("rename", "ren", "clonevar"):
        _rename(study, one, command)
    elif command.name == "recode":
        _recode(study, one, command)
    elif _NAMED.match(text) and "egen" in text:
        _aggregate(study, one, text)
    else:
        return False
    return True


def _generate(study: ScriptStudy, one: Statement, command: Command) -> None:
    """Take `generate` and `replace`."""
    found = _MADE.fullmatch(command.arguments)
    if found is None or '"' in command.arguments:
        raise Untaken(MAKES)
    act = change if command.name == "replace" else make
    act(study, one, found[1], found[2], _condition(command))


def _condition(command: Command) -> Condition | None:
    return condition_of(command.condition) if command.condition else None


def _rename(study: ScriptStudy, one: Statement, command: Command) -> None:
    """Take `rename old new` and `clonevar new = old`."""
    words = re.fullmatch(r"\(?([\w ]+?)\)?\s*(?:\s|=|\()\s*\(?([\w ]+?)\)?", command.arguments)
    groups = [group.split() for group in words.groups()] if words else [[], []]
    if command.options or command.condition or not groups[0] or len(groups[0]) != len(groups[1]):
        raise Untaken(MAKES)
    if command.name == "clonevar":
        groups.reverse()
    for old, new in zip(*groups, strict=True):
        copy(study, one, new, old)


def _recode(study: ScriptStudy, one: Statement, command: Command) -> None:
    """Take `recode`, with and without `generate()`."""
    before, bracket, rules = command.arguments.partition("(")
    names = before.split()
    new = (command.option("generate", 3) or "").split()
    if command.condition or not bracket or not names or (new and len(new) != len(names)):
        raise Untaken(MAKES)
    rest = _RULE.sub("", bracket + rules).strip()
    if rest or any(not re.fullmatch(r"\w+", name) for name in (*names, *new)):
        raise Untaken(MAKES)
    for name, made in zip(names, new or names, strict=True):
        column = name if new else before_it(study, name)
        sql, levels = _recoded(column, _RULE.findall(bracket + rules))
        if made != name:
            study.use(name)
        variable = DraftOfVariable(expression=sql, levels=levels)
        study.variables.pop(made, None)
        study.variables[made] = variable
        study.made.setdefault(one.line, set()).add(made)
    study.take(one)


def _recoded(column: str, rules: list[tuple[str, str, str]]) -> tuple[str, dict[int | float, str] | None]:
    """Return the SQL of rules, and code -> level if the rules give all values."""
    steps, other, levels = [], f"ELSE {column}", dict[int | float, str]()
    for given, value, named in rules:
        result = "NULL" if value.startswith(".") else value
        if result != "NULL" and not re.fullmatch(_NUMBER, result):
            raise Untaken(MAKES)
        if named:
            levels[float(value) if "." in value else int(value)] = named
        if given in ("else", "*"):
            other = f"ELSE {result}"
            continue
        steps.append(f"WHEN {' OR '.join(_tests(column, given))} THEN {result}")
    if not steps:
        raise Untaken(MAKES)
    sql = f"CASE {' '.join(steps)} {other} END"
    known = codes_of(sql) or (codes_of(sql.replace(other, "")) if levels or "IS NOT NULL" in sql else None)
    return sql, {code: levels.get(code, text) for code, text in known.items()} if known else None


def _tests(column: str, given: str) -> list[str]:
    """Return the tests of the left side of a rule such as `-2 1/4`."""
    tests, codes = [], list[str]()
    for part in re.sub(r"\s*/\s*", "/", given).split():
        low, _, high = part.partition("/")
        if part in ("nonmissing", "nonmiss", "nonm"):
            tests.append(f"{column} IS NOT NULL")
        elif part in ("missing", "miss", "mis") or part.startswith("."):
            tests.append(f"{column} IS NULL")
        elif re.fullmatch(_NUMBER, part):
            codes.append(part)
        elif high and all(re.fullmatch(rf"min|max|{_NUMBER}", end) for end in (low, high)):
            if low == "min" or high == "max":
                ends = [f"{column} >= {low}"] if low != "min" else []
                ends += [f"{column} <= {high}"] if high != "max" else []
                tests.append("".join(ends) or f"{column} IS NOT NULL")
            else:
                tests.append(f"{column} BETWEEN {low} AND {high}")
        else:
            raise Untaken(MAKES)
    if len(codes) == 1:
        tests.append(f"{column} = {codes[0]}")
    elif codes:
        tests.append(f"{column} IN ({', '.join(codes)})")
    return tests


def _aggregate(study: ScriptStudy, one: Statement, text: str) -> None:
    """Take `egen new = max(old), by(household)` and the same behind `bysort household:`."""
    found = re.fullmatch(
        rf"(?:bys\w*\s+(?P<before>\w+)\s*:\s*)?egen\s+{_TYPES}(?P<new>\w+)\s*=\s*(?P<function>\w+)"
        r"\(\s*(?P<of>\w+)\s*\)\s*(?:,\s*by\(\s*(?P<after>\w+)\s*\))?",
        text,
    )
    group = (found["before"] or found["after"]) if found else None
    if found is None or group is None or found["function"] not in _AGGREGATES:
        raise Untaken(MAKES)
    if group in study.variables:
        raise Untaken("groups by a variable that the script makes; a study groups by columns")
    made = DraftOfVariable(aggregate=_AGGREGATES[found["function"]], of=found["of"], group=group)
    study.use(found["of"])
    study.variables.pop(found["new"], None)
    study.variables[found["new"]] = made
    study.made.setdefault(one.line, set()).add(found["new"])
    study.take(one, "over all records of the file, also those that a later rule leaves out")


def labels(study: ScriptStudy, one: Statement, text: str, known: dict[str, dict[int | float, str]]) -> None:
    """Take `label variable`, `label define` and `label values`."""
    variable = re.match(r"la\w*\s+var\w*\s+(\w+)\s+[\"']([^\"]*)\"", text)
    define = re.match(r"la\w*\s+de\w*\s+(\w+)\s+(.*)", text)
    values = re.fullmatch(r"la\w*\s+val\w*\s+([\w ]+?)\s+(\w+)(?:\s*,.*)?", text)
    if variable is not None:
        study.variable(variable[1]).label = variable[2]
        study.take(one)
    elif define is not None:
        pairs = re.findall(rf"({_NUMBER})\s+\"([^\"]*)\"", define[2])
        if not pairs:
            raise Untaken("labels values in a way that the file does not show")
        codes = {float(code) if "." in code else int(code): name for code, name in pairs}
        known[define[1]] = dict(sorted({**known.get(define[1], {}), **codes}.items()))
        study.made.setdefault(one.line, set())
        study.take(one)
        study.labelled[define[1]] = one.line
    elif values is not None and values[2] in known:
        label(study, one, values[1].split(), known[values[2]])
        study.made[study.labelled[values[2]]].update(values[1].split())
    else:
        raise Untaken("labels values; write levels of the variable")
