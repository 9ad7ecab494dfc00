"""Sample rules and derived variables: a small, checked part of SQL.

DuckDB parses an expression, its tree is compared with an allow-list, and the SQL that runs is written again
from the tree with the types checked. No text of the user reaches the database, and an error never shows a
value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.data.expression_functions import (
    ARITHMETIC,
    RULE_FUNCTIONS,
    VALUE_FUNCTIONS,
    Function,
    Type,
    Written,
    write_arithmetic,
    write_function,
)
from engine.data.expression_levels import refuse_unknown_levels, write_like
from engine.data.expression_tree import ExpressionError, Node, has_column, parse
from engine.data.expression_trial import refuse_what_fails
from engine.errors import Fault, nearest

_COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_NULL_SAFE = {
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}
_LIKE = {"~~": "LIKE", "!~~": "NOT LIKE"}
_SPELLINGS = {"row": "nothing", "contains": "an empty list", "ceiling": "ceil", "pow": "power"}
_ALLOWED = (
    "comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, CASE, coalesce, arithmetic and "
    "{functions} over the study's variables"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleColumn:
    """A variable that a rule may use; levels are empty for a number, and for a factor with unknown levels."""

    is_factor: bool
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression may use: variables, and functions of numbers."""

    columns: Mapping[str, RuleColumn]
    functions: Mapping[str, Function]

    def refused(self, what: str) -> ExpressionError:
        """Return the error of what is not on the list."""
        allowed = _ALLOWED.format(functions=", ".join(self.functions))
        return ExpressionError(what, allowed, "Write it with these, or prepare it in [variables].")


def quote_identifier(name: str) -> str:
    """Return a name as a quoted SQL identifier.

    Examples
    --------
    >>> quote_identifier('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def check_rule(place: str, text: str, columns: Mapping[str, RuleColumn]) -> str | Fault:
    """Return the SQL condition of a rule, or the fault that refuses it.

    Examples
    --------
    >>> check_rule("sample[1].keep", "Age >= 18", {"age": RuleColumn(is_factor=False)})
    '("age" >= 18)'
    >>> print(check_rule("sample[1].keep", "agee > 1", {"age": RuleColumn(is_factor=False)}))
    sample[1].keep: found the unknown variable 'agee'; expected a variable of this study. Did you mean 'age'?
    """
    try:
        tree = parse(text)
        sql = write_condition(tree, columns)
        refuse_what_fails(sql, _texts(columns), is_constant_condition=not has_column(tree))
    except ExpressionError as error:
        return Fault(place, *error.args)
    except RecursionError:
        return _too_deep(place)
    return sql


def write_condition(tree: Node, columns: Mapping[str, RuleColumn]) -> str:
    """Return the SQL of the tree of a condition.

    Raises
    ------
    ExpressionError
        If it is not on the list of what a rule may use.
    """
    return _boolean(tree, Scope(columns=columns, functions=RULE_FUNCTIONS))


def check_value(place: str, text: str, columns: Mapping[str, RuleColumn]) -> Written | Fault:
    """Return the SQL of a derived variable and its type, or the fault that refuses it.

    Examples
    --------
    >>> check_value("variables.x.expression", "log(income)", {"income": RuleColumn(is_factor=False)})
    ('(ln(CASE WHEN "income" > 0 THEN "income" END))', 'number')
    """
    try:
        tree = parse(text)
        sql, kind = _write(tree, Scope(columns=columns, functions=VALUE_FUNCTIONS))
        refuse_what_fails(sql, _texts(columns))
    except ExpressionError as error:
        return Fault(place, *error.args)
    except RecursionError:
        return _too_deep(place)
    if not has_column(tree):
        return Fault(place, "an expression without a variable", "one over variables", "Name one.")
    return sql, kind


def _too_deep(place: str) -> Fault:
    return Fault(place, "an expression nested too deeply", "a shorter one", "Split it into several.")


def _texts(columns: Mapping[str, RuleColumn]) -> dict[str, bool]:
    """Return each column's quoted name, and whether it holds text."""
    return {quote_identifier(name): name == "wave" or one.is_factor for name, one in columns.items()}


