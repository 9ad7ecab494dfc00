"""R's pipes and assignments to columns: variables, domains and designs made step by step."""

from __future__ import annotations

import re

from engine.draft.made_variables import change, copy, label, make
from engine.draft.r_statements import Call, call_of, split
from engine.draft.script import MAKES, NAME, ScriptStudy, Statement, Untaken
from engine.draft.script_conditions import condition_of

_PIPE = re.compile(r"%>%|\|>")
_COLUMN = re.compile(
    r"([\w.]+)(?:\$|\[\[\s*[\"'])([^\W\d]\w*)(?:[\"']\s*\]\])?(?:\[(.+?)\])?\s*(?:<-|=(?!=))\s*(.+)"
)
_ASSIGNED = re.compile(r"([\w.]+)\s*(?:<-|=(?!=))\s*(.+)")
_NO_MATTER = ("select", "arrange", "ungroup", "as_tibble", "as.data.frame", "droplevels")
_FACTOR = re.compile(r"(?:as\.|as_)?factor\(\s*(?:[\w.]+\$)?([^\W\d]\w*)\s*(?:,(.*))?\)")


def steps_of(text: str) -> tuple[str | None, list[str]] | None:
    """Return the name that a pipe is assigned to, and its steps; None if it is no pipe.

    Examples
    --------
    >>> steps_of("a <- d %>% filter(x > 1) |> f()")
    ('a', ['d', 'filter(x > 1)', 'f()'])
    """
    if _PIPE.search(text) is None:
        return None
    found = _ASSIGNED.fullmatch(text)
    target, rest = (found[1], found[2]) if found else (None, text)
    steps = split(_PIPE.sub("\x1f", rest), "\x1f")
    return (target, steps) if len(steps) > 1 else None


def made_by(text: str) -> tuple[str, ...]:
    """Return the variables that a statement makes or changes, as far as it names them."""
    column = _COLUMN.fullmatch(text)
    if column is not None:
        return (column[2],)
    calls = [call_of(one) for one in (steps_of(text) or (None, []))[1]]
    return tuple(name for call in calls if call and call.function == "mutate" for name in call.named)


def column_assigned(study: ScriptStudy, one: Statement) -> bool:
    """Take `frame$column <- expression`; says whether it is one."""
    found = _COLUMN.fullmatch(one.text)
    if found is None:
        return False
    _, name, where, text = found.groups()
    if where is not None:
        change(study, one, name, text, condition_of(where))
    else:
        _set(study, one, name, text)
    return True


def step(study: ScriptStudy, one: Statement, text: str, domain: str | None) -> str | None:
    """Take one step of a pipe on a data frame; return the domain after it.

    Raises
    ------
    Untaken
        If a study file has no words for it.
    """
    call = call_of(text)
    if call is None:
        raise Untaken(MAKES)
    if call.function == "filter" and not call.named:
        for condition in call.plain:
            domain = narrowed(study, domain, condition)
    elif call.function == "drop_na" and call.plain and not call.named:
        for name in call.plain:
            domain = narrowed(study, domain, f"!is.na({name})")
    elif call.function == "mutate" and call.named and not call.plain:
        for name, value in call.named.items():
            _set(study, one, name, value)
    elif call.function == "rename" and call.named and not call.plain:
        for name, value in call.named.items():
            copy(study, one, name, value)
    elif call.function not in _NO_MATTER:
        raise Untaken(MAKES)
    study.take(one)
    return domain


def narrowed(study: ScriptStudy, domain: str | None, text: str) -> str:
    """Return a domain with one more condition."""
    found = condition_of(text)
    if found.sql is None:
        raise Untaken(MAKES)
    study.use(*found.names)
    return f"({domain}) AND ({found.sql})" if domain else found.sql


def _set(study: ScriptStudy, one: Statement, name: str, text: str) -> None:
    if not NAME.fullmatch(name):
        raise Untaken(f"makes '{name}', which is no name of a variable")
    factor = _FACTOR.fullmatch(text.strip())
    if factor is None:
        return make(study, one, name, text)
    if factor[1] != name:
        copy(study, one, name, factor[1])
    elif study.variable(name).expression is None:
        study.made.setdefault(one.line, set()).add(name)
        study.take(one)
    study.variable(name).is_factor = True
    given = call_of(f"factor({factor[1]}, {factor[2]})") if factor[2] else None
    if given is not None and {"levels", "labels"} & set(given.named):
        label(study, one, [name], _levels(given))
    study.take(one)
    return None


def _levels(call: Call) -> dict[int | float, str]:
    """Return code -> level of `factor(x, levels = c(...), labels = c(...))`."""
    held = {}
    for part in ("levels", "labels"):
        text = call.named.get(part, "")
        inside = re.fullmatch(r"c\((.*)\)", text)
        span = re.fullmatch(r"(\d+):(\d+)", text)
        if span is not None:
            held[part] = [str(number) for number in range(int(span[1]), int(span[2]) + 1)]
        else:
            held[part] = [one.strip("\"'") for one in split(inside[1])] if inside else []
    codes, names = held["levels"], held["labels"] or held["levels"]
    if not codes or len(codes) != len(names) or not all(re.fullmatch(r"-?\d+", code) for code in codes):
        raise Untaken("makes a factor whose codes the script does not show")
    return {int(code): name for code, name in zip(codes, names, strict=True)}
