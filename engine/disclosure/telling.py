"""How much of a row is told: everything, no counts, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from enum import IntEnum
from itertools import pairwise

from engine.disclosure.boxes import Box
from engine.disclosure.facts import TABLES, Facts
from engine.results import TidyRow

WITHHELD = "withheld"
ABOUT = ("study", "analysis", "kind", "outcome", "rank_by", "wave", "subgroup", "term", "level", "measure")
EMPTY = ("no observations", "undefined: nobody in")
DIGITS = 4  # of an estimate without counts: no fraction of two counts can be found from so few
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "mc_error")
Family = tuple[str | None, ...]


class Telling(IntEnum):
    """How much of a row is told."""

    ALL = 0
    NO_COUNTS = 1
    NOTHING = 2


def tellings(
    rows: Sequence[TidyRow],
    facts: Facts,
    withheld: AbstractSet[Box],
    dominant: Sequence[bool],
    threshold: int,
) -> list[Telling]:
    """Return how much of each row is told.

    Of a count, a rate or a mean nothing is told where a set behind it is withheld. An index or a coefficient
    is told without its counts if these are withheld only because others could be computed from them.
    """
    small = {box for box in withheld if box in facts.counts and facts.counts[box].people < threshold}
    told = [
        Telling.NOTHING if few else _own(row, boxes, withheld, small)
        for row, boxes, few in zip(rows, facts.of_row, dominant, strict=True)
    ]
    thin = _thin_curves(rows, threshold)
    told = [Telling.NOTHING if _of_group(row) in thin else one for row, one in zip(rows, told, strict=True)]
    # What is left of a decomposition is its residual; a difference gives away the group that is withheld.
    told = _as_little_as(rows, told, _of_group, lambda row, _: row.kind == "decomposition")
    return _as_little_as(rows, told, _of_groups, lambda _, place: facts.is_comparison[place])


def _own(
    row: TidyRow, boxes: AbstractSet[Box], withheld: AbstractSet[Box], small: AbstractSet[Box]
) -> Telling:
    if row.status.startswith(EMPTY) or boxes & small or (boxes & withheld and row.kind in TABLES):
        return Telling.NOTHING
    return Telling.NO_COUNTS if boxes & withheld else Telling.ALL


def _of_group(row: TidyRow) -> Family:
    return (row.analysis, row.outcome, row.rank_by, row.wave, row.subgroup)


def _of_groups(row: TidyRow) -> Family:
    return (row.analysis, row.outcome, row.rank_by, row.term if row.kind in TABLES else None)


def _as_little_as(
    rows: Sequence[TidyRow],
    told: Sequence[Telling],
    family: Callable[[TidyRow], Family],
    is_in: Callable[[TidyRow, int], bool],
) -> list[Telling]:
    """Return how much is told, some rows no more than the least of their family."""
    least: dict[Family, Telling] = {}
    for row, one in zip(rows, told, strict=True):
        least[family(row)] = max(least.get(family(row), Telling.ALL), one)
    return [
        max(one, least[family(row)]) if is_in(row, place) else one
        for place, (row, one) in enumerate(zip(rows, told, strict=True))
    ]


def _thin_curves(rows: Sequence[TidyRow], threshold: int) -> set[Family]:
    """Return the groups with a curve of which an interval has few people, or few of them with the event."""
    points: dict[tuple[Family, str | None], list[tuple[float, float, TidyRow]]] = {}
    for row in rows:
        if row.measure == "concentration_curve" and row.estimate is not None:
            place = (float(str(row.level)), row.estimate, row)
            points.setdefault((_of_group(row), row.method), []).append(place)
    return {group for (group, _), curve in points.items() if _is_thin(sorted(curve, key=_place), threshold)}


def _place(point: tuple[float, float, TidyRow]) -> float:
    return point[0]


def _is_thin(curve: Sequence[tuple[float, float, TidyRow]], threshold: int) -> bool:
    return any(
        (later - earlier) * (row.n_obs or 0) < threshold
        or (row.n_events is not None and (above - below) * row.n_events < threshold)
        for (earlier, below, _), (later, above, row) in pairwise(curve)
    )


def blank(row: TidyRow) -> TidyRow:
    """Return a row that tells what it is about and that its numbers are withheld."""
    about = {name: getattr(row, name) for name in ABOUT}
    # The method of a limit tells whether nobody or everybody has an event.
    return TidyRow(**about, method=None if row.kind in TABLES else row.method, status=WITHHELD)


def without_counts(row: TidyRow) -> TidyRow:
    """Return a row without counts, its other numbers with few digits.

    Where people are the sampling units, degrees of freedom count them too. BIC and AIC together tell n.
    """
    if row.measure == "bic":
        return blank(row)
    few = replace(row, n_obs=None, n_events=None, n_clusters=None, sum_weights=None, df2=None)
    if row.measure == "dispersion":
        few = replace(few, df1=None)
    if row.df2 is not None and row.n_clusters in (None, row.n_obs):
        # The limits tell the error times Student's t: beside the error they would tell the degrees.
        few = replace(few, std_error=None, p_value=None)
    short: Mapping[str, float] = {
        name: float(f"{value:.{DIGITS - 1}e}")
        for name in NUMBERS
        if (value := getattr(few, name)) is not None
    }
    return replace(few, **short)  # type: ignore[arg-type]
