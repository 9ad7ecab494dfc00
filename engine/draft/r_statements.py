"""R script -> statements, and the calls in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.draft.script import Statement

_OPEN, _CLOSED = "([{", ")]}"
_GOES_ON = re.compile(r"(<-|=|\+|-|\*|/|,|~|\||&|%[^%]*%|\|>)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call: the name it is assigned to, the function, arguments with and without names."""

    target: str | None
    function: str
    named: Mapping[str, str]
    plain: tuple[str, ...]

    def argument(self, name: str, place: int | None = None) -> str | None:
        """Return an argument by its name, or by its place among those without one."""
        if name in self.named:
            return self.named[name]
        return self.plain[place] if place is not None and place < len(self.plain) else None


def statements_of_r(text: str) -> Iterator[Statement]:
    r"""Yield the statements of an R script, each in one line.

    Examples
    --------
    >>> [one.text for one in statements_of_r("d <- f(ids = ~psu, # cluster\n data = x)\nsummary(d)")]
    ['d <- f(ids = ~psu, data = x)', 'summary(d)']
    """
    held, start, depth = "", 1, 0
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        line, step = _without_comment(raw)
        start = number if not held else start
        held = f"{held} {line.strip()}".strip()
        depth += step
        if depth > 0 or not held or _GOES_ON.search(held):
            continue
        yield Statement(line=start, text=" ".join(held.split()))
        held, depth = "", 0
    if held:
        yield Statement(line=start, text=" ".join(held.split()))


def _without_comment(line: str) -> tuple[str, int]:
    """Return a line without its comment, and how many brackets it leaves open."""
    quote, depth = "", 0
    for place, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'`":
            quote = letter
        elif letter == "#":
            return line[:place], depth
        else:
            depth += (letter in _OPEN) - (letter in _CLOSED)
    return line, depth


def call_of(text: str) -> Call | None:
    """Return the call that a statement is, None if it is none.

    Examples
    --------
    >>> one = call_of("fit <- svyglm(y ~ x, design = d)")
    >>> one.target, one.function, one.plain, dict(one.named)
    ('fit', 'svyglm', ('y ~ x',), {'design': 'd'})
    """
    found = re.fullmatch(r"(?:([\w.$]+)\s*(?:<-|=)\s*)?(?:\w+::)?([\w.]+)\((.*)\)", text.strip())
    if found is None or not _closes_at_end(found[3]):
        return None
    named: dict[str, str] = {}
    plain: list[str] = []
    for part in split(found[3]):
        pair = re.match(r"([\w.]+)\s*=(?!=)\s*(.*)", part)
        if pair is not None:
            named[pair[1]] = pair[2].strip()
        elif part:
            plain.append(part)
    return Call(target=found[1], function=found[2], named=named, plain=tuple(plain))


def _closes_at_end(inside: str) -> bool:
    depth = 0
    for letter in inside:
        depth += (letter in _OPEN) - (letter in _CLOSED)
        if depth < 0:
            return False
    return depth == 0


def split(text: str, sign: str = ",") -> list[str]:
    """Split a text at a sign that stands outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'`":
            quote = letter
        else:
            depth += (letter in _OPEN) - (letter in _CLOSED)
            if letter == sign and depth == 0:
                parts.append("")
                continue
        parts[-1] += letter
    return [part.strip() for part in parts]
