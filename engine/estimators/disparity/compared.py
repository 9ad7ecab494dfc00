"""What an analysis of disparity compares: levels of a factor, people along a rank, or amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignColumns, FloatArray, Group, IntArray, SampleArrays, VariableArrays
from engine.errors import EstimationError, nearest
from engine.estimators.sample.sorting import checked_outcome, sort_sample
from engine.estimators.sample.standard import Standard
from engine.study.disparity import DisparitySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is compared: the levels of a factor, worst off first; without them, people by their rank.

    Attributes
    ----------
    codes
        (n,) int64 of the sorted sample: number of the level of each row; None without a factor.
    levels
        Names of the levels.
    parts
        (n,) int64 of the sorted sample: the group of each row within which and between which inequality is
        told apart; None without such groups.
    n_parts
        How many such groups there are.
    standard
        The standard population of the means of the levels; None for crude means.
    """

    codes: IntArray | None = None
    levels: tuple[str, ...] = ()
    parts: IntArray | None = None
    n_parts: int = 0
    standard: Standard | None = None


def disparity_sample(
    outcomes: Mapping[str, FloatArray],
    factor: VariableArrays | None,
    rank: FloatArray | None,
    columns: DesignColumns,
    group: IntArray,
    groups: tuple[Group, ...],
    cells: IntArray | None = None,
) -> SampleArrays:
    """Return the rows sorted by the levels of `factor`, by `rank`, or by the outcome.

    Rows whose number in `cells` (N,) is -1 are left out: they have no part, or no place in the standard
    population.

    Raises
    ------
    EstimationError
        If people are compared by several outcomes at once.
    """
    values = {name: checked_outcome(name, column, None) for name, column in outcomes.items()}
    if cells is not None:
        values = {name: np.where(cells >= 0, column, np.nan) for name, column in values.items()}
    if factor is not None:
        place = level_places(factor)
        order, name = np.where(place >= 0, place, np.nan).astype(np.float64), factor.name
    elif rank is not None:
        order, name = rank, "rank"
    else:
        name, *others = values
        if others:
            raise EstimationError(
                f"outcome: found {len(values)} amounts without group and rank_by; expected one, because "
                "people are sorted by it. Write an analysis for each."
            )
        order = values[name]
    return sort_sample(
        outcomes=values,
        rank=order,
        rank_name=name,
        columns=columns,
        group=group,
        groups=groups,
        also=() if cells is None else (cells,),
    )


def compared_levels(
    spec: DisparitySpec,
    factor: VariableArrays | None,
    arrays: SampleArrays,
    parts: VariableArrays | None = None,
    standard: Standard | None = None,
) -> Compared:
    """Return the compared level, or the part, of each sorted row, and its place in the standard population.

    Raises
    ------
    EstimationError
        If the reference is no level of the factor.
    """
    if parts is not None:
        return Compared(parts=level_places(parts)[arrays.order], n_parts=len(parts.levels))
    if factor is None:
        return Compared()
    levels = tuple(factor.levels[code] for code in np.argsort(factor.scores))
    if spec.reference is not None and spec.reference not in levels:
        raise EstimationError(
            f"reference: found '{spec.reference}', which is no level of {factor.name}; expected one. "
            f"{nearest(spec.reference, list(levels))}"
        )
    return Compared(
        codes=level_places(factor)[arrays.order],
        levels=levels,
        standard=None if standard is None else standard.of_rows(arrays.order),
    )


def level_places(factor: VariableArrays) -> IntArray:
    """Return the place (N,) of each row's level in the natural order, -1 where missing."""
    assert factor.codes is not None  # noqa: S101 - the study check refuses a number
    place_of_code = np.argsort(np.argsort(factor.scores))
    return np.where(factor.codes >= 0, place_of_code[factor.codes], -1)
