"""Rows of results -> the sets of people that each of them counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from engine.disclosure.boxes import (
    COMPLETE,
    KNOWN,
    PEOPLE,
    SAMPLE,
    WAVE,
    WAVES,
    WEIGHTED,
    Box,
    Count,
    Relation,
    box_of,
)
from engine.results import TidyRow
from engine.study import AnalysisSpec, StudySpec

TABLES = ("describe", "rates")
VALID = "(valid)"
EVENT = "event "
COMPARISONS = ("difference", "wald_f", "dominance")
TESTS = ("rao_scott_f",)  # of a whole table
AND = re.compile(r"\s+and\s+", re.IGNORECASE)
LEVEL = re.compile(r"\(?\s*(\w+)\s*=\s*'([^']*)'\s*\)?")  # of a where: sex = 'male'
MOST_APART = 2  # variables that are known, each a condition of its own; more are one condition
Conditions = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What rows tell.

    Attributes
    ----------
    counts
        All sets.
    of_row
        The sets that each row tells of.
    is_comparison
        Whether a row compares groups, or counts people that no other row counts.
    """

    counts: Mapping[Box, Count]
    of_row: Sequence[frozenset[Box]]
    is_comparison: Sequence[bool]

    def smallest(self, place: int) -> int | None:
        """Return the people of the smallest set that a row tells of; None if it tells of none."""
        return min((self.counts[box].people for box in self.of_row[place]), default=None)


def facts_of(
    rows: Sequence[TidyRow],
    spec: StudySpec,
    known: Sequence[Count] = (),
    without_gaps: AbstractSet[str] = frozenset(),
) -> Facts:
    """Return what rows tell, beside the sets that are known already.

    Everybody has a value of the variables `without_gaps`, and so that it is known is no condition.
    """
    analyses = {analysis.name: analysis for analysis in spec.analysis}
    described = _described(rows)
    counts = {count.box: count for count in known}
    of_row, comparisons = [], []
    for row in rows:
        analysis = analyses[str(row.analysis)]
        is_comparison = row.kind not in TABLES and (
            row.measure in COMPARISONS or " - " in str(row.level) or row.n_obs is None
        )
        found_counts = () if is_comparison else _counts(row, analysis, spec, described)
        is_comparison = is_comparison or row.measure in TESTS
        boxes = []
        for found in found_counts:
            weight = found.weight if _is_weighted(analysis, spec) else None
            box = _without_where(_without_known(found.box, without_gaps), spec)
            found = replace(found, box=box, weight=weight)
            there = counts.setdefault(found.box, found)
            count = found
            if there.people != found.people:  # the people of a model are fewer than those with its outcome
                is_comparison = is_comparison or row.kind not in TABLES
                others = f"{found.people} people of {row.analysis}"
                count = replace(found, box=found.box | {("of", others)})
                counts[count.box] = count
            elif there.weight is None:
                counts[found.box] = found
            boxes.append(count.box)
        of_row.append(frozenset(boxes))
        comparisons.append(is_comparison)
    return Facts(counts=counts, of_row=of_row, is_comparison=comparisons)


def everybody_weighs(counts: Mapping[Box, Count]) -> bool:
    """Whether nothing that is counted with weights and without them shows somebody with a weight of 0."""
    return all(
        other.people == counts[box].people
        for box in counts
        if (PEOPLE, WEIGHTED) in box
        and (other := counts.get(box - {(PEOPLE, WEIGHTED)} | {(PEOPLE, SAMPLE)})) is not None
    )


def event_relations(counts: Mapping[Box, Count]) -> Iterator[Relation]:
    """Yield how an event, or its contrary, of a variable with more than two levels is made of levels."""
    for box, count in counts.items():
        for name, value in box:
            if not name.startswith(EVENT):
                continue
            variable, levels = name.removeprefix(EVENT), value.removeprefix("=").split("|")
            around = box - {(name, value), (variable, KNOWN)}
            parts = [around | {(variable, f"={level}")} for level in levels]
            found = tuple(part for part in parts if part in counts)
            rest = count.people - sum(counts[part].people for part in found)
            if found and rest >= 0:
                yield Relation(whole=box, parts=found, rest=rest)


def place_of(row: TidyRow) -> tuple[str | None, ...]:
    """Return what rows have in common that tell several numbers of the same people."""
    return (row.analysis, row.outcome, row.rank_by, row.term, row.level, row.wave, row.subgroup)


def _described(rows: Sequence[TidyRow]) -> dict[tuple[str | None, ...], tuple[int, float | None]]:
    """Return the people of each level that `describe` counts, and the sum of their weights."""
    places: dict[tuple[str | None, ...], dict[str, float | None]] = {}
    for row in rows:
        if row.kind == "describe":
            places.setdefault(place_of(row), {})[row.measure] = row.estimate
    return {
        place: (round(found["count"] or 0.0), found.get("weighted_count", 0.0))
        for place, found in places.items()
        if "count" in found
    }


