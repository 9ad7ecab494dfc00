"""Sets that no row counts and yet everybody can: sums of groups, and the people who are in no group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from engine.disclosure.boxes import KNOWN, NO_LEVEL, WAVE, Box, Count
from engine.study import StudySpec

MOST_TIMES = 4  # there are not more than this many times as many sets as rows count
Levels = Mapping[str, Sequence[str]]


def with_implied(counts: Mapping[Box, Count], levels: Levels, whole: AbstractSet[str]) -> dict[Box, Count]:
    """Return sets together with those that are sums or differences of them.

    The women of all waves are the sum of those of each wave. Those who have no region are all people less
    the people of each region. Such sets tie together what analyses tell of different outcomes.

    Parameters
    ----------
    counts
        The sets that rows and manifest count.
    levels
        Of each variable, and of ``wave``, all conditions that a set may have: ``=male``, ``=female``.
    whole
        Those of which everybody has a level.
    """
    found = dict(counts)
    most = MOST_TIMES * len(counts)
    for step in (_sums, _sums, _rests, _sums):
        for count in step(found, levels, whole):
            if len(found) < most:
                found.setdefault(count.box, count)
    return found


def _sums(counts: Mapping[Box, Count], levels: Levels, whole: AbstractSet[str]) -> list[Count]:
    """Return the sets that are split into all levels of a variable and are counted by these alone."""
    sums = []
    for (around, name), parts in _siblings(counts, levels).items():
        everybody = around if name in whole else around | {(name, KNOWN)}
        if everybody not in counts and len(parts) == len(levels[name]):
            sums.append(_sum(everybody, [*parts.values()]))
    return sums


def _rests(counts: Mapping[Box, Count], levels: Levels, whole: AbstractSet[str]) -> list[Count]:
    """Return the people of a set who have no level of a variable."""
    rests: dict[Box, Count] = {}
    for (around, name), parts in _siblings(counts, levels).items():
        if name not in whole and around in counts and len(parts) == len(levels[name]):
            _add_rest(rests, counts[around], name, _sum(around, [*parts.values()]))
    for box, count in counts.items():
        for name, value in box:
            if value == KNOWN and box - {(name, value)} in counts:
                _add_rest(rests, counts[box - {(name, value)}], name, count)
    return [*rests.values()]


def _add_rest(rests: dict[Box, Count], whole: Count, name: str, inside: Count) -> None:
    people = whole.people - inside.people
    if people > 0:
        box = whole.box | {(name, NO_LEVEL)}
        is_weighed = whole.weight is not None and inside.weight is not None
        weight = (whole.weight or 0.0) - (inside.weight or 0.0) if is_weighed else None
        rests.setdefault(box, Count(box=box, people=people, weight=weight))


def _siblings(counts: Mapping[Box, Count], levels: Levels) -> dict[tuple[Box, str], dict[str, Count]]:
    """Return the sets that differ in the level of one variable, by the rest of their conditions."""
    siblings: dict[tuple[Box, str], dict[str, Count]] = defaultdict(dict)
    for box, count in counts.items():
        for name, value in box:
            if value in levels.get(name, ()):
                siblings[box - {(name, value)}, name][value] = count
    return siblings


def _sum(box: Box, parts: Sequence[Count]) -> Count:
    weights = [part.weight for part in parts if part.weight is not None]
    return Count(
        box=box,
        people=sum(part.people for part in parts),
        weight=sum(weights) if len(weights) == len(parts) else None,
    )


def levels_of(spec: StudySpec) -> dict[str, Sequence[str]]:
    """Return the conditions of each variable with levels."""
    return {
        name: tuple(f"={level}" for level in variable.level_names)
        for name, variable in spec.variables.items()
        if variable.level_names
    }


def waves_of(manifest: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Return the waves as the conditions of ``wave``; nothing if some people have none."""
    steps = (manifest["sample_flow"][0], manifest["sample_flow"][-1])
    if any(sum(step["by_wave"].values()) != step["n"] for step in steps):
        return {}
    return {WAVE: tuple(steps[-1]["by_wave"])}
