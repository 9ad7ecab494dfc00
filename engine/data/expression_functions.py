"""The functions of one row that rules and derived variables may use, and how each is written in SQL.

A missing value makes the result missing; so does what has no finite value, such as a division by 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.data.expression_tree import ExpressionError

Type = Literal["number", "text", "boolean", "null", "wave"]
Written = tuple[str, Type]
"""SQL and its type."""

ARITHMETIC = ("+", "-", "*", "/", "%")
_LITERAL = re.compile(r"-?[0-9.]+")
LONGEST_SQL = 50_000
_FIRST_DAY = "DATE '1970-01-01'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of numbers: the least and the most arguments, and the SQL of its written arguments."""

    least: int
    most: int
    write: Callable[[Sequence[str]], str]


def _plain(name: str) -> Callable[[Sequence[str]], str]:
    return lambda values: f"{name}({', '.join(values)})"


def _strict(name: str) -> Callable[[Sequence[str]], str]:
    """Write a function that DuckDB computes from the values that are there: one that is missing counts."""

    def write(values: Sequence[str]) -> str:
        are_there = " AND ".join(f"{value} IS NOT NULL" for value in values)
        return f"CASE WHEN {are_there} THEN {name}({', '.join(values)}) END"

    return write


def _where(name: str, condition: str) -> Callable[[Sequence[str]], str]:
    """Write a function that is defined where its argument satisfies a condition."""
    return lambda values: f"{name}(CASE WHEN {values[0]} {condition} THEN {values[0]} END)"


def _where_finite(name: str) -> Callable[[Sequence[str]], str]:
    def write(values: Sequence[str]) -> str:
        value = f"{name}({', '.join(values)})"
        return f"CASE WHEN isfinite({value}) THEN {value} END"

    return write


def _years_between(values: Sequence[str]) -> str:
    """Write the completed years between two dates, which are days since 1970."""
    dates = (f"{_FIRST_DAY} + CAST(CASE WHEN abs({day}) < 1e6 THEN {day} END AS INTEGER)" for day in values)
    return f"CAST(date_sub('year', {', '.join(dates)}) AS DOUBLE)"


def _round(values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"round({values[0]})"
    digits = re.fullmatch(r"(-?\d{1,2})e0", values[1])
    if digits is None:
        raise ExpressionError("decimals that are no whole number", "such as round(x, 1)", "Correct it.")
    return f"round({values[0]}, {digits[1]})"


RULE_FUNCTIONS = {
    "abs": Function(least=1, most=1, write=_plain("abs")),
    "round": Function(least=1, most=2, write=_round),
    "floor": Function(least=1, most=1, write=_plain("floor")),
    "ceil": Function(least=1, most=1, write=_plain("ceil")),
    "least": Function(least=2, most=50, write=_strict("least")),
    "greatest": Function(least=2, most=50, write=_strict("greatest")),
}
VALUE_FUNCTIONS = {
    **RULE_FUNCTIONS,
    # Natural as in R and Stata; DuckDB's own log is that of base 10.
    "ln": Function(least=1, most=1, write=_where("ln", "> 0")),
    "log": Function(least=1, most=1, write=_where("ln", "> 0")),
    "log10": Function(least=1, most=1, write=_where("log10", "> 0")),
    "exp": Function(least=1, most=1, write=_where_finite("exp")),
    "sqrt": Function(least=1, most=1, write=_where("sqrt", ">= 0")),
    "power": Function(least=2, most=2, write=_where_finite("power")),
    "years_between": Function(least=2, most=2, write=_years_between),
}


def write_function(name: str, function: Function, parts: Sequence[Written]) -> Written:
    """Return the SQL of a function of written arguments."""
    if not function.least <= len(parts) <= function.most:
        raise ExpressionError(f"'{name}' of {len(parts)} values", f"{function.least}", "Correct it.")
    sql = f"({function.write(_numbers(parts, f'{name}()'))})"
    if len(sql) > LONGEST_SQL:  # some functions name an argument twice, and so grow with every nesting
        raise ExpressionError(f"'{name}' nested too deeply", "a shorter expression", "Split it into several.")
    return sql, "number"


def write_arithmetic(operator: str, parts: Sequence[Written]) -> Written:
    """Return the SQL of an operation on written numbers; a division by 0 has no value."""
    values = _numbers(parts, "arithmetic")
    if len(values) == 1:
        return f"({operator} {values[0]})", "number"
    left, right = values
    if operator in ("/", "%") and not _LITERAL.fullmatch(right.removesuffix("e0")):
        right = f"NULLIF({right}, 0)"
    elif operator in ("/", "%") and float(right) == 0:
        raise ExpressionError("a division by 0", "a number other than 0", "Correct it.")
    return f"({left} {operator} {right})", "number"


def _numbers(parts: Sequence[Written], what: str) -> list[str]:
    """Return the SQL of numbers, constants as floating-point numbers: others overflow or are cut."""
    if any(kind not in ("number", "null") for _, kind in parts):
        raise ExpressionError(f"{what} on something that is no number", "numbers", "Use numeric variables.")
    return [f"{sql}e0" if _LITERAL.fullmatch(sql) else sql for sql, _ in parts]
