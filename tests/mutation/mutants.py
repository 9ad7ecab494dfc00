"""All mutants of some files, as cosmic-ray makes them, and the function that each of them changes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

MODULE = 0  # where code outside functions begins
COMPILED = ("kernel", "inlined", "parallel_kernel")  # decorators that do nothing without the compiler
OF_CLASSES = ("frozen", "slots", "kw_only")  # keywords of `@dataclass` that no number depends on


class Mutant(NamedTuple):
    """A change: the operator's n-th place in a file, its line, and where the function around it begins."""

    path: str
    operator: str
    occurrence: int
    line: int
    function: int

    def source(self, root: Path) -> str:
        """Return the changed source."""
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        return str(
            mutate_code((root / self.path).read_bytes(), get_operator(self.operator)(), self.occurrence)
        )


class _Places(NamedTuple):
    """Lines of functions (first, from, to), and spans of code that never runs: (line, column) from and to."""

    functions: list[tuple[int, int, int]]
    idle: list[tuple[tuple[int, int], tuple[int, int]]]

    def function(self, line: int) -> int:
        inside = [one for one in self.functions if one[0] <= line <= one[2]]
        return max(inside)[0] if inside else MODULE

    def is_idle(self, place: tuple[int, int]) -> bool:
        return any(low <= place < high for low, high in self.idle)


def _places(source: str) -> _Places:
    """Annotations never run; without the compiler its decorators change nothing, and no number depends on
    whether the fields of a dataclass can be set.
    """
    found = _Places([], [])
    for node in ast.walk(ast.parse(source)):
        idle: list[ast.expr | None] = []
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found.functions.append((first, node.lineno, node.end_lineno or node.lineno))
            idle = [node.returns]
            for one in node.decorator_list:
                if isinstance(one, ast.Name) and one.id in COMPILED:
                    found.idle.append(((one.lineno, 0), (one.lineno + 1, 0)))
        elif isinstance(node, ast.ClassDef):
            calls = [one for one in node.decorator_list if isinstance(one, ast.Call)]
            idle = [one.value for call in calls for one in call.keywords if one.arg in OF_CLASSES]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            idle = [node.annotation]
        for span in idle:
            if span is not None:
                low = (span.lineno, span.col_offset)
                found.idle.append((low, (span.end_lineno or 0, span.end_col_offset or 0)))
    return found


def mutants_of(root: Path, path: str) -> Iterator[Mutant]:
    """Yield the mutants of a file that can differ when they run.

    The star before keywords of a function is no product.
    """
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    source = (root / path).read_text(encoding="utf-8")
    places = _places(source)
    nodes = [node for node in ast_nodes(get_ast(source)) if not _never_changes(node)]
    stars = {node.start_pos for node in nodes if node.type == "operator" and node.parent.type == "parameters"}
    for name in sorted(operator_names()):
        operator = get_operator(name)
        if operator.arguments() or name.endswith("NoOp"):
            continue
        positions = [low for node in nodes for low, _ in operator().mutation_positions(node)]
        for occurrence, low in enumerate(positions):
            if low not in stars and not places.is_idle(low):
                yield Mutant(path, name, occurrence, low[0], places.function(low[0]))


def _never_changes(node: Any) -> bool:
    """Whether no operator changes a node of parso: most are names and brackets."""
    return node.type in ("name", "newline", "string", "endmarker") or (
        node.type == "operator" and node.value in "()[]{},.:="
    )
