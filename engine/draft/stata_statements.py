"""Do-file -> statements: comments away, continued lines joined, braces as blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.draft.script import Statement

_QUOTED = r'`"(?:[^"])*"\'|"[^"\n]*"'
_COMMENT = re.compile(rf"(?P<kept>{_QUOTED})|///[^\n]*\n|/\*.*?\*/|(?<![:\w/])//[^\n]*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A statement that opens a brace, and what stands inside."""

    head: Statement
    body: tuple[Statement | Block, ...]


def statements_of(text: str) -> tuple[Statement | Block, ...]:
    r"""Return the statements of a do-file; those between braces are inside their block.

    Examples
    --------
    >>> first, loop = statements_of("use a // data\nforeach x in a b {\n sum `x'\n}\n")
    >>> first.text, loop.head.text, loop.body[0].line
    ('use a', 'foreach x in a b', 3)
    """
    return _blocks(iter([*_lines(text)]))


def _lines(text: str) -> Iterator[Statement]:
    """Yield statements and lone braces with their lines; a line break inside a comment is kept as a mark."""
    clean = _COMMENT.sub(_without_comment, text.replace("\r\n", "\n").replace("\r", "\n"))
    ends_with_semicolon, held, start = False, "", 1
    for number, raw in enumerate(clean.split("\n"), start=1):
        line = raw.strip()
        delimit = re.match(r"#d(?:elimit)?\s*(;|cr)", line)
        if delimit is not None:
            ends_with_semicolon, held = delimit[1] == ";", ""
            continue
        if not held:
            start = number
        held = f"{held} {line}" if held else line
        if held.endswith("\x01"):  # the line goes on
            held = held.rstrip("\x01 ")
            continue
        if not ends_with_semicolon:
            yield from _parts(start, held)
            held = ""
        while ends_with_semicolon and ";" in held:
            one, _, held = held.partition(";")
            yield from _parts(start, one)
            held, start = held.strip(), number


def _without_comment(found: re.Match[str]) -> str:
    if found["kept"] is not None:
        return found["kept"]
    if found[0].startswith("///"):
        return "\x01\n"
    return "\x01\n" * found[0].count("\n")


def _parts(line: int, text: str) -> Iterator[Statement]:
    text = " ".join(text.split()).strip()
    if text.startswith("*") or not text:
        return
    if text.startswith("}"):
        yield Statement(line=line, text="}")
        yield from _parts(line, text[1:])
    elif text.endswith("{"):
        yield Statement(line=line, text=text)
    elif text.endswith("}") and text.count("}") > text.count("{"):
        yield from _parts(line, text[:-1])
        yield Statement(line=line, text="}")
    else:
        yield Statement(line=line, text=text)


def _blocks(lines: Iterator[Statement]) -> tuple[Statement | Block, ...]:
    found: list[Statement | Block] = []
    for one in lines:
        if one.text == "}":
            return tuple(found)
        if one.text.endswith("{"):
            head = Statement(line=one.line, text=one.text[:-1].strip())
            found.append(Block(head=head, body=_blocks(lines)))
        else:
            found.append(one)
    return tuple(found)
