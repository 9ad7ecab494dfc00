"""Levels in an expression: a misspelt level or a pattern that no level matches would leave nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from engine.data.expression_functions import Written
from engine.data.expression_tree import ExpressionError, Node
from engine.errors import nearest


class Leveled(Protocol):
    """A variable with its levels, if it has any and they are known."""

    @property
    def is_factor(self) -> bool:
        """Whether it has levels."""

    @property
    def levels(self) -> tuple[str, ...]:
        """Their names."""


def refuse_unknown_levels(nodes: Sequence[Node], columns: Mapping[str, Leveled]) -> None:
    """Check the texts that are compared with a factor."""
    levels = _levels(nodes, columns)
    for node in nodes if levels else []:
        literal = node.get("literal") or {}
        if literal.get("kind") == "STRING" and literal["text"] not in levels:
            raise ExpressionError(
                f"the unknown level '{literal['text']}'", "a level of it", nearest(literal["text"], levels)
            )


def write_like(
    operator: str, nodes: Sequence[Node], parts: Sequence[Written], columns: Mapping[str, Leveled]
) -> Written:
    """Return the SQL of a pattern that a factor or the wave is compared with."""
    (value, kind), (pattern, _) = parts
    literal: Mapping[str, Any] = nodes[1].get("literal") or {}
    if kind not in ("text", "wave") or nodes[0]["class"] != "COLUMN_REF" or literal.get("kind") != "STRING":
        found = "LIKE of something else than a factor and a text"
        raise ExpressionError(found, "such as region LIKE 'north%'", "Correct it.")
    levels = _levels(nodes, columns)
    if levels and not any(_matches(literal["text"], level) for level in levels):
        found = f"the pattern '{literal['text']}', which no level matches"
        raise ExpressionError(found, "a pattern with % or _", nearest(literal["text"], levels))
    return f"({value} {operator} {pattern})", "boolean"


def _levels(nodes: Sequence[Node], columns: Mapping[str, Leveled]) -> list[str]:
    """Return the levels of the one factor among nodes, none if there are several or they are not known."""
    folded = {known.casefold(): column for known, column in columns.items()}
    named = [folded[node["column_names"][0].casefold()] for node in nodes if node["class"] == "COLUMN_REF"]
    factors = [column for column in named if column.is_factor and column.levels]
    return [*factors[0].levels] if len(factors) == 1 else []


def _matches(pattern: str, level: str) -> bool:
    parts = (".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in pattern)
    return re.fullmatch("".join(parts), level, re.DOTALL) is not None
