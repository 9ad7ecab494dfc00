"""Conditions that no record can satisfy, such as ``age > 5 AND age < 3``: found without any data.

Where every comparison is one of a variable with constants, a condition depends on a variable only through the
constants that it equals or lies between. One value of each kind is tried, so that nothing is missed. What is
written otherwise, such as a comparison of two variables, is left out: it could only exclude more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.data.expression_tree import Node, locked_database, parse
from engine.data.expressions import RuleColumn, quote_identifier, write_condition

if TYPE_CHECKING:
    import duckdb

MOST_CASES = 10_000
Constants = frozenset[float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One of the conditions that must all hold: its SQL, and the constants its variables meet."""

    sql: str
    constants: Mapping[str, Constants]


def impossible_variables(
    texts: Sequence[str], columns: Mapping[str, RuleColumn], without: Collection[str] = ()
) -> tuple[str, ...] | None:
    """Return the variables whose values can never satisfy all conditions, None if some values may.

    Parameters
    ----------
    texts
        Conditions without faults.
    columns
        The variables.
    without
        Parts of conditions that name these are left out.

    Examples
    --------
    >>> age = {"age": RuleColumn(is_factor=False)}
    >>> impossible_variables(["age > 5", "age < 3"], age)
    ('age',)
    >>> impossible_variables(["age > 5 OR age < 3"], age) is None
    True
    """
    parts = [part for text in texts for part in _parts(text, columns, without)]
    if not parts:
        return None  # to open a database takes a tenth of the time of a small file
    with locked_database() as connection:
        for together in _sharing_variables(parts):
            met: dict[str, Constants] = {}
            for part in together:
                for name, constants in part.constants.items():
                    met[name] = met.get(name, frozenset()) | constants
            values = {name: _one_of_each(name, columns[name], constants) for name, constants in met.items()}
            few = math.prod(map(len, values.values())) <= MOST_CASES
            if few and not _is_satisfied(together, values, connection):
                return tuple(values)
    return None


def _parts(text: str, columns: Mapping[str, RuleColumn], without: Collection[str]) -> Iterator[_Part]:
    for node in _joined_by_and(parse(text)):
        constants = _constants(node, columns)
        if constants is not None and not {*constants} & {*without}:
            yield _Part(sql=write_condition(node, columns), constants=constants)


def _joined_by_and(node: Node) -> Iterator[Node]:
    if node["type"] == "CONJUNCTION_AND":
        for child in node["children"]:
            yield from _joined_by_and(child)
    else:
        yield node


def _constants(node: Node, columns: Mapping[str, RuleColumn]) -> dict[str, Constants] | None:
    """Return the constants that each variable is compared with, None if not all comparisons are such."""
    kind = node["class"]
    if kind == "CONSTANT":
        return {}
    if kind == "CONJUNCTION" or node["type"] == "OPERATOR_NOT":
        found: dict[str, Constants] = {}
        for child in node["children"]:
            of_child = _constants(child, columns)
            if of_child is None:
                return None
            for name, constants in of_child.items():
                found[name] = found.get(name, frozenset()) | constants
        return found
    if kind == "COMPARISON":
        return _compared([node["left"], node["right"]], columns)
    if kind == "BETWEEN":
        return _compared([node["input"], node["lower"], node["upper"]], columns)
    if kind == "OPERATOR" and node["type"] != "OPERATOR_COALESCE":
        return _compared(node["children"], columns)
    if kind == "FUNCTION" and node["function_name"] in ("~~", "!~~"):
        found = _compared([argument["expression"] for argument in node["arguments"]], columns) or {}
        return found if any(columns[name].levels for name in found) else None
    return None


def _compared(nodes: Sequence[Node], columns: Mapping[str, RuleColumn]) -> dict[str, Constants] | None:
    folded = {known.casefold(): known for known in columns}
    names, constants = set(), set()
    for node in nodes:
        if node["class"] == "COLUMN_REF":
            names.add(folded[node["column_names"][-1].casefold()])
        elif node["class"] == "CONSTANT" and node["literal"]["kind"] in ("INTEGER", "NUMERIC"):
            constants.add(float(node["literal"]["text"]))
        elif node["class"] == "CONSTANT" and node["literal"]["kind"] == "STRING":
            constants.add(node["literal"]["text"])
        elif node["class"] != "CONSTANT":
            return None
    return {name: frozenset(constants) for name in names} if len(names) < 2 else None


def _sharing_variables(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Group parts that share variables: others do not bear on each other."""
    groups: list[tuple[set[str], list[_Part]]] = []
    for part in parts:
        names, together = {*part.constants}, [part]
        apart = []
        for group in groups:
            if names & group[0]:
                names, together = names | group[0], [*group[1], *together]
            else:
                apart.append(group)
        groups = [*apart, (names, together)]
    return [together for _, together in groups]


def _one_of_each(name: str, column: RuleColumn, constants: Constants) -> list[float | str | None]:
    """Return a value of each kind that the constants tell apart, and None for a missing one."""
    numbers = [one for one in constants if isinstance(one, float)]
    texts = [one for one in constants if isinstance(one, str)]
    if not column.is_factor:
        return [None, *_numbers(numbers)]
    if column.levels:
        return [None, *column.levels]
    other = "".join(["other", *texts])
    if name != "wave":
        return [None, other, *texts]
    written = [text for one in _numbers(numbers) for text in (repr(one), f"{one:.0f}")] if numbers else []
    return [None, *dict.fromkeys([other, *texts, *written])]


def _numbers(constants: Sequence[float]) -> list[float]:
    """Return the constants, and numbers below, between and above them."""
    ordered = sorted({0.0, *constants})
    between = [low + (high - low) / 2.0 for low, high in pairwise(ordered)]
    ends = (math.nextafter(ordered[0], -math.inf), math.nextafter(ordered[-1], math.inf))
    return [*ordered, *between, *ends]


def _is_satisfied(
    parts: Sequence[_Part],
    values: Mapping[str, Sequence[float | str | None]],
    connection: duckdb.DuckDBPyConnection,
) -> bool:
    tables = [
        f"(SELECT unnest($v{i}::{_type(tried)}[]) AS {quote_identifier(name)})"
        for i, (name, tried) in enumerate(values.items())
    ]
    where = " AND ".join(part.sql for part in parts)
    query = f"SELECT 1 FROM {', '.join(tables) or '(SELECT 1)'} WHERE {where} LIMIT 1"  # noqa: S608
    params = {f"v{i}": list(tried) for i, tried in enumerate(values.values())}
    return bool(connection.execute(query, params).fetchall())


def _type(values: Sequence[float | str | None]) -> str:
    return "DOUBLE" if any(isinstance(value, float) for value in values) else "VARCHAR"
