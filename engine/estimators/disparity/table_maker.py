"""From sums of weights and outcomes to the table of groups, and to the requested measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.disparity.group_table import Derivatives, GroupTable
from engine.estimators.disparity.measures import BETWEEN_PEOPLE, OF_GROUPS, MeasureKind
from engine.study.disparity import DisparitySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMaker:
    """Makes the table of groups of an analysis from sums of weights and of weighted outcomes."""

    spec: DisparitySpec
    levels: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The requested measures."""
        return self.spec.measure

    def kind(self, name: str) -> MeasureKind:
        """Return how a measure is computed."""
        return (OF_GROUPS if self.levels or self.spec.rank_by else BETWEEN_PEOPLE)[name]

    def table(self, totals: FloatArray, amounts: FloatArray) -> GroupTable:
        """Return means and shares of cells; totals, amounts (..., c)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = totals / totals.sum(axis=-1, keepdims=True)
            mean = amounts / totals
        return GroupTable(
            mean=np.where(totals > 0, mean, np.nan),
            share=share,
            is_ordered=self.spec.ordered,
            is_favourable=self.spec.favourable,
            reference=None if self.spec.reference is None else self.levels.index(self.spec.reference),
            parameter=1.0 if self.spec.parameter is None else self.spec.parameter,
        )

    def measure(self, name: str, table: GroupTable) -> Derivatives:
        """Return a measure of a table with its derivatives."""
        by_link = self.kind(name).derivatives
        return by_link.get(self.spec.link, by_link["linear"])(table)
