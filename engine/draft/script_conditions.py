"""Conditions of Stata and R as SQL of a study file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.draft.script import NAME, Untaken

EACH = "each__"  # begins the value of a loop over all levels of a variable
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<op>==|!=|~=|<=|>=|<|>|&&?|\|\|?|!|~|\(|\)|,|%in%)|(?P<name>[^\W\d][\w.$]*)|(?P<dot>\.[a-z]?))"
)
_COMPARE = {"==": "=", "!=": "<>", "~=": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_LISTS = {"inlist": "in", "inrange": "between", "missing": "null", "mi": "null", "is.na": "null"}


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
        If it is more than comparisons, `&`, `|`, `!`, `missing`, `inlist` and `inrange`.

    Examples
    --------
    >>> condition_of("age>=15 & sex!=2 & !missing(income)").sql
    'age >= 15 AND sex <> 2 AND NOT (income IS NULL)'
    """
    parser = _Parser(text)
    sql = parser.either()
    if parser.place < len(parser.tokens):
        raise Untaken(f"the condition '{text.strip()}' is more than comparisons")
    names = tuple(dict.fromkeys(parser.names))
    return Condition(sql=sql or None, names=names, by=tuple(dict.fromkeys(parser.by)))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.place, self.names, self.by = text.strip(), 0, list[str](), list[str]()
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if found is None:
                raise Untaken(f"the condition '{self.text}' is more than comparisons")
            self.tokens.append((str(found.lastgroup), str(found[str(found.lastgroup)])))
            at = found.end()
            while at < len(self.text) and self.text[at].isspace():
                at += 1

    def peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def next(self, *wanted: str) -> tuple[str, str]:
        if self.place >= len(self.tokens) or (wanted and self.peek() not in wanted):
            raise Untaken(f"the condition '{self.text}' is more than comparisons")
        self.place += 1
        return self.tokens[self.place - 1]

    def either(self) -> str:
        return self._joined(self.both, ("|", "||"), "OR")

    def both(self) -> str:
        return self._joined(self.one, ("&", "&&"), "AND")

    def _joined(self, part: object, signs: tuple[str, ...], word: str) -> str:
        assert callable(part)  # noqa: S101 - narrowing for mypy
        parts = [str(part())]
        while self.peek() in signs:
            self.next()
            parts.append(str(part()))
        parts = [one for one in parts if one]
        return (
            parts[0]
            if len(parts) == 1
            else f" {word} ".join(
                f"({one})" if " OR " in one and word == "AND" and not one.startswith("(") else one
                for one in parts
            )
        )

    def one(self) -> str:
        if self.peek() in ("!", "~"):
            self.next()
            return f"NOT ({self.one()})"
        if self.peek() == "(":
            self.next()
            inside = self.either()
            self.next(")")
            return inside if " " not in inside else f"({inside})"
        kind, value = self.next()
        if kind == "name" and value in _LISTS:
            return self._listed(value)
        left = self._operand(kind, value)
        if self.peek() not in _COMPARE:
            return f"{left} <> 0" if kind == "name" else self._refuse()
        sign = self.next()[1]
        kind, value = self.next()
        if kind == "dot":  # a missing value is above every number
            return f"{left} IS {'' if sign in ('==', '>=') else 'NOT '}NULL"
        if value.startswith(EACH):
            self.by.append(value.removeprefix(EACH))
            return "" if sign == "==" else self._refuse()
        return f"{left} {_COMPARE[sign]} {self._operand(kind, value)}"

    def _listed(self, function: str) -> str:
        self.next("(")
        parts = [self._operand(*self.next())]
        while self.peek() == ",":
            self.next()
            parts.append(self._operand(*self.next()))
        self.next(")")
        first, *rest = parts
        if _LISTS[function] == "null":
            return " OR ".join(f"{one} IS NULL" for one in parts)
        if _LISTS[function] == "between":
            return f"{first} BETWEEN {rest[0]} AND {rest[1]}" if len(rest) == 2 else self._refuse()
        return f"{first} IN ({', '.join(rest)})"

    def _operand(self, kind: str, value: str) -> str:
        if kind == "number":
            return value
        if kind == "text":
            return "'" + value[1:-1].replace("'", "''") + "'"
        name = value.rpartition("$")[2]
        if kind != "name" or not NAME.fullmatch(name):
            return self._refuse()
        if not name.startswith(EACH):
            self.names.append(name)
        return name

    def _refuse(self) -> str:
        raise Untaken(f"the condition '{self.text}' is more than comparisons")
