"""The text of a rule or of a derived variable -> DuckDB's tree of it; the text itself is never run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

Node = Mapping[str, Any]

LONGEST = 4096
_SURROUNDINGS = ("modifiers", "group_expressions", "group_sets", "having", "sample", "qualify")


class ExpressionError(Exception):
    """Why an expression is refused: (found, expected, remedy)."""


@contextmanager
def locked_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty in-memory database that reaches no file and cannot be unlocked."""
    import duckdb

    with duckdb.connect(config={"enable_external_access": "false", "threads": "1"}) as connection:
        connection.sql("SET lock_configuration = true")
        yield connection


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """Return the tree of an expression: DuckDB's tree of a WHERE clause with nothing around it."""
    if len(text) > LONGEST or any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
        raise ExpressionError("a rule too long or with control characters", "plain text", "Shorten it.")
    _refuse_case_of_a_value(text)
    # As given and in parentheses: what closes a parenthesis that it has not opened fails one of the two.
    as_given, enclosed = _statement_trees(f"{text}\n", f"({text}\n)")
    if as_given.get("error") and not enclosed.get("error"):
        raise ExpressionError("unbalanced parentheses", "each one opened and closed", "Correct it.")
    if enclosed.get("error"):
        raise ExpressionError(
            "text that is no SQL condition", "a condition such as `income IS NOT NULL`", "Correct it."
        )
    statements = enclosed["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    is_plain = node.get("type") == "SELECT_NODE" and not any(node.get(key) for key in _SURROUNDINGS)
    if not is_plain or node["from_table"].get("type") != "BASE_TABLE" or node["cte_map"]["map"]:
        raise ExpressionError("more than one expression", "one over variables", "Keep the expression only.")
    where: Node = node["where_clause"]
    return where


def _refuse_case_of_a_value(text: str) -> None:
    """Refuse ``CASE x WHEN``: the database copies x for every WHEN, so that nested ones fill the memory."""
    import duckdb

    content = text.encode()
    starts = [(start, kind) for start, kind in duckdb.tokenize(text) if kind != duckdb.token_type.comment]
    words = [content[start : start + 4].upper() for start, _ in starts]
    keywords = [kind == duckdb.token_type.keyword for _, kind in starts]
    for is_keyword, word, following in zip(keywords, words, words[1:], strict=False):
        if is_keyword and word == b"CASE" and following != b"WHEN":
            raise ExpressionError("CASE of a value", "CASE WHEN x = 1 THEN ...", "Write out each comparison.")


def _statement_trees(*expressions: str) -> list[Mapping[str, Any]]:
    """Return DuckDB's tree of a statement with each expression in it; the statements are never run."""
    import duckdb

    trees = []
    with locked_database() as connection:
        for expression in expressions:
            statement = f"SELECT 1 FROM t WHERE {expression}"  # noqa: S608
            try:
                answer = connection.sql("SELECT json_serialize_sql($text)", params={"text": statement})
                trees.append(json.loads(answer.fetchall()[0][0]))
            except duckdb.Error:
                raise ExpressionError("text that is no SQL", "a SQL condition", "Correct it.") from None
    return trees


def has_column(tree: Node) -> bool:
    """Whether a tree names a variable anywhere."""
    return bool(_names(tree))


def names_in(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return which of the known variables an expression names, in their order; none if it cannot be read.

    Examples
    --------
    >>> names_in("Income / persons", ["persons", "income", "age"])
    ('persons', 'income')
    """
    try:
        named = {name.casefold() for name in _names(parse(text))}
    except (ExpressionError, RecursionError):
        return ()
    return tuple(name for name in known if name.casefold() in named)


def _names(node: Any) -> set[str]:  # noqa: ANN401 - JSON
    """Return the variables named in a tree."""
    if isinstance(node, Mapping):
        own = {str(node["column_names"][-1])} if node.get("class") == "COLUMN_REF" else set()
        return own.union(*(_names(child) for child in node.values()))
    return set().union(*(_names(child) for child in node)) if isinstance(node, list) else set()
