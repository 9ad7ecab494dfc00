"""Expressions of Stata and R as SQL of a study file."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.draft.script import NAME
from engine.draft.script_results import (
    AND,
    ATOM,
    COMPARISON,
    NOT,
    OR,
    PRODUCT,
    SUM,
    Results,
    Written,
    bracketed,
)

EACH = "each__"  # begins the value of a loop over all levels of a variable
MOST_NUMBERS = 50  # of a range such as 1:9
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<op>==|!=|~=|<=|>=|<|>|&&?|\|\|?|!|~|\(|\)|,|%in%|\+|-|\*|/|\^|:|=)"
    r"|(?P<name>[^\W\d][\w.$]*)|(?P<dot>\.[a-z]?))"
)
_COMPARE = {"==": "=", "!=": "<>", "~=": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_FUNCTIONS = {
    **{name: name for name in ("ln", "log", "log10", "exp", "sqrt", "abs", "floor")},
    "ceil": "ceil",
    "ceiling": "ceil",
    "pmin": "least",
    "pmax": "greatest",
}
_SAME = ("as.numeric", "as.integer", "as.double")
_CHOICES = ("cond", "ifelse", "if_else")


class Parser(Results):
    """Reads one expression; afterwards `names`, `by` and `labels` say what stands in it."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__(text.replace(".default", "default__"), what)
        self.place, self.names, self.by = 0, list[str](), list[str]()
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if found is None:
                self.refuse()
            self.tokens.append((str(found.lastgroup), str(found[str(found.lastgroup)])))
            at = found.end()
            while at < len(self.text) and self.text[at].isspace():
                at += 1

    def whole(self) -> Written:
        """Read all of the text."""
        written = self._either()
        if self.place < len(self.tokens):
            self.refuse()
        return written

    def _peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def _next(self, *wanted: str) -> tuple[str, str]:
        if self.place >= len(self.tokens) or (wanted and self._peek() not in wanted):
            self.refuse()
        self.place += 1
        return self.tokens[self.place - 1]

    def _either(self) -> Written:
        parts = [self._both()]
        while self._peek() in ("|", "||"):
            self._next()
            parts.append(self._both())
        return self._joined(parts, "OR", OR)

    def _both(self) -> Written:
        parts = [self._denied()]
        while self._peek() in ("&", "&&"):
            self._next()
            parts.append(self._denied())
        return self._joined(parts, "AND", AND)

    def _joined(self, parts: list[Written], word: str, level: int) -> Written:
        if len(parts) == 1:
            return parts[0]
        kept = [self.condition(one) for one in parts if one.sql]
        if len(kept) < len(parts) and word == "OR":
            self.refuse()
        texts = [bracketed(one, level) for one in kept]
        return Written(
            sql=f" {word} ".join(texts), kind="boolean", level=level if texts[1:] else kept[0].level
        )

    def _denied(self) -> Written:
        if self._peek() not in ("!", "~"):
            return self._compared()
        self._next()
        return Written(sql=f"NOT ({self.condition(self._denied()).sql})", kind="boolean", level=NOT)

    def _compared(self) -> Written:
        left = self._sum()
        if self._peek() == "%in%":
            self._next()
            return self._among(left, self._listed())
        if self._peek() not in _COMPARE:
            return left
        sign = self._next()[1]
        if self.tokens[self.place : self.place + 1] and self.tokens[self.place][0] == "dot":
            self._next()  # a missing value is above every number
            is_known = "" if sign in ("==", ">=") else "NOT "
            return Written(sql=f"{bracketed(left, SUM)} IS {is_known}NULL", kind="boolean", level=COMPARISON)
        if self._peek().startswith(EACH):
            self.by.append(self._next()[1].removeprefix(EACH))
            return Written(sql="", kind="boolean") if sign == "==" else self.refuse()
        right = self._sum()
        left, right = self.comparable(left), self.comparable(right)
        sql = f"{bracketed(left, SUM)} {_COMPARE[sign]} {bracketed(right, SUM)}"
        return Written(sql=sql, kind="boolean", level=COMPARISON)

    def _sum(self) -> Written:
        return self._chain(("+", "-"), self._product, SUM)

    def _product(self) -> Written:
        return self._chain(("*", "/"), self._power, PRODUCT)

    def _chain(self, signs: tuple[str, ...], part: Callable[[], Written], level: int) -> Written:
        left = part()
        while self._peek() in signs:
            sign = self._next()[1]
            right = self.number(part())
            sql = f"{bracketed(self.number(left), level)} {sign} {bracketed(right, level + 1)}"
            left = Written(sql=sql, level=level)
        return left

    def _power(self) -> Written:
        base = self._one()
        if self._peek() != "^":
            return base
        self._next()
        return Written(sql=f"power({self.number(base).sql}, {self.number(self._one()).sql})")

    def _one(self) -> Written:
        if self._peek() == "-":
            self._next()
            inner = self.number(self._one())
            return Written(sql=f"-{bracketed(inner, ATOM)}", level=ATOM if inner.sql.isdigit() else PRODUCT)
        if self._peek() == "(":
            self._next()
            inside = self._either()
            self._next(")")
            return inside
        kind, value = self._next()
        if kind == "number":
            return Written(sql=value)
        if kind == "text":
            return Written(sql="'" + value[1:-1].replace("'", "''") + "'", kind="text")
        if kind == "dot" or value == "NA" or value.startswith("NA_"):
            return Written(sql="NULL", kind="null")
        if kind != "name" or value.startswith(EACH):
            self.refuse()
        if value in ("TRUE", "FALSE"):
            return Written(sql=value, kind="boolean")
        return self._called(value) if self._peek() == "(" else self._column(value)

    def _column(self, value: str) -> Written:
        name = value.rpartition("$")[2]
        if not NAME.fullmatch(name) or name.startswith("_"):  # _n and _N count records
            self.refuse()
        self.names.append(name)
        return Written(sql=name)

    def _called(self, function: str) -> Written:
        if function == "case_when":
            return self._cases()
        parts = self._arguments()
        if function in _SAME and len(parts) == 1:
            return self.number(parts[0])
        if function in _CHOICES and len(parts) == 3:
            return self._choice(*parts, only_where_known=function != "cond")
        if function in _FUNCTIONS and parts:
            return Written(sql=f"{_FUNCTIONS[function]}({', '.join(self.number(one).sql for one in parts)})")
        if function in ("missing", "mi", "is.na") and parts:
            tests = [f"{bracketed(one, SUM)} IS NULL" for one in parts]
            return Written(sql=" OR ".join(tests), kind="boolean", level=OR if tests[1:] else COMPARISON)
        if function == "inlist" and parts[1:]:
            return self._among(parts[0], parts[1:])
        if function in ("inrange", "between") and len(parts) == 3:
            value, low, high = (bracketed(self.number(one), SUM) for one in parts)
            return Written(sql=f"{value} BETWEEN {low} AND {high}", kind="boolean", level=COMPARISON)
        return self.refuse()

    def _among(self, left: Written, others: list[Written]) -> Written:
        listed = ", ".join(self.comparable(one).sql for one in others)
        return Written(sql=f"{bracketed(left, SUM)} IN ({listed})", kind="boolean", level=COMPARISON)

    def _arguments(self) -> list[Written]:
        """Read what stands in the brackets of a function."""
        self._next("(")
        parts = [self._either()] if self._peek() != ")" else []
        while self._peek() == ",":
            self._next()
            parts.append(self._either())
        self._next(")")
        return parts

    def _listed(self) -> list[Written]:
        """Read `c(1, 3:5)`, or one value."""
        has_brackets = self._peek() == "c"
        if has_brackets:
            self._next()
            self._next("(")
        found: list[Written] = []
        while True:
            first = self._one()
            if self._peek() == ":":
                self._next()
                last = self._one()
                if not (first.sql.isdigit() and last.sql.isdigit()):
                    self.refuse()
                numbers = range(int(first.sql), int(last.sql) + 1)
                found += [Written(sql=str(number)) for number in numbers[:MOST_NUMBERS]]
                if len(numbers) > MOST_NUMBERS:
                    self.refuse()
            else:
                found.append(first)
            if not has_brackets or self._next(",", ")")[1] == ")":
                return found

    def _choice(self, test: Written, yes: Written, no: Written, *, only_where_known: bool) -> Written:
        condition = self.condition(test)
        (yes, no), kind = self.results([yes, no])
        other = f"WHEN NOT ({condition.sql}) THEN {no.sql}" if only_where_known else f"ELSE {no.sql}"
        return Written(sql=f"CASE WHEN {condition.sql} THEN {yes.sql} {other} END", kind=kind)

    def _cases(self) -> Written:
        self._next("(")
        steps: list[tuple[Written | None, Written]] = []
        while True:
            if self._peek() == "default__":
                self._next()
                self._next("=")
                steps.append((None, self._either()))
            else:
                test = self.condition(self._either())
                self._next("~")
                steps.append((None if test.sql == "TRUE" else test, self._either()))
            if self._next(",", ")")[1] == ")":
                break
        results, kind = self.results([value for _, value in steps])
        text = ""
        for (test_, _), value in zip(steps, results, strict=True):
            if test_ is None:
                text += f" ELSE {value.sql}"
                break
            text += f" WHEN {test_.sql} THEN {value.sql}"
        return Written(sql=f"CASE{text} END", kind=kind) if "WHEN" in text else self.refuse()
