"""Variables that a script makes: expressions, levels from labels, and what of it cannot be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from engine.draft.script import DraftOfVariable, ScriptStudy, Statement, Untaken
from engine.draft.script_conditions import Condition
from engine.draft.script_expressions import Parser

LONGEST = 1500  # letters of an expression; more steps belong into a script
UNUSED = "makes a variable that no analysis or rule uses"
UNKNOWN_STAYS = "where a part is unknown, the result is unknown; Stata makes it 0 or 1"
UNKNOWN_IS_LEAST = "an unknown value is above no number; in Stata it is above all"
_NAME_VARIABLES = {"outcome", "rank_by", "by", "terms", "need", "where"}
_WORD = re.compile(r"'[^']*'|[^\W\d]\w*")


def words_of(sql: str) -> set[str]:
    """Return the names in SQL, without what stands in quotes."""
    return {word for word in _WORD.findall(sql) if not word.startswith("'")}


def replaced(sql: str, names: Mapping[str, str]) -> str:
    """Return SQL with other text in the place of names."""
    return _WORD.sub(lambda found: names.get(found[0], found[0]), sql)


def value_of(text: str) -> tuple[Parser, str, str]:
    """Return the reader of an expression, its SQL and its kind.

    Raises
    ------
    Untaken
        If a study file has no words for it.
    """
    parser = Parser(text, "expression")
    written = parser.whole()
    if written.kind == "text" or parser.by or not written.sql:
        parser.refuse()
    return parser, written.sql, written.kind


def make(
    study: ScriptStudy, one: Statement, name: str, text: str, condition: Condition | None = None
) -> None:
    """Take a new variable; with a condition it has values only where this holds."""
    parser, sql, kind = value_of(text)
    if name in parser.names:
        return change(study, one, name, text, condition)
    if condition is not None:
        sql = f"CASE WHEN {_known(condition)} THEN {_as_number(sql, kind, condition)} END"
    _refuse_if_used(study, name)
    levels, is_factor = _levels(parser.labels, sql, kind), bool(parser.labels)
    _write(study, one, name, DraftOfVariable(expression=sql, levels=levels, is_factor=is_factor))
    study.use(*parser.names, *(condition.names if condition else ()))
    return None


def change(
    study: ScriptStudy, one: Statement, name: str, text: str, condition: Condition | None = None
) -> None:
    """Take new values of a variable, everywhere or where a condition holds."""
    parser, sql, kind = value_of(text)
    before = before_it(study, name)
    if condition is not None:
        if parser.labels:
            raise Untaken("gives texts to some records of a variable")
        step = f"CASE WHEN {_known(condition)} THEN {_as_number(sql, kind, condition)}"
        step = replaced(step, {name: before})
        sql = f"{step}{before[5:-1]}" if _is_one_case(before[1:-1]) else f"{step} ELSE {before} END"
    else:
        sql = replaced(sql, {name: before})
    if len(sql) > LONGEST:
        raise Untaken("changes a variable in more steps than an expression holds")
    kept = study.variables.get(name, DraftOfVariable())
    made = DraftOfVariable(expression=sql, label=kept.label, levels=_levels(parser.labels, sql, kind))
    made.is_factor = bool(parser.labels)
    names = {*parser.names, *(condition.names if condition else ())} - {name}
    _write(study, one, name, made)
    study.use(*names)


def before_it(study: ScriptStudy, name: str) -> str:
    """Return what a variable was up to here, as SQL; a column gets a variable of its own.

    Raises
    ------
    Untaken
        If an earlier statement uses what it was.
    """
    _refuse_if_used(study, name)
    known = study.variables.get(name)
    if known is not None and (known.quantiles is not None or known.aggregate is not None):
        raise Untaken("changes groups of quantiles, or values of groups")
    if known is not None and known.changed_at is not None:
        raise Untaken("changes a variable that an earlier line has changed, and that line is left out")
    if known is not None and known.expression is not None:
        return "NULL" if known.expression == "NULL" else f"({known.expression})"
    raw = study.variable(f"{name}_file")
    raw.source, raw.is_code = (known.source if known else None) or name, True
    return f"{name}_file"


def copy(study: ScriptStudy, one: Statement, name: str, source: str) -> None:
    """Take a variable under another name."""
    known = study.variables.get(source, DraftOfVariable())
    made = DraftOfVariable(label=known.label, levels=known.levels, expression=known.expression)
    made.quantiles, made.is_factor = known.quantiles, known.is_factor
    made.source = None if known.expression else known.source or source
    _refuse_if_used(study, name)
    _write(study, one, name, made)


def label(
    study: ScriptStudy, one: Statement, names: Iterable[str], levels: Mapping[int | float, str]
) -> None:
    """Take labels of values as levels, in the order in which they are given."""
    for name in names:
        study.variable(name).levels = dict(levels)
        study.made.setdefault(one.line, set()).add(name)
    study.take(one)


def _write(study: ScriptStudy, one: Statement, name: str, made: DraftOfVariable) -> None:
    study.variables.pop(name, None)
    study.variables[name] = made
    study.made.setdefault(one.line, set()).add(name)
    study.take(one, _note(made.expression) if study.is_stata and made.expression else None)


def _refuse_if_used(study: ScriptStudy, name: str) -> None:
    others = [one for other, one in study.variables.items() if other != name]
    used = used_in_analyses(study).union(*(words_of(one.expression or "") | {one.of or ""} for one in others))
    if name in used or any(one.source == name and one.quantiles for one in others):
        raise Untaken("changes a variable after a statement that uses it")


def used_in_analyses(study: ScriptStudy) -> set[str]:
    """Return the variables that analyses and rules name."""
    used = set().union(*(words_of(sql) for _, sql in study.rules))
    return used.union(
        *(_words(table[key]) for table in study.analyses for key in _NAME_VARIABLES & set(table))
    )


def _words(held: object) -> set[str]:
    if isinstance(held, str):
        return words_of(held)
    return set().union(*map(_words, held)) if isinstance(held, (list, tuple)) else set()


def spoil(study: ScriptStudy, line: int, names: Iterable[str]) -> None:
    """Note that a line left out changes variables; what no analysis uses yet is no longer known."""
    for name in names:
        one = study.variable(name)
        one.changed_at = line
        if name not in used_in_analyses(study):
            one.expression = one.levels = one.aggregate = one.quantiles = None


def _note(sql: str) -> str | None:
    """Return what of a comparison is another in Stata."""
    if re.search(r"[<>=]|\bIN\b|BETWEEN", sql) and "CASE" not in sql:
        return UNKNOWN_STAYS
    return UNKNOWN_IS_LEAST if re.search(r">=? ", sql) else None


def _is_one_case(sql: str) -> bool:
    """Whether an expression is one CASE from its beginning to its end."""
    depth, words = 0, re.findall(r"'[^']*'|\w+", sql)
    for number, word in enumerate(words, start=1):
        depth += (word == "CASE") - (word == "END")
        if depth == 0 and number < len(words):
            return False
    return sql.startswith("CASE WHEN") and sql.endswith("END")


def _known(condition: Condition) -> str:
    if condition.sql is None or condition.by:
        raise Untaken("makes a variable in one pass of a loop")
    return condition.sql


def _as_number(sql: str, kind: str, condition: Condition) -> str:
    _known(condition)
    return f"CASE WHEN {sql} THEN 1 WHEN NOT ({sql}) THEN 0 END" if kind == "boolean" else sql


def _levels(labels: list[str], sql: str, kind: str) -> dict[int | float, str] | None:
    """Return code -> level where the values of an expression are known."""
    if labels:
        return dict(sorted(enumerate(labels, start=1), key=lambda pair: pair[1]))  # the order of R's factors
    if kind == "boolean":
        return {0: "no", 1: "yes"}
    return codes_of(sql)


def codes_of(sql: str) -> dict[int | float, str] | None:
    """Return code -> level of the whole numbers that an expression gives, None if it gives others.

    Examples
    --------
    >>> codes_of("CASE WHEN a > 1 THEN 2 ELSE 0 END"), codes_of("CASE WHEN a > 1 THEN b END")
    ({0: '0', 2: '2'}, None)
    """
    given = re.findall(r"\b(?:THEN|ELSE)\s+(.*?)(?=\s+(?:WHEN|ELSE|END)\b)", sql)
    known = [one for one in given if one != "NULL"]
    if not known or not all(re.fullmatch(r"-?\d+", one) for one in known):
        return None
    return {code: str(code) for code in sorted({*map(int, known)})} if sql.startswith("CASE") else None
