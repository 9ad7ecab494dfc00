"""Conditions of Stata and R as SQL of a study file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.draft.script_expressions import Parser


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition as SQL, the variables in it, and the variable over whose levels a loop goes."""

    sql: str | None
    names: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


def condition_of(text: str) -> Condition:
    """Return a condition as SQL.

    Raises
    ------
    Untaken
        If a study file has no words for it.

    Examples
    --------
    >>> condition_of("age>=15 & sex!=2 & !missing(income)").sql
    'age >= 15 AND sex <> 2 AND NOT (income IS NULL)'
    """
    parser = Parser(text, "condition")
    written = parser.whole()
    sql = parser.condition(written).sql if written.sql else None
    if re.search(r"\b(?:ln|log|log10|exp|sqrt|power)\(", sql or ""):
        parser.refuse()  # a rule looks at values as they are
    return Condition(sql=sql, names=tuple(dict.fromkeys(parser.names)), by=tuple(dict.fromkeys(parser.by)))
