"""Macros and loops of a do-file: passes of a loop are written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from engine.draft.script import Statement
from engine.draft.script_expressions import EACH
from engine.draft.stata_statements import Block

MOST_PASSES = 60  # of one loop
UNKNOWN = "\x00"  # stands for a macro whose text the file does not show
_LOCAL = re.compile(r"`([\w]+)'")
_GLOBAL = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_LEVELS = re.compile(r"(?:qui\w*\s+)?levels(?:of)?\s+(\w+)\s*,.*?local\((\w+)\)")
_SET = re.compile(r"(local|global|gl|loc)\s+(\w+)\s*(=)?\s*(.*)")


class Macros:
    """The macros of a do-file at one place of it; those of a survey's levels stand for all of them."""

    def __init__(self) -> None:
        self.text: dict[str, str] = {}

    def expanded(self, text: str) -> str:
        """Return a text with macros replaced; unknown ones leave a mark."""
        for _ in range(5):
            before = text
            text = _LOCAL.sub(lambda found: self.text.get(found[1], UNKNOWN), text)
            text = _GLOBAL.sub(lambda found: self.text.get("$" + (found[1] or found[2]), UNKNOWN), text)
            if text == before:
                break
        return text

    def define(self, text: str) -> bool:
        """Take `local`, `global` and `levelsof`; says whether it was one of them."""
        levels = _LEVELS.match(text)
        if levels is not None:
            self.text[levels[2]] = EACH + levels[1]
            return True
        given = _SET.match(text)
        if given is None:
            return False
        name = ("$" if given[1].startswith("gl") else "") + given[2]
        value = self.expanded(given[4]).strip().strip('"').removeprefix('`"').removesuffix("\"'")
        is_plain = re.fullmatch(r'[\d.]+|"[^"]*"', given[4].strip())
        is_computed = (given[3] is not None and not is_plain) or given[4].startswith(":")
        self.text[name] = UNKNOWN if is_computed else value
        return True


def items_of(head: str, macros: Macros) -> tuple[str, Sequence[str] | None] | None:
    """Return the variable of a loop and its items, None for items that the file does not show; None: no loop.

    Examples
    --------
    >>> items_of("foreach x of varlist age sex", Macros())
    ('x', ['age', 'sex'])
    >>> items_of("forvalues i = 1/3", Macros())
    ('i', ['1', '2', '3'])
    """
    found = re.match(r"foreach\s+(\w+)\s+(in|of\s+(?:local|global|varlist|numlist|newlist))\s*(.*)", head)
    if found is not None:
        kind, rest = found[2].split()[-1], found[3].strip()
        if kind in ("local", "global"):
            rest = macros.text.get(("$" if kind == "global" else "") + rest, UNKNOWN)
        return found[1], _known(macros.expanded(rest))
    found = re.match(r"forv\w*\s+(\w+)\s*=\s*(\d+)\s*(?:/|\(1\))\s*(\d+)", macros.expanded(head))
    if found is not None:
        numbers = range(int(found[2]), int(found[3]) + 1)
        return found[1], [str(number) for number in numbers][:MOST_PASSES]
    return None


def _known(text: str) -> list[str] | None:
    items = [one.strip('"') for one in text.split()]
    is_shown = items and UNKNOWN not in text and not any(set("*?-") & {*one} for one in items)
    return items[:MOST_PASSES] if is_shown else None


def statements_in(block: Block) -> Iterator[Statement]:
    """Yield all statements inside a block, with the heads of inner ones."""
    for one in block.body:
        if isinstance(one, Block):
            yield one.head
            yield from statements_in(one)
        else:
            yield one