def _counts(
    row: TidyRow, analysis: AnalysisSpec, spec: StudySpec, described: Mapping[Any, tuple[int, float | None]]
) -> Iterator[Count]:
    """Yield the sets that a row counts."""
    group = _group(row, analysis, spec)
    n_obs, term, level = row.n_obs or 0, str(row.term), row.level
    if row.kind == "describe":
        if level is None:  # of a mean: those with a value
            yield Count(box=box_of({term: KNOWN} | group), people=n_obs, weight=row.sum_weights)
            return
        yield Count(box=box_of(group), people=n_obs, weight=row.sum_weights)
        people, weight = described[place_of(row)]
        value = KNOWN if level == VALID else level if level.startswith("(") else f"={level}"
        yield Count(box=box_of({**group, term: value}), people=people, weight=weight)
        return
    used = {row.outcome, row.rank_by, *_terms(analysis)} & spec.variables.keys()
    names = sorted(str(name) for name in used if name not in group)
    inside = {**dict.fromkeys(names, KNOWN), **group}
    if len(names) > MOST_APART:
        inside = {**group, COMPLETE: ",".join(names)}
    if row.kind == "rates" and level is not None:
        inside[term] = f"={level}"
    yield Count(box=box_of(inside), people=n_obs, weight=row.sum_weights)
    if row.n_events is not None and row.outcome in spec.variables:
        yield from _events(row, inside, spec)
    if row.kind == "decomposition" and row.measure == "mean" and level and row.estimate is not None:
        yield Count(box=box_of({**inside, term: f"={level}"}), people=round(row.estimate * n_obs))


def _events(row: TidyRow, inside: Conditions, spec: StudySpec) -> Iterator[Count]:
    """Yield the people with and without the event."""
    name = str(row.outcome)
    levels = spec.variables[name].level_names
    events = [level for level in levels if level in (spec.variables[name].event or ())]
    n_obs, n_events, weight, other_weight = row.n_obs or 0, row.n_events or 0, None, None
    if row.measure == "rate" and row.estimate is not None and row.sum_weights is not None:
        weight = row.estimate * row.sum_weights
        other_weight = row.sum_weights - weight
    for is_event, people, of_them in ((True, n_events, weight), (False, n_obs - n_events, other_weight)):
        own = [level for level in levels if (level in events) == is_event]
        value = {f"{EVENT}{name}": f"={'|'.join(own) or is_event}"}
        if len(levels) == 2 and len(own) == 1:
            value = {name: f"={own[0]}"}
        yield Count(box=box_of({**inside, **value}), people=people, weight=of_them)


def _is_weighted(analysis: AnalysisSpec, spec: StudySpec) -> bool:
    """Whether an analysis is of people with a weight; otherwise the sum of weights says how many they are."""
    return spec.design.weight is not None and getattr(analysis, "weighted", True)


def _group(row: TidyRow, analysis: AnalysisSpec, spec: StudySpec) -> Conditions:
    conditions = {PEOPLE: WEIGHTED if _is_weighted(analysis, spec) else SAMPLE}
    if analysis.where is not None:
        conditions["where"] = analysis.where
    if row.wave is not None:
        conditions[WAVE] = row.wave
    elif not isinstance(analysis.waves, str):
        conditions[WAVES] = ",".join(analysis.waves)
    for part in (row.subgroup or "").split(", "):
        name, sign, level = part.partition("=")
        if sign:
            conditions[name] = f"={level}"
    return conditions


def _without_known(box: Box, without_gaps: AbstractSet[str]) -> Box:
    """Return a set without the conditions that variables are known of which everybody has a value.

    `PEOPLE` among these says that everybody in the sample has a weight above 0.
    """
    conditions = {name: value for name, value in box if value != KNOWN or name not in without_gaps}
    if PEOPLE in without_gaps and conditions.get(PEOPLE) == WEIGHTED:
        conditions[PEOPLE] = SAMPLE
    if COMPLETE in conditions:
        names = [name for name in conditions.pop(COMPLETE).split(",") if name not in without_gaps]
        is_long = len(names) > MOST_APART
        conditions |= {COMPLETE: ",".join(names)} if is_long else dict.fromkeys(names, KNOWN)
    return box_of(conditions)


def _without_where(box: Box, spec: StudySpec) -> Box:
    """Return a set whose `where` asks for levels alone by these levels, as other analyses count them too.

    Other conditions stay, such as ``age > 3``.
    """
    conditions = dict(box)
    where = conditions.pop("where", None)
    asked = [LEVEL.fullmatch(one.strip()) for one in AND.split(where or "")]
    for one in asked:
        if one is None or one[1] not in spec.variables or one[2] not in spec.variables[one[1]].level_names:
            return box
        if conditions.get(one[1], KNOWN) not in (KNOWN, f"={one[2]}"):
            return box
        conditions[one[1]] = f"={one[2]}"
    return box_of(conditions)


def _terms(analysis: AnalysisSpec) -> Iterator[str]:
    for field in ("terms", "group", "resources", "capacity", "fee", "decompose_by"):
        value = getattr(analysis, field, None)
        for one in () if value is None else (value,) if isinstance(value, str) else value:
            yield from (one,) if isinstance(one, str) else one
