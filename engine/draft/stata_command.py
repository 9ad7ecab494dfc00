"""One Stata command, taken apart: prefixes, name, variables, condition, weight, options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIXES = ("qui", "quie", "quiet", "quietly", "noi", "noisily", "cap", "capture", "eststo", "xi")
_OPTION = re.compile(r"(\w+)\s*(?:\(((?:[^()]|\([^()]*\))*)\))?")
_WEIGHT = re.compile(r"\[\s*(p|a|i|f)?w\w*\s*=\s*([^\]]+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command.

    Attributes
    ----------
    name, arguments
        Its name, and the words after it up to condition, weight or comma.
    survey, subpopulation
        Whether it has the prefix `svy`, and its subpopulation.
    condition, weight
        Behind `if`; the expression of the weight.
    options
        Name -> what stands in its brackets.
    groups
        Of multilevel models: what follows each `||`, as (cluster, variables).
    """

    name: str
    arguments: str
    survey: bool = False
    subpopulation: str | None = None
    condition: str | None = None
    weight: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[tuple[str, str], ...] = ()

    def option(self, name: str, shortest: int) -> str | None:
        """Return an option that may be shortened to so many letters, None without it."""
        for given, value in self.options.items():
            if name.startswith(given) and len(given) >= shortest:
                return value
        return None


def command_of(text: str) -> Command:
    """Take a command apart.

    Examples
    --------
    >>> one = command_of("qui svy: logit y i.x if age>15, or")
    >>> one.name, one.arguments, one.survey, one.condition, dict(one.options)
    ('logit', 'y i.x', True, 'age>15', {'or': ''})
    """
    rest, survey, subpopulation = text.strip(), False, None
    while True:
        prefix = re.match(r"(\w+)\s*(,[^:]*?)?\s*:\s*(?!:)(.*)", rest)
        if prefix is not None and prefix[1] in ("svy", *PREFIXES, "bys", "bysort", "by", "nestreg"):
            if prefix[1] == "svy":
                inside = re.search(r"sub\w*\(([^)]*)\)", prefix[2] or "")
                survey, subpopulation = True, inside[1].strip() if inside else None
            rest = prefix[3]
            continue
        word, _, behind = rest.partition(" ")
        if word not in PREFIXES or not behind.strip():
            break
        rest = behind.strip()
    whole, *behind_bars = re.split(r"\|\|(?![^(]*\))", rest)
    last = behind_bars[-1] if behind_bars else whole
    before, options = _split_options(last)
    if behind_bars:
        behind_bars[-1] = before
    else:
        whole = before
    found = _WEIGHT.search(whole)
    weight = found[2].strip() if found else None
    whole = _WEIGHT.sub(" ", whole)
    parts = re.split(r"\s+(?:if\b|if(?=\())", whole, maxsplit=1)
    condition = re.split(r"\s+in\s+\d", parts[1])[0].strip() if len(parts) > 1 else None
    name, _, arguments = parts[0].strip().partition(" ")
    groups = tuple((one.partition(":")[0].strip(), one.partition(":")[2].strip()) for one in behind_bars)
    return Command(
        name=name,
        arguments=" ".join(arguments.split()),
        survey=survey,
        subpopulation=subpopulation,
        condition=condition,
        weight=weight,
        options=options,
        groups=groups,
    )


def _split_options(text: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the first comma outside brackets, and the options behind it."""
    depth, in_quotes = 0, False
    for place, letter in enumerate(text):
        in_quotes ^= letter == '"'
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0 and not in_quotes:
            found = _OPTION.findall(text[place + 1 :])
            return text[:place].rstrip(), {name.lower(): value.strip() for name, value in found}
    return text.strip(), {}
