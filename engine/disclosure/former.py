"""The releases before this one: what they told is known, and so is every difference from each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from engine.disclosure.boxes import Box, Count, Relation
from engine.disclosure.facts import facts_of
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
    way round, the rest being those who left.
    """
    both, more, known_boxes = dict(counts), [*relations], []
    for number, former in enumerate(formers):
        mark = (BEFORE, str(number))
        known = _published(former, spec, without_gaps)
        for box, people in known.items():
            before = box | {mark}
            both[before] = Count(box=before, people=people)
            if box in counts:
                whole, part = (box, before) if counts[box].people >= people else (before, box)
                more.append(Relation(whole=whole, parts=(part,), rest=abs(counts[box].people - people)))
        known_boxes += [box | {mark} for box in known]
        for others in _told_together(relations, both, known, mark):
            both |= {count.box: count for count in others.counts}
            more += others.relations
            known_boxes.append(others.before)
    return both, more, known_boxes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Others:
    """Those of a set whom no part counts that a former release told: together they are known all the same."""

    counts: tuple[Count, Count]
    relations: tuple[Relation, ...]
    before: Box


def _told_together(
    relations: Sequence[Relation],
    counts: Mapping[Box, Count],
    known: Mapping[Box, int],
    mark: tuple[str, str],
) -> Iterator[_Others]:
    """Yield the others of each set of which a former release told some parts only.

    All regions have 65 people more than then, the west has 60 more: five people came to regions that were
    withheld then.
    """
    for number, relation in enumerate(relations):
        told = tuple(part for part in relation.parts if part in known)
        if relation.follows or relation.whole not in known or not told:
            continue
        untold = tuple(part for part in relation.parts if part not in known)
        before = known[relation.whole] - sum(known[part] for part in told)
        now = counts[relation.whole].people - sum(counts[part].people for part in told)
        if before <= 0 or now < 0 or before == now:
            continue
        box = relation.whole | {(OTHERS, f"{mark[1]}, {number}")}
        then = box | {mark}
        whole, part = (box, then) if now >= before else (then, box)
        yield _Others(
            counts=(Count(box=box, people=now), Count(box=then, people=before)),
            relations=(
                Relation(whole=relation.whole, parts=(*told, box), rest=0),
                *((Relation(whole=box, parts=untold, rest=relation.rest),) if untold else ()),
                Relation(whole=whole, parts=(part,), rest=abs(now - before)),
            ),
            before=then,
        )


def _published(former: Former, spec: StudySpec, without_gaps: AbstractSet[str]) -> dict[Box, int]:
    """Return the sets whose number the former release tells, by the analyses that the study had then."""
    told = manifest_counts(former.manifest, 1)
    shown = [row for row in former.rows if row.n_obs is not None]
    facts = facts_of(shown, former.study(spec), told.counts, without_gaps)
    return {box: count.people for box, count in facts.counts.items()}