def _write(node: Node, scope: Scope) -> Written:
    """Return the SQL of a node and its type."""
    kind, name = node["class"], node["type"]
    if kind == "COLUMN_REF":
        return _column(node["column_names"], scope.columns)
    if kind == "CONSTANT":
        return _constant(node.get("literal") or {})
    if kind == "CONJUNCTION":
        parts = [_boolean(child, scope) for child in node["children"]]
        return f"({(' AND ' if name == 'CONJUNCTION_AND' else ' OR ').join(parts)})", "boolean"
    if kind == "COMPARISON":
        return _comparison(node, scope)
    if kind == "BETWEEN":
        value, low, high = _comparable([node["input"], node["lower"], node["upper"]], scope, ordered=True)
        return f"({value} BETWEEN {low} AND {high})", "boolean"
    if kind == "OPERATOR":
        return _operator(name, node["children"], scope)
    if kind == "CASE":
        return _case(node, scope)
    if kind == "FUNCTION":
        return _function(node, scope)
    raise scope.refused(f"'{name.lower().replace('_', ' ')}'")


def _column(names: list[str], columns: Mapping[str, RuleColumn]) -> Written:
    """Return the SQL of a variable, which may be written in any case."""
    folded = {known.casefold(): known for known in columns}
    known = folded.get(names[-1].casefold()) if len(names) == 1 else None
    if known is None:
        name = ".".join(names)
        raise ExpressionError(
            f"the unknown variable '{name}'", "a variable of this study", nearest(name, list(columns))
        )
    if known == "wave":
        return quote_identifier(known), "wave"
    return quote_identifier(known), "text" if columns[known].is_factor else "number"


def _constant(literal: Mapping[str, Any]) -> Written:
    kind, text = literal.get("kind"), str(literal.get("text", ""))
    if kind in ("INTEGER", "NUMERIC"):
        if not math.isfinite(float(text)):
            raise ExpressionError("a number too large", "a finite number", "Correct it.")
        return repr(float(text)) if kind == "NUMERIC" else str(int(text)), "number"
    if kind == "STRING":
        return "'" + text.replace("'", "''") + "'", "text"
    if kind == "BOOLEAN":
        return text.upper(), "boolean"
    if kind == "NULL_LITERAL":
        return "NULL", "null"
    raise ExpressionError(f"a {kind} constant", "a number, a text or a boolean", "Write it as one of these.")


def _boolean(node: Node, scope: Scope) -> str:
    """Return the SQL of a node that is true or false."""
    sql, kind = _write(node, scope)
    if kind not in ("boolean", "null"):
        raise ExpressionError(f"a {kind}", "a condition that is true or false", "Compare it with something.")
    return sql


def _comparison(node: Node, scope: Scope) -> Written:
    name, sides = node["type"], [node["left"], node["right"]]
    if name in _NULL_SAFE:
        left, right = _comparable(sides, scope, may_be_null=True)
        return f"({left} {_NULL_SAFE[name]} {right})", "boolean"
    if name not in _COMPARISONS:
        raise scope.refused(f"'{name.lower().replace('_', ' ')}'")
    is_ordered = name.startswith(("COMPARE_LESS", "COMPARE_GREATER"))
    left, right = _comparable(sides, scope, ordered=is_ordered)
    return f"({left} {_COMPARISONS[name]} {right})", "boolean"


