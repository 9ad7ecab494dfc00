"""What Stata's commands have in common: conditions, weights and factors."""

from __future__ import annotations

import re

from engine.draft.script import ScriptStudy
from engine.draft.script_conditions import Condition, condition_of
from engine.draft.stata_command import Command

_FACTOR = re.compile(r"(i?b?\(?\w*\)?|c|o)\.(\w+)")


def where_of(command: Command) -> Condition:
    """Return the condition of a command and of its subpopulation together."""
    texts = [text for text in (command.condition, command.subpopulation) if text]
    texts = [text.removeprefix("if ").strip() for text in texts]
    if not texts:
        return Condition(sql=None)
    return condition_of(texts[0] if len(texts) == 1 else f"({texts[0]}) & ({texts[1]})")


def weight_of(study: ScriptStudy, command: Command) -> str | None:
    """Give the study the weight of a command; return why it cannot have it."""
    weight = command.weight
    if weight is None:
        return None
    if not re.fullmatch(r"\w+", weight):
        return f"without the weight {weight}: it is no column"
    given = study.design.setdefault("weight", weight)
    return None if given == weight else f"weighted with {given}, not with {weight}: a study has one weight"


def factors_in(text: str) -> list[str]:
    """Return the variables that a list of terms marks as factors."""
    plain = [name for prefix, name in _FACTOR.findall(text) if prefix not in ("c", "o")]
    crossed = [name for pair in re.findall(r"([\w.]+(?:##?[\w.]+)+)", text) for name in re.split(r"#+", pair)]
    return [*plain, *(name.rpartition(".")[2] for name in crossed if not name.startswith("c."))]
