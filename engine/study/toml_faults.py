"""What is wrong with a text that is no TOML: the line, a mark under the place, and the likely cause."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable

from engine.errors import Fault

_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_QUOTES = "“”‘’「」„"
_WIDE = "＝，：［］｛｝【】"
_LONGEST_SHOWN = 100

Cause = Callable[[str, str], str | None]
"""(message of the parser, line) -> what to do, None if this is not the cause."""


def toml_fault(text: str, error: tomllib.TOMLDecodeError) -> Fault:
    r"""Return the fault of a text that is no TOML.

    Examples
    --------
    >>> text = "[source]\npath = data.csv"
    >>> try:
    ...     tomllib.loads(text)
    ... except tomllib.TOMLDecodeError as error:
    ...     print(toml_fault(text, error))
    study file: found a mistake in line 2, column 8; expected KEY = VALUE. Text needs quotes: "data.csv".
        2 | path = data.csv
          |        ^
    """
    message, lines = str(error), text.splitlines() or [""]
    place = _PLACE.search(message)
    number, column = (int(place[1]), int(place[2])) if place else (len(lines), len(lines[-1]) + 1)
    if number > 1 and (number > len(lines) or not lines[number - 1].strip()):
        number = max(
            index for index, line in enumerate(lines[:number], start=1) if line.strip() or index == 1
        )
        column = len(lines[number - 1]) + 1
    opened = _open_list(lines[: number - 1]) if "array" in message else None
    if opened is not None:
        number, column = opened, len(lines[opened - 1]) + 1
    line = lines[number - 1]
    remedy = next((found for cause in _CAUSES if (found := cause(message, line)) is not None), "Correct it.")
    shown = line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]} ..."
    head = f"    {number} | "
    mark = f"{' ' * (len(head) - 2)}| {_space_like(line[: min(column - 1, _LONGEST_SHOWN)])}^"
    found = f"a mistake in line {number}, column {column}"
    is_head = line.lstrip().startswith("[") and "," not in line
    expected = "[NAME] or [[NAME]]" if is_head else "KEY = VALUE"
    return Fault("study file", found, expected, f"{remedy}\n{head}{shown}\n{mark}")


def _open_list(lines: list[str]) -> int | None:
    """Return the number of the last line with a key whose list is still open at the end of these lines."""
    for number in range(len(lines), 0, -1):
        line = lines[number - 1]
        if "=" in line:
            rest = "\n".join([_value_of(line), *lines[number:]])
            return number if rest.count("[") > rest.count("]") else None
    return None


def _space_like(text: str) -> str:
    """Return spaces as wide as a text on a terminal: a Chinese character takes two."""
    from unicodedata import east_asian_width

    return "".join("\t" if one == "\t" else "  " if east_asian_width(one) in "WF" else " " for one in text)


def _value_of(line: str) -> str:
    return line.partition("=")[2].partition("#")[0].strip()


def _typographic(_message: str, line: str) -> str | None:
    if any(sign in line for sign in _QUOTES):
        return 'Write straight quotes: ".'
    is_wide = any(sign in line for sign in _WIDE)
    return "Write the narrow signs = , : [ ] { } instead of the wide ones." if is_wide else None


def _twice(message: str, line: str) -> str | None:
    table = re.fullmatch(r"\[\s*(analysis|sample|source\.merge)\s*\]", line.partition("#")[0].strip())
    if table is not None:
        return f"Write [[{table[1]}]], with two brackets: there may be several."
    if "twice" in message or "Cannot declare" in message or "already exists" in message:
        return "The study has this table twice: make one table of the two."
    return "The table has this key twice: delete one of the two." if "overwrite" in message else None


def _backslash(message: str, line: str) -> str | None:
    if "\\" in line and "=" in line and ("escape" in message or "Hex" in message or "scalar" in message):
        return "Use / in paths, or single quotes around text with \\."
    return None


def _key(_message: str, line: str) -> str | None:
    bare = line.partition("#")[0].strip()
    if bare.startswith("["):
        names = re.sub(r'"[^"]*"|\'[^\']*\'', "", bare.strip("[] "))
        if not names.isascii() or " " in names:
            return 'Names with spaces or other letters than A-Z need quotes: [variables."性别"].'
        return "Close the bracket." if bare.count("[") != bare.count("]") else None
    if "=" not in bare:
        if re.match(r"[\w.-]+\s*:", bare):
            return "Write = between a key and its value."
        return "Write KEY = VALUE, and a comment after #."
    key = bare.partition("=")[0].strip()
    if not key.isascii() and not key.startswith(('"', "'")):
        return f'Names with other letters than A-Z need quotes: "{key}" = ...'
    return f'Names with spaces need quotes: "{key}" = ...' if " " in key and '"' not in key else None


def _bare_value(_message: str, line: str) -> str | None:
    """Name what stands where a value belongs."""
    value = _value_of(line)
    if not value:
        return "Write a value after =." if "=" in line else None
    if value in ("True", "False", "TRUE", "FALSE", "yes", "no", "Yes", "No"):
        return "Write true or false, in lower case."
    if re.fullmatch(r"[-+]?\d+,\d+", value):
        return f"Write a decimal point: {value.replace(',', '.')}."
    if re.fullmatch(r"[-+]?0\d+", value):
        return f'A number cannot begin with 0. A code that begins with 0 needs quotes: "{value}".'
    if re.match(r"[^\W\d][^\"'\[\]{}]*$", value) or re.match(r"[./~*\\]", value):
        return f'Text needs quotes: "{value}".'
    if re.search(r"[\[,{=]\s*(?!true\b|false\b|inf\b|nan\b)[^\W\d]\w*\s*[\],}]", value):
        return "Text needs quotes, in lists and tables too."
    return None


def _unclosed(message: str, line: str) -> str | None:
    value = _value_of(line)
    for opening, closing, what in (("{", "}", "table"), ("[", "]", "list")):
        if value.count(opening) > value.count(closing):
            if opening == "{":
                return (
                    "A table { ... } must end in the line in which it begins. Write a longer table as "
                    "[TABLE], with its keys in the lines below."
                )
            return f"Close the {what} with {closing}."
    if value.count('"') % 2 or value.count("'") % 2 or "Unterminated" in message:
        return "Close the quote."
    if "newline" in message or "Unclosed" in message:
        return "Write a comma between items, and each key in a line of its own."
    return None


_CAUSES: tuple[Cause, ...] = (_typographic, _twice, _backslash, _key, _bare_value, _unclosed)