def _comparable(
    nodes: list[Node], scope: Scope, *, ordered: bool = False, may_be_null: bool = False
) -> list[str]:
    """Return the SQL of values that are compared: all numbers or all texts, and known levels only."""
    written = [_write(node, scope) for node in nodes]
    kinds = {kind for _, kind in written}
    if "null" in kinds and not may_be_null:
        found = "a comparison with NULL, which is never true"
        raise ExpressionError(found, "IS NULL or IS NOT NULL", "Write it so.")
    kind = _one_type(kinds - {"null"})
    if ordered and kind == "text":
        # Levels are names: the database would compare their letters.
        raise ExpressionError(
            "an order between names", "an order between numbers", "List the levels with IN."
        )
    refuse_unknown_levels(nodes, scope.columns)
    return [_as(sql, own, kind) for sql, own in written]


def _one_type(kinds: set[Type]) -> Type:
    """Return the type in which values meet; waves, which are text in the panel, meet numbers as numbers."""
    others = kinds - {"wave"}
    if len(others) > 1 or ("wave" in kinds and "boolean" in others):
        both = " with a ".join(sorted(kinds))
        raise ExpressionError(
            f"a {both} in one comparison", "values of one type", "Factors are compared with 'level'."
        )
    return next(iter(others), "text" if "wave" in kinds else "null")


def _as(sql: str, own: Type, kind: Type) -> str:
    return f"TRY_CAST({sql} AS DOUBLE)" if own == "wave" and kind == "number" else sql


def _operator(name: str, children: list[Node], scope: Scope) -> Written:
    if name == "OPERATOR_NOT":
        return f"(NOT {_boolean(children[0], scope)})", "boolean"
    if name in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
        sql, _ = _write(children[0], scope)
        return f"({sql} {'IS NULL' if name == 'OPERATOR_IS_NULL' else 'IS NOT NULL'})", "boolean"
    if name in ("COMPARE_IN", "COMPARE_NOT_IN"):
        first, *others = _comparable(children, scope)
        return f"({first} {'IN' if name == 'COMPARE_IN' else 'NOT IN'} ({', '.join(others)}))", "boolean"
    if name == "OPERATOR_COALESCE":
        values, kind = _of_one_type(children, scope)
        return f"(coalesce({', '.join(values)}))", kind
    raise scope.refused(f"'{name.lower().replace('_', ' ')}'")


def _case(node: Node, scope: Scope) -> Written:
    """Return the SQL of CASE: conditions, and values of one type."""
    conditions = [_boolean(one["when_expr"], scope) for one in node["case_checks"]]
    results = [*(one["then_expr"] for one in node["case_checks"]), node["else_expr"]]
    values, kind = _of_one_type(results, scope)
    steps = " ".join(f"WHEN {when} THEN {then}" for when, then in zip(conditions, values[:-1], strict=True))
    return f"(CASE {steps} ELSE {values[-1]} END)", kind


def _of_one_type(nodes: list[Node], scope: Scope) -> tuple[list[str], Type]:
    """Return the SQL of values of which one is chosen."""
    written = [_write(node, scope) for node in nodes]
    kind = _one_type({kind for _, kind in written} - {"null"})
    return [_as(sql, own, kind) for sql, own in written], kind


def _function(node: Node, scope: Scope) -> Written:
    """Return the SQL of a function on the list, without anything that would make it an aggregate."""
    name = str(node["function_name"])
    name = _SPELLINGS.get(name, name)
    arguments = [argument["expression"] for argument in node["arguments"]]
    is_bare = not (node["distinct"] or node["filter"] or node["schema"] or node["order_bys"]["orders"])
    is_bare = is_bare and not any(argument["name"] for argument in node["arguments"])
    if node["is_operator"] and name in _LIKE:
        return write_like(_LIKE[name], arguments, [_write(one, scope) for one in arguments], scope.columns)
    if node["is_operator"] and name in ARITHMETIC:
        return write_arithmetic(name, [_write(one, scope) for one in arguments])
    if is_bare and not node["is_operator"] and name in scope.functions:
        return write_function(name, scope.functions[name], [_write(one, scope) for one in arguments])
    raise scope.refused(f"'{name}'")
