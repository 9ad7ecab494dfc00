"""Sets of people that results count, and how these sets add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

Box = frozenset[tuple[str, str]]
"""A set of people by its conditions, one for each variable. More conditions, fewer people; none: all records.

``("sex", "=male")``: a level; ``("sex", "known")``: any level; ``("sex", "(skipped)")``: a kind of missing.
"""

Parts: TypeAlias = "dict[tuple[Box, frozenset[str]], list[Box]]"
"""Of a set and the names of breakdowns, its parts."""

KNOWN = "known"
NO_LEVEL = "no level"
"""The condition of a variable that a person has no level of, of whatever kind the gap is."""
LEVEL_OR_NONE = ": a level or none"
PEOPLE, SAMPLE, WEIGHTED = "people", "in the sample", "in the sample, weight above 0"
WAVE, WAVES = "wave", "waves"
"""The condition of one wave, and that of several: ``("waves", "1,3")``."""
COMPLETE = "complete"
"""The condition that several variables are known: ``("complete", "age,income,sex")``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many people are in a box, and the sum of their weights if results tell it."""

    box: Box
    people: int
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A set and disjoint parts of it: ``whole = sum of parts + rest``.

    Attributes
    ----------
    whole, parts
        The sets.
    rest
        How many people are in no part: no result counts them. That there is nobody is no secret, it often
        follows from the meaning of the parts.
    follows
        Whether other relations say the same together.
    """

    whole: Box
    parts: tuple[Box, ...]
    rest: int
    follows: bool = False


def relations_of(counts: Mapping[Box, Count]) -> Iterator[Relation]:
    """Yield how the sets add up: each with those of its parts that have conditions on the same variables.

    All people have the parts ``sex=male`` and ``sex=female``, and others that differ in sex and wave. Where
    parts are larger than the whole they are no parts of it, and nothing is yielded.
    """
    lists = {value for box in counts for name, value in box if name == WAVES}
    gaps = {name for box in counts for name, value in box if value == NO_LEVEL}
    parts: Parts = defaultdict(list)
    for box in counts:
        for whole, added in _wider(box, lists, gaps):
            if added and whole in counts:
                parts[whole, added].append(box)
    for (whole, added), found in parts.items():
        rest = counts[whole].people - sum(counts[part].people for part in found)
        if rest >= 0:
            follows = _follows(whole, added, found, parts)
            yield Relation(whole=whole, parts=tuple(found), rest=rest, follows=follows)


def _follows(whole: Box, added: frozenset[str], found: Collection[Box], parts: Parts) -> bool:
    """Whether a breakdown says no more than others: by sex and wave, if by sex and each sex by wave."""
    if len(added) == 1:
        (name,) = added
        other = f"{name}{LEVEL_OR_NONE}"
        if name.endswith(LEVEL_OR_NONE):
            name = name.removesuffix(LEVEL_OR_NONE)
            return not any((name, NO_LEVEL) in part for part in found)
        return any((name, NO_LEVEL) in part for part in parts.get((whole, frozenset({other})), ()))
    for name in added:
        middle = parts.get((whole, frozenset({name})), ())
        reached = {part for one in middle for part in parts.get((one, added - {name}), ())}
        if reached.issuperset(found):
            return True
    return False


def _wider(box: Box, lists: Collection[str], gaps: Collection[str]) -> Iterator[tuple[Box, frozenset[str]]]:
    """Yield the sets that contain a box, each with a name of the breakdown that the box belongs to."""
    choices: Sequence[list[tuple[tuple[str, str] | None, str]]] = [
        [((name, value), ""), *_wider_conditions(name, value, lists, gaps)] for name, value in sorted(box)
    ]
    for chosen in product(*choices):
        kept = frozenset(one for one, _ in chosen if one is not None)
        yield kept, frozenset(name for _, name in chosen if name)


def _wider_conditions(
    name: str, value: str, lists: Collection[str], gaps: Collection[str]
) -> Iterator[tuple[tuple[str, str] | None, str]]:
    """Yield each condition that is wider than one, None for no condition, with the name of the breakdown."""
    is_missing = value.startswith("(")
    if name in gaps:
        if is_missing:
            yield (name, NO_LEVEL), f"{name}: why it is not known"
        else:
            yield None, f"{name}{LEVEL_OR_NONE if value != KNOWN else ': is it known, or not'}"
        if value == NO_LEVEL:
            yield None, f"{name}: is it known, or not"
            return
    if is_missing or value == KNOWN:
        # The levels and the kinds of missing are one breakdown, what is known and these kinds another one.
        yield None, f"{name}: is it known"
    if value != KNOWN:
        yield None, name
    if name == WAVE:
        yield from (((WAVES, one), name) for one in lists if value in one.split(","))
    elif name == COMPLETE:
        yield from (((one, KNOWN), name) for one in value.split(","))
    elif name == PEOPLE and value == WEIGHTED:
        yield (PEOPLE, SAMPLE), name
    elif value.startswith("="):
        yield (name, KNOWN), name


def box_of(conditions: Mapping[str, str]) -> Box:
    """Return the set of people that meet conditions."""
    return frozenset(conditions.items())
