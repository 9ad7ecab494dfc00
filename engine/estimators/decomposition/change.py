"""Decomposition of the change of an index between groups: changed elasticities and changed inequality.

With contributions c = e C, where e is the elasticity on the scale of the index and C the concentration index
of the term,

    c_2 - c_1 = e_2 (C_2 - C_1) + C_1 (e_2 - e_1) = e_1 (C_2 - C_1) + C_2 (e_2 - e_1),

the Oaxaca-type decomposition of Wagstaff, van Doorslaer and Watanabe (2003, eqs. 8 and 9). Both weightings
are reported, because neither is the right one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.decomposition.covariates import Covariates, ModelColumn
from engine.estimators.decomposition.quantities import Quantities, Quantity
from engine.estimators.moments.estimand import Estimand

N = TypeVar("N", FloatArray, Estimand)

ONLY_IN_ONE = "a level of one group only: all of it counts as elasticity"
OTHER_REFERENCE = "the groups compare with different reference levels"
SECOND_ELASTICITY = "second elasticity, first index"
FIRST_ELASTICITY = "first elasticity, second index"


class ChangeKey(NamedTuple):
    """What a change is about; `weighting` is empty where none is needed."""

    measure: str
    term: str | None = None
    level: str | None = None
    weighting: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[N]):
    """One quantity of a change: of the sample (1,) or of its replicates (r,), or an estimand."""

    key: ChangeKey
    values: N
    status: str = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side(Generic[N]):
    """One of the two groups: the number of each column, reference levels, quantities.

    `factor` turns elasticity times concentration index into a contribution; `zero` and `undefined` are
    numbers of their kind.
    """

    number: Mapping[ModelColumn, int]
    references: Mapping[str, str]
    quantities: Mapping[Quantity, N]
    factor: N
    zero: N
    undefined: N

    def elasticity(self, column: ModelColumn) -> N:
        """Return the elasticity on the scale of the index; 0 of a column that the group lacks."""
        k = self.number.get(column)
        return self.zero if k is None else self.quantities["elasticity", k] * self.factor

    def concentration_index(self, column: ModelColumn) -> N:
        """Return the concentration index; 0 of a column that the group lacks."""
        k = self.number.get(column)
        return self.zero if k is None else self.quantities["concentration_index", k]

    def contribution(self, column: ModelColumn) -> N:
        """Return the contribution; 0 of a column that the group lacks."""
        k = self.number.get(column)
        return self.zero if k is None else self.quantities["contribution", k]


def changes(one: Side[N], two: Side[N], index: str) -> Iterator[Change[N]]:
    """Yield the change of an index (by name) from the first to the second group.

    The quantities are those of the sample, or of the same replicates in both groups.
    """
    sums: dict[ChangeKey, N] = {}
    for column in dict.fromkeys([*one.number, *two.number]):
        status = _status(one, two, column)
        for effect in _effects(one, two, column, status):
            total = ChangeKey(effect.key.measure, "all terms", None, effect.key.weighting)
            sums[total] = sums.get(total, one.zero) + effect.values
            yield effect
        change = two.contribution(column) - one.contribution(column)
        if status == OTHER_REFERENCE:
            change = change * one.undefined
        yield Change(
            key=ChangeKey("contribution_change", column.term, column.level), values=change, status=status
        )
    for total, values in sums.items():
        yield Change(key=total, values=values)
    was, now = one.quantities, two.quantities
    yield Change(key=ChangeKey("residual_change"), values=now["residual", ""] - was["residual", ""])
    yield Change(key=ChangeKey("difference", index), values=now[index, ""] - was[index, ""])


def _effects(one: Side[N], two: Side[N], column: ModelColumn, status: str) -> Iterator[Change[N]]:
    """Yield the effects of the changed concentration index and the changed elasticity of a column."""
    e_1, e_2 = one.elasticity(column), two.elasticity(column)
    C_1, C_2 = one.concentration_index(column), two.concentration_index(column)
    if status == OTHER_REFERENCE:
        e_1, e_2 = e_1 * one.undefined, e_2 * one.undefined
    # The concentration index of a column that a group lacks is that of the other group: it does not change.
    if column not in one.number:
        C_1 = C_2
    if column not in two.number:
        C_2 = C_1
    for weighting, by_inequality, by_elasticity in (
        (SECOND_ELASTICITY, e_2 * (C_2 - C_1), C_1 * (e_2 - e_1)),
        (FIRST_ELASTICITY, e_1 * (C_2 - C_1), C_2 * (e_2 - e_1)),
    ):
        for measure, values in (("inequality_effect", by_inequality), ("elasticity_effect", by_elasticity)):
            key = ChangeKey(measure, column.term, column.level, weighting)
            yield Change(key=key, values=values, status=status)


def _status(one: Side[N], two: Side[N], column: ModelColumn) -> str:
    if one.references.get(column.term) != two.references.get(column.term):
        return OTHER_REFERENCE
    return "ok" if column in one.number and column in two.number else ONLY_IN_ONE


def side_of(covariates: Covariates, quantities: Quantities) -> Side[FloatArray]:
    """Return a group by its quantities (r,)."""
    return Side(
        number={column: k for k, column in enumerate(covariates.columns, start=1)},
        references=covariates.references,
        quantities=quantities,
        factor=_contribution_factor(quantities, len(covariates.columns)),
        zero=np.zeros(1),
        undefined=np.full(1, np.nan),
    )


def linearised_side_of(
    covariates: Covariates, quantities: Mapping[Quantity, Estimand], factor: Estimand
) -> Side[Estimand]:
    """Return a group by its estimands, with totals of all sampling units."""
    return Side(
        number={column: k for k, column in enumerate(covariates.columns, start=1)},
        references=covariates.references,
        quantities=quantities,
        factor=factor,
        zero=factor.times(0.0),
        undefined=factor.times(np.nan),
    )


def _contribution_factor(quantities: Quantities, n_columns: int) -> FloatArray:
    """Return what every contribution is of elasticity times concentration index: the index over GC / mu (r,).

    It is the same for all columns, and fitted to them by least squares.
    """
    of_standard = [
        (quantities["elasticity", k] * quantities["concentration_index", k], quantities["contribution", k])
        for k in range(1, n_columns + 1)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.nansum([standard * standard for standard, _ in of_standard], axis=0)
        products = np.nansum([standard * contribution for standard, contribution in of_standard], axis=0)
        factor: FloatArray = products / squares
    return factor
