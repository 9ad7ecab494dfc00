"""Stata's models of people in clusters as analyses of a study, with the weights of both."""

from __future__ import annotations

import re

from engine.draft.script import ScriptStudy, Statement, Untaken
from engine.draft.stata_command import Command
from engine.draft.stata_parts import factors_in, weight_of, where_of

_LINEAR = ("mixed", "xtmixed")
MULTILEVEL = ("melogit", "xtmelogit", "meqrlogit", *_LINEAR)
_SCALINGS = {"size": "cluster-size", "effective": "effective-size"}
_WEIGHT = re.compile(r"\b(?:p|f)we\w*\((\w+)\)")


def multilevel(
    study: ScriptStudy, one: Statement, command: Command, outcome: str, terms: list[str | list[str]]
) -> None:
    """Take a model with random intercepts of one or two levels of clusters."""
    parts = [(group, *_cut(behind)) for group, behind in reversed(command.groups)]
    if any(slopes for _, slopes, _ in parts) or not 1 <= len(parts) <= 2:
        raise Untaken("has random slopes, no clusters, or more than two levels of clusters")
    levels = [group for group, _, _ in parts]
    if not all(re.fullmatch(r"\w+", level) and level != "_all" for level in levels):
        raise Untaken("has clusters that are no column")
    table: dict[str, object] = {"name": f"{outcome} multilevel", "kind": "multilevel", "outcome": outcome}
    is_linear = command.name in _LINEAR
    if is_linear:
        table["model"] = "linear"
    table |= {"terms": terms, "levels": levels} if terms else {"levels": levels}
    points = command.option("intpoints", 3) or ""
    if points.isdigit() and int(points) % 2 and not is_linear:
        table["points"] = int(points)
    where = where_of(command)
    if where.sql:
        table["where"] = where.sql
    for name in factors_in(command.arguments):
        study.variable(name).is_factor = True
    notes = _weigh(study, command, {level: options for level, _, options in parts}, table)
    if command.option("reml", 4) is not None:
        notes.append("by maximum likelihood, not by REML")
    study.levels |= {level: level for level in levels}
    study.use(*(name for term in terms for name in ([term] if isinstance(term, str) else term)), *where.names)
    study.variable(outcome).is_event |= not is_linear
    study.analyse(one, table, "; ".join(notes) or None)


def _cut(behind: str) -> tuple[str, str]:
    """Return the random slopes of a level, and its options."""
    slopes, _, options = behind.partition(",")
    return slopes.strip(), options


def _weigh(
    study: ScriptStudy, command: Command, options: dict[str, str], table: dict[str, object]
) -> list[str]:
    """Add the weights of people and clusters to an analysis; return what of them it does not hold."""
    if command.survey:
        return ["without its weights: write weights of the analysis"]
    last = command.option("pweight", 3) or command.option("fweight", 3)
    found = {level: match[1] for level, text in options.items() if (match := _WEIGHT.search(text))}
    if last is not None:
        found[next(iter(options))] = last
    if command.weight is None and not found:
        return []
    scaling = command.option("pwscale", 3)
    if scaling is not None and scaling not in _SCALINGS:
        return [f"without its weights: a study has no pwscale({scaling})"]
    lost = weight_of(study, command)
    for level, column in found.items():
        if study.level_weights.setdefault(level, column) != column:
            lost = f"clusters of {level} weighted with {study.level_weights[level]}, not with {column}"
    table["weights"] = _SCALINGS.get(scaling or "", "unscaled")
    return [lost] if lost else []
