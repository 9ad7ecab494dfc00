"""Sample rules: a small, checked part of SQL.

DuckDB parses a rule, its tree is compared with an allow-list, and the SQL that runs is written again from the
tree with the types checked. No text of the user reaches the database, and an error never shows a value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import Fault, nearest

Type = Literal["number", "text", "boolean", "null", "wave"]

LONGEST = 4096
_COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}
_SPELLINGS = {"~~": "LIKE", "!~~": "NOT LIKE", "row": "nothing", "contains": "an empty list"}
_ARITHMETIC = {"+", "-", "*", "/", "%"}
_ALLOWED = "comparisons, AND, OR, NOT, IN, BETWEEN, IS NULL and arithmetic over the study's variables"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleColumn:
    """A variable that a rule may use; levels are empty for a number, and for a factor with unknown levels."""

    is_factor: bool
    levels: tuple[str, ...] = ()


class ConditionError(Exception):
    """Why a rule is refused: (found, expected, remedy)."""


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
        return _boolean(_parse(text), columns)
    except ConditionError as error:
        found, expected, remedy = error.args
        return Fault(place, found, expected, remedy)


def _parse(text: str) -> Mapping[str, Any]:
    """Return the tree of a rule: DuckDB's tree of the WHERE clause."""
    if len(text) > LONGEST or any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
        raise ConditionError("a rule too long or with control characters", "plain text", "Shorten it.")
    tree = _statement_tree(text)
    if tree.get("error"):
        raise ConditionError("text that is no SQL condition", "such as `income IS NOT NULL`", "Correct it.")
    statements = tree["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    surroundings = ("modifiers", "group_expressions", "group_sets", "having", "sample", "qualify")
    is_plain = node.get("type") == "SELECT_NODE" and not any(node.get(key) for key in surroundings)
    if not is_plain or node["from_table"].get("type") != "BASE_TABLE" or node["cte_map"]["map"]:
        raise ConditionError("more than a condition", _ALLOWED, "Keep the condition only.")
    where: Mapping[str, Any] = node["where_clause"]
    return where


def _statement_tree(text: str) -> Mapping[str, Any]:
    """Return DuckDB's tree of a statement with the rule in it; the statement is parsed, never run."""
    import duckdb

    statement = f"SELECT 1 FROM t WHERE ({text}\n)"  # noqa: S608
    with duckdb.connect(config={"enable_external_access": "false"}) as connection:
        try:
            answer = connection.sql("SELECT json_serialize_sql($text)", params={"text": statement}).fetchall()
        except duckdb.Error:
            raise ConditionError("text that is no SQL", "a SQL condition", "Correct it.") from None
    tree: Mapping[str, Any] = json.loads(answer[0][0])
    return tree


def _render(node: Mapping[str, Any], columns: Mapping[str, RuleColumn]) -> tuple[str, Type]:
    """Return the SQL of a node and its type."""
    kind, name = node["class"], node["type"]
    if kind == "COLUMN_REF":
        return _column(node["column_names"], columns)
    if kind == "CONSTANT":
        return _constant(node.get("literal") or {})
    if kind == "CONJUNCTION":
        parts = [_boolean(child, columns) for child in node["children"]]
        return f"({(' AND ' if name == 'CONJUNCTION_AND' else ' OR ').join(parts)})", "boolean"
    if kind == "COMPARISON" and name in _COMPARISONS:
        is_ordered = name.startswith(("COMPARE_LESS", "COMPARE_GREATER"))
        left, right = _comparable([node["left"], node["right"]], columns, ordered=is_ordered)
        return f"({left} {_COMPARISONS[name]} {right})", "boolean"
    if kind == "BETWEEN":
        value, low, high = _comparable([node["input"], node["lower"], node["upper"]], columns, ordered=True)
        return f"({value} BETWEEN {low} AND {high})", "boolean"
    if kind == "OPERATOR":
        return _operator(name, node["children"], columns)
    if kind == "FUNCTION" and node["function_name"] in _ARITHMETIC and node["is_operator"]:
        return _arithmetic(node, columns)
    refused = node.get("function_name") or name.lower().replace("_", " ")
    refused = _SPELLINGS.get(refused, refused)
    raise ConditionError(f"'{refused}'", _ALLOWED, "Prepare it in [variables], or write it with these.")


def _column(names: list[str], columns: Mapping[str, RuleColumn]) -> tuple[str, Type]:
    """Return the SQL of a variable, which may be written in any case."""
    folded = {known.casefold(): known for known in columns}
    known = folded.get(names[-1].casefold()) if len(names) == 1 else None
    if known is None:
        name = ".".join(names)
        raise ConditionError(
            f"the unknown variable '{name}'", "a variable of this study", nearest(name, list(columns))
        )
    if known == "wave":
        return quote_identifier(known), "wave"
    return quote_identifier(known), "text" if columns[known].is_factor else "number"


def _constant(literal: Mapping[str, Any]) -> tuple[str, Type]:
    kind, text = literal.get("kind"), str(literal.get("text", ""))
    if kind in ("INTEGER", "NUMERIC"):
        if not math.isfinite(float(text)):
            raise ConditionError("a number too large", "a finite number", "Correct it.")
        return repr(float(text)) if kind == "NUMERIC" else str(int(text)), "number"
    if kind == "STRING":
        return "'" + text.replace("'", "''") + "'", "text"
    if kind == "BOOLEAN":
        return text.upper(), "boolean"
    if kind == "NULL_LITERAL":
        return "NULL", "null"
    raise ConditionError(f"a {kind} constant", "a number, a text or a boolean", "Write it as one of these.")


def _boolean(node: Mapping[str, Any], columns: Mapping[str, RuleColumn]) -> str:
    """Return the SQL of a node that is true or false."""
    sql, kind = _render(node, columns)
    if kind not in ("boolean", "null"):
        raise ConditionError(f"a {kind}", "a condition that is true or false", "Compare it with something.")
    return sql


def _comparable(
    nodes: list[Mapping[str, Any]], columns: Mapping[str, RuleColumn], *, ordered: bool = False
) -> list[str]:
    """Return the SQL of values that are compared: all numbers or all texts, and known levels only."""
    rendered = [_render(node, columns) for node in nodes]
    kinds = {kind for _, kind in rendered} - {"null"}
    if "wave" in kinds:
        kinds.discard("wave")
        rendered = _with_waves(rendered, as_number=kinds == {"number"})
    if len(kinds) > 1:
        both = " with a ".join(sorted(kinds))
        raise ConditionError(
            f"a {both} in one comparison", "values of one type", "Factors are compared with 'level'."
        )
    if ordered and "text" in kinds:
        # Levels are names: the database would compare their letters.
        raise ConditionError("an order between names", "an order between numbers", "List the levels with IN.")
    _refuse_unknown_levels(nodes, columns)
    return [sql for sql, _ in rendered]


def _with_waves(rendered: list[tuple[str, Type]], *, as_number: bool) -> list[tuple[str, Type]]:
    """Return rendered values with waves, which are text in the panel, as numbers where they meet numbers."""
    return [
        (f"TRY_CAST({sql} AS DOUBLE)" if as_number and kind == "wave" else sql, kind)
        for sql, kind in rendered
    ]


def _refuse_unknown_levels(nodes: list[Mapping[str, Any]], columns: Mapping[str, RuleColumn]) -> None:
    """Check the texts that are compared with a factor: a misspelt level would leave nobody."""
    folded = {known.casefold(): column for known, column in columns.items()}
    named = [folded[node["column_names"][0].casefold()] for node in nodes if node["class"] == "COLUMN_REF"]
    factors = [column for column in named if column.is_factor and column.levels]
    if len(factors) != 1:
        return
    levels = list(factors[0].levels)
    for node in nodes:
        literal = node.get("literal") or {}
        if literal.get("kind") == "STRING" and literal["text"] not in levels:
            raise ConditionError(
                f"the unknown level '{literal['text']}'", "a level of it", nearest(literal["text"], levels)
            )


def _operator(
    name: str, children: list[Mapping[str, Any]], columns: Mapping[str, RuleColumn]
) -> tuple[str, Type]:
    if name == "OPERATOR_NOT":
        return f"(NOT {_boolean(children[0], columns)})", "boolean"
    if name in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
        sql, _ = _render(children[0], columns)
        return f"({sql} {'IS NULL' if name == 'OPERATOR_IS_NULL' else 'IS NOT NULL'})", "boolean"
    if name in ("COMPARE_IN", "COMPARE_NOT_IN"):
        first, *others = _comparable(children, columns)
        return f"({first} {'IN' if name == 'COMPARE_IN' else 'NOT IN'} ({', '.join(others)}))", "boolean"
    refused = name.lower().replace("_", " ")
    raise ConditionError(f"'{refused}'", _ALLOWED, "Write it with these.")


def _arithmetic(node: Mapping[str, Any], columns: Mapping[str, RuleColumn]) -> tuple[str, Type]:
    parts = [_render(argument["expression"], columns) for argument in node["arguments"]]
    if any(kind not in ("number", "null") for _, kind in parts):
        raise ConditionError("arithmetic on something that is no number", "numbers", "Use numeric variables.")
    operator = node["function_name"]
    values = [sql for sql, _ in parts]
    if len(values) == 1:
        return f"({operator} {values[0]})", "number"
    return f"({values[0]} {operator} {values[1]})", "number"
