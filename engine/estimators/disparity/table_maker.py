"""From sums of weights and outcomes to the table of groups, and to the requested measures."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.disparity.group_table import Derivatives, GroupTable
from engine.estimators.disparity.measures import BETWEEN_PEOPLE, OF_GROUPS, MeasureKind
from engine.study.disparity import DisparitySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMaker:
    """Makes the table of groups of an analysis from sums of weights and of weighted outcomes.

    Attributes
    ----------
    spec
        The analysis.
    levels
        The compared levels.
    standard
        (s,) shares of the cells of a standard population; a single cell for crude means.
    """

    spec: DisparitySpec
    levels: tuple[str, ...]
    standard: FloatArray = field(default_factory=lambda: np.ones(1))

    @property
    def names(self) -> tuple[str, ...]:
        """The requested measures."""
        return self.spec.measure

    def kind(self, name: str) -> MeasureKind:
        """Return how a measure is computed."""
        return (OF_GROUPS if self.levels or self.spec.rank_by else BETWEEN_PEOPLE)[name]

    def table(self, totals: FloatArray, amounts: FloatArray, origin: float) -> GroupTable:
        """Return means and shares of groups; totals, amounts (..., c s) of their cells, less the origin.

        A mean is the sum over the s cells of standard share times mean of the cell. Where a cell that counts
        is empty in a group with people, no mean is known, so that no measure is defined.
        """
        shape = (*totals.shape[:-1], -1, len(self.standard))
        totals, amounts = totals.reshape(shape), amounts.reshape(shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            rates = np.where(self.standard > 0.0, self.standard * (amounts / totals), 0.0)
            people = totals.sum(axis=-1)
            share = people / people.sum(axis=-1, keepdims=True)
        mean = np.where(people > 0, rates.sum(axis=-1), np.nan)
        is_unknown = ((people > 0) & np.isnan(mean)).any(axis=-1, keepdims=True)
        return GroupTable(
            mean=np.where(is_unknown, np.nan, mean),
            share=share,
            is_ordered=self.spec.ordered,
            is_favourable=self.spec.favourable,
            reference=None if self.spec.reference is None else self.levels.index(self.spec.reference),
            parameter=1.0 if self.spec.parameter is None else self.spec.parameter,
            origin=origin,
        )

    def measure(self, name: str, table: GroupTable) -> Derivatives:
        """Return a measure of a table with its derivatives."""
        by_link = self.kind(name).derivatives
        return by_link.get(self.spec.link, by_link["linear"])(table)
