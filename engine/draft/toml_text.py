"""Writes values of a study file as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """Return a key of TOML, in quotes where it needs them.

    Examples
    --------
    >>> key("sex"), key("性别")
    ('sex', '"性别"')
    """
    return name if _BARE.fullmatch(name) else value(name)


def value(item: object) -> str:
    """Return a value of TOML.

    Examples
    --------
    >>> value("女"), value((1, 2.5, "a")), value(True)
    ('"女"', '[1, 2.5, "a"]', 'true')
    """
    if isinstance(item, Mapping):
        return inline(item)
    if isinstance(item, (list, tuple)):
        return f"[{', '.join(value(one) for one in item)}]"
    return json.dumps(item, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(table: Mapping[str, object]) -> str:
    """Return an inline table of TOML.

    Examples
    --------
    >>> inline({"yes": (1,), "not sure": (8, 9)})
    '{ yes = [1], "not sure" = [8, 9] }'
    """
    return f"{{ {', '.join(f'{key(name)} = {value(item)}' for name, item in table.items())} }}"
