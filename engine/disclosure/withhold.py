"""Which sets are withheld, so that nothing small is shown and nothing small can be computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from engine.disclosure.audit import TOLERANCE, Interval, Secret, intervals
from engine.disclosure.boxes import Box, Count, Relation

Shows: TypeAlias = Sequence[frozenset[Box]]
"""The sets that each row tells of: a row is withheld as a whole."""


def withheld_sets(
    counts: Mapping[Box, Count],
    relations: Sequence[Relation],
    shows: Shows,
    threshold: int,
    always_shown: Collection[Box] = (),
) -> frozenset[Box]:
    """Return the sets to withhold.

    These are first all of fewer people than the threshold. Then, as long as something small is known more
    closely than the threshold, the smallest set beside it. In the end nothing but `always_shown` is left, so
    this ends.

    Parameters
    ----------
    counts, relations
        All sets, and how they add up.
    shows
        The sets that each row tells of.
    threshold
        In people.
    always_shown
        Sets that are known anyway.
    """
    kept = frozenset(always_shown)
    withheld = {box for box, count in counts.items() if count.people < threshold} - kept
    narrow: list[Secret] = [box for box in counts if box in withheld]
    narrow += [
        n for n, relation in enumerate(relations) if 0 < relation.rest < threshold and not relation.follows
    ]
    # That nobody is in a group may be known if nothing is shown, as the group has no row elsewhere.
    empty = [box for box in counts if box in withheld and not counts[box].people]
    known = {*_narrow(intervals(empty, counts, relations, kept, enough=threshold), threshold)}
    narrow = [secret for secret in narrow if secret not in known]
    while True:
        shown = shown_sets(shows, withheld) | kept
        # What is wide stays wide: from now on less is shown.
        narrow = _narrow(intervals(narrow, counts, relations, shown, enough=threshold), threshold)
        more = {*_beside(narrow, counts, relations, shown - kept)}
        if not more:
            return frozenset(withheld)
        withheld |= more


def shown_sets(shows: Shows, withheld: AbstractSet[Box]) -> frozenset[Box]:
    """Return the sets that the remaining rows tell of."""
    return frozenset(box for boxes in shows if not boxes & withheld for box in boxes)


def _narrow(found: Mapping[Secret, Interval], threshold: int) -> list[Secret]:
    return [secret for secret, interval in found.items() if interval.width < threshold - TOLERANCE]


def _beside(
    narrow: Sequence[Secret],
    counts: Mapping[Box, Count],
    relations: Sequence[Relation],
    shown: AbstractSet[Box],
) -> Iterator[Box]:
    """Yield for each secret what to withhold beside it: details before totals, then few people before many.

    Looked at are the relations of the secret, then those of the sets in them, and so on. A total is taken
    only where no detail as fine as the secret can be reached.
    """
    near = _Near(relations)
    for secret in narrow:
        finest = len(secret) if isinstance(secret, frozenset) else len(relations[secret].parts[0])
        reachable = [*near.reachable(secret, shown)]
        fine = next((found for found in reachable if any(len(box) >= finest for box in found)), None)
        for found in [fine] if fine else reachable[:1]:
            yield min(found, key=lambda box: (-len(box), counts[box].people, sorted(box)))


class _Near:
    """Which sets stand in a relation with which."""

    def __init__(self, relations: Sequence[Relation]) -> None:
        self.members = [{one.whole, *one.parts} for one in relations]
        self.places: dict[Box, list[int]] = defaultdict(list)
        for n, members in enumerate(self.members):
            for box in members:
                self.places[box].append(n)

    def reachable(self, secret: Secret, shown: AbstractSet[Box]) -> Iterator[set[Box]]:
        """Yield the shown sets in relations with a secret, then those also one step further, and so on."""
        seen = {secret} if isinstance(secret, int) else set(self.places[secret])
        looked_at: set[Box] = set()
        while True:
            boxes = {box for n in seen for box in self.members[n]}
            if boxes & shown:
                yield boxes & shown
            further = {n for box in boxes - looked_at for n in self.places[box]} - seen
            if not further:
                return
            looked_at |= boxes
            seen |= further
