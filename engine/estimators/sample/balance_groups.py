"""Groups and covariates of a balance from the labels of cells, and how alike the groups are afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, IntArray
from engine.balance import ALL, NO_GROUP, BalanceCells, unit_of
from engine.errors import DataError, Fault
from engine.estimators.sample.balance import balance_cells, balanced

MOST_NAMED = 100  # levels: those of a factor with more may name people
EVERYBODY = "all"  # in place of a level: the covariates of all groups together


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The groups of the cells (c,), `NO_GROUP` for none, and their names."""

    group: IntArray
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """A covariate of the cells: the number (c,) of each one's level, or its value (c,) without levels."""

    name: str
    values: FloatArray
    levels: tuple[str, ...]


def groups_of(labels: Sequence[object], inside: NDArray[np.bool_], by: str, to: str, place: str) -> Groups:
    """Return the groups of cells with people, `inside` (c,), by the labels (c,) of a variable.

    Raises
    ------
    DataError
        If nobody is in any, or in the reference.
    """
    names = tuple(sorted({str(one) for one, here in zip(labels, inside, strict=True) if here}))
    if not names:
        found = f"found nobody with a weight in any level of {by}"
        raise DataError(Fault(f"{place}by", found, "people", "Check which records are used."))
    if to not in (EVERYBODY, *names):
        remedy = f"The levels are: {', '.join(names)}."
        raise DataError(Fault(f"{place}to", f"found nobody in {by} = {to}", "people", remedy))
    number = {name: g for g, name in enumerate(names)}
    group = [number[str(one)] if here else NO_GROUP for one, here in zip(labels, inside, strict=True)]
    return Groups(group=np.array(group, np.int64), names=names)


def factor_of(name: str, labels: Sequence[object], groups: Groups, place: str) -> Covariate:
    """Return a factor as a covariate.

    Raises
    ------
    DataError
        If a group has nobody of a level.
    """
    inside = groups.group != NO_GROUP
    levels = tuple(sorted({str(one) for one, here in zip(labels, inside, strict=True) if here}))
    number = {level: k for k, level in enumerate(levels)}
    codes = np.array([number.get(str(one), 0) for one in labels], np.float64)
    has_people = np.zeros((len(levels), len(groups.names)), bool)
    has_people[codes[inside].astype(np.int64), groups.group[inside]] = True
    if not has_people.all():
        k, g = np.argwhere(~has_people)[0]
        found = f"found nobody with {name} = {levels[k]} in {groups.names[g]}"
        if len(levels) > MOST_NAMED:
            some = int((~has_people).any(axis=1).sum())
            found = f"found nobody of {some:,} of the {len(levels):,} levels of {name} in some group"
        expected = "people of every level in every group"
        raise DataError(Fault(f"{place}variables", found, expected, "Combine levels, or leave it out."))
    return Covariate(name=name, values=codes, levels=levels)


def number_of(name: str, values: FloatArray, groups: Groups) -> Covariate:
    """Return a number as a covariate, in a unit of its own: a balance has none."""
    unit = unit_of(values[groups.group != NO_GROUP])
    return Covariate(name=name, values=values / unit, levels=())


def balanced_groups(
    groups: Groups, covariates: Sequence[Covariate], sums: FloatArray, to: str, *, is_entropy: bool
) -> BalanceCells:
    """Return the cells with factors that balance their sums of weights (c,); NaN if none do."""
    x = balance_cells(
        [one.values for one in covariates if one.levels],
        [one.values for one in covariates if not one.levels],
        groups.group,
        sums,
    )
    cells = BalanceCells(
        x=x,
        group=groups.group,
        reference=ALL if to == EVERYBODY else groups.names.index(to),
        is_entropy=is_entropy,
        factor=np.ones(len(sums)),
        probability=np.zeros((0, len(sums))),
    )
    return balanced(cells, sums)


def effective_sizes(
    groups: Groups, cells: BalanceCells, sums: FloatArray, squares: FloatArray
) -> Iterator[dict[str, Any]]:
    """Yield (sum w)^2 / sum w^2 of each group, before and after, from the sums (c,) of both, in any unit."""
    for g, name in enumerate(groups.names):
        inside = groups.group == g
        own, own_squares, factor = sums[inside], squares[inside], cells.factor[inside]
        yield {
            "group": name,
            "before": float(own.sum() ** 2 / own_squares.sum()),
            "after": float((own * factor).sum() ** 2 / (own_squares * factor**2).sum()),
        }


def differences(
    groups: Groups, cells: BalanceCells, covariates: Sequence[Covariate], sums: FloatArray
) -> Iterator[dict[str, Any]]:
    """Yield the differences from the reference, in its standard deviations, by group, covariate and level."""
    adjusted = sums * cells.factor
    for one in covariates:
        for k, level in enumerate(one.levels or (None,)):
            values = one.values if level is None else (one.values == k).astype(np.float64)
            target, spread = _mean_and_spread(values, sums, cells.is_reference)
            for g in cells.adjusted_groups if spread > 0.0 else ():
                inside = groups.group == g
                before, after = (
                    (_mean_and_spread(values, weight, inside)[0] - target) / spread
                    for weight in (sums, adjusted)
                )
                about = {"group": groups.names[g], "variable": one.name, "level": level}
                yield {**about, "before": before, "after": after}


def _mean_and_spread(
    values: FloatArray, weight: FloatArray, inside: NDArray[np.bool_]
) -> tuple[float, float]:
    own, W = values[inside], weight[inside]
    mean = float((W * own).sum() / W.sum())
    return mean, float(np.sqrt((W * (own - mean) ** 2).sum() / W.sum()))
