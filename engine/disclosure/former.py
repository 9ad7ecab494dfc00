"""The releases before this one: what they told is known, and so is every difference from each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from engine.disclosure.boxes import WAVE, Box, Count, Relation
from engine.disclosure.facts import facts_of
from engine.disclosure.implied import levels_of, with_implied
from engine.disclosure.manifest_counts import manifest_counts
from engine.disclosure.rounding import rounded
from engine.results import TidyRow
from engine.study import StudySpec
from engine.study.disclosure import DisclosureSpec
from engine.study.load import study_from_dict

KEY = ("analysis", "kind", "outcome", "rank_by", "wave", "subgroup", "term", "level", "measure", "method")
BEFORE, OTHERS = "release before", "others than told before"
MOST_FORMER = 5  # releases that are always looked at: each makes the linear programs larger
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """Rows and manifest of a former release, as they were published."""

    rows: Sequence[TidyRow]
    manifest: Mapping[str, Any]

    def by_key(self) -> dict[Key, TidyRow]:
        """Return the rows by what they are about."""
        return dict(zip(self.keys(self.rows), self.rows, strict=True))

    def study(self, now: StudySpec) -> StudySpec:
        """Return the study as it was then; if the manifest does not tell it, that of now."""
        asked = self.manifest.get("study", {}).get("asked")
        return now if asked is None else study_from_dict(asked)

    @staticmethod
    def keys(rows: Sequence[TidyRow]) -> list[Key]:
        """Return what each row is about, with its number among rows of the same."""
        seen: Counter[Key] = Counter()
        keys = []
        for row in rows:
            key = tuple(getattr(row, name) for name in KEY)
            keys.append((*key, seen[key]))
            seen[key] += 1
        return keys


def held_back(
    rows: Sequence[TidyRow], manifest: Mapping[str, Any], former: Former, asked: DisclosureSpec
) -> bool:
    """Whether few people make the difference from the former release, and no others have come.

    Then nothing new is told: results stay as they were. Otherwise a difference of few people is withheld
    where it would show.
    """
    now, before = manifest["sample_flow"][-1], former.manifest["sample_flow"][-1]
    grown = abs(now["n"] - before["n"])
    if grown >= asked.threshold:
        return False
    return grown > 0 or _has_small_change(rows, former, asked)


def is_near(
    rows: Sequence[TidyRow], manifest: Mapping[str, Any], former: Former, asked: DisclosureSpec
) -> bool:
    """Whether few people make the difference from a former release, in the whole sample or in a count."""
    grown = abs(manifest["sample_flow"][-1]["n"] - former.manifest["sample_flow"][-1]["n"])
    return 0 < grown < asked.threshold or _has_small_change(rows, former, asked)


def _has_small_change(rows: Sequence[TidyRow], former: Former, asked: DisclosureSpec) -> bool:
    known = former.by_key()
    changes = (
        abs(value - told)
        for key, row in zip(Former.keys(rows), rows, strict=True)
        if key in known
        for told, value in zip(
            _people(known[key]), _people(rounded(row, row.n_obs, asked.round_to)), strict=True
        )
        if told is not None and value is not None
    )
    return any(0 < change < asked.threshold for change in changes)


def _people(row: TidyRow) -> tuple[float | None, ...]:
    others = None if row.n_obs is None or row.n_events is None else row.n_obs - row.n_events
    return (row.n_obs, row.n_events, others, row.estimate if row.measure == "count" else None)


def joint(
    counts: Mapping[Box, Count],
    relations: Sequence[Relation],
    formers: Sequence[Former],
    spec: StudySpec,
    without_gaps: AbstractSet[str] = frozenset(),
) -> tuple[dict[Box, Count], list[Relation], list[Box]]:
    """Return sets and relations of all releases, and the sets that are known from the former ones.

    A set of today has that of a former release as its part, the rest being the people who came; or the other
    way round, the rest being those who left. Of all former numbers the next smaller and the next larger one
    are looked at: others say less.
    """
    told = [_published(former, spec, without_gaps) for former in formers]
    both, more = dict(counts), [*relations]
    known_boxes: list[Box] = []
    for number, relation in enumerate(relations):
        for parts, befores in _told_together(relation, told[:MOST_FORMER]).items():
            together = counts[relation.whole].people - sum(counts[part].people for part in parts)
            untold = tuple(part for part in relation.parts if part not in parts)
            if together >= 0:
                box = relation.whole | {(OTHERS, f"{number}: {len(parts)} parts, {len(both)}")}
                both[box] = Count(box=box, people=together)
                more.append(Relation(whole=relation.whole, parts=(*parts, box), rest=0))
                more += [Relation(whole=box, parts=untold, rest=relation.rest)] if untold else []
                known_boxes += _add_befores(both[box], befores, both, more)
    for box, count in counts.items():
        befores = {known[box] for known in told if box in known}
        known_boxes += _add_befores(count, befores, both, more)
    return both, more, known_boxes


def _add_befores(
    now: Count, befores: AbstractSet[int], counts: dict[Box, Count], relations: list[Relation]
) -> Iterator[Box]:
    """Add the former numbers of a set that are next to that of today, and yield their sets."""
    smaller = max((people for people in befores if people <= now.people), default=None)
    larger = min((people for people in befores if people >= now.people), default=None)
    for people in {smaller, larger} - {None}:
        assert people is not None  # noqa: S101 - for mypy
        before = now.box | {(BEFORE, str(people))}
        counts[before] = Count(box=before, people=people)
        whole, part = (now.box, before) if people <= now.people else (before, now.box)
        relations.append(Relation(whole=whole, parts=(part,), rest=abs(now.people - people)))
        yield before


def _told_together(relation: Relation, told: Sequence[Mapping[Box, int]]) -> dict[tuple[Box, ...], set[int]]:
    """Return parts of a set that former releases told, and how many others each of these releases had.

    All regions have 65 people more than then, the west has 60 more: five people came to regions that were
    withheld then.
    """
    together: dict[tuple[Box, ...], set[int]] = {}
    for known in () if relation.follows and len(relation.whole) > 1 else told:
        parts = tuple(part for part in relation.parts if part in known)
        if parts and relation.whole in known:
            others = known[relation.whole] - sum(known[part] for part in parts)
            if others >= 0:
                together.setdefault(parts, set()).add(others)
    return together


def _published(former: Former, spec: StudySpec, without_gaps: AbstractSet[str]) -> dict[Box, int]:
    """Return the sets whose number the former release tells, and their sums and differences.

    Sets are those of the analyses that the study had then.
    """
    told = manifest_counts(former.manifest, 1)
    shown = [row for row in former.rows if row.n_obs is not None]
    then = former.study(spec)
    facts = facts_of(shown, then, told.counts, without_gaps)
    levels = {**levels_of(then), WAVE: sorted({row.wave for row in former.rows if row.wave is not None})}
    known = with_implied(facts.counts, levels, without_gaps | {WAVE})
    return {box: count.people for box, count in known.items()}
