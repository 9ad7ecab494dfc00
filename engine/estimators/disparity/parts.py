"""The parts of generalized entropy: inequality between the means of groups, and the rest within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignArrays, FloatArray
from engine.estimators.disparity.cells import CellSample
from engine.estimators.disparity.table_maker import TableMaker
from engine.estimators.index.linearised import Estimate, PointEstimates, point_estimates

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """All of a measure, or a part of it: a sum of the measure of several routes.

    The part between groups is the measure of a population in which everybody has the mean of the own group
    (Shorrocks 1980), and that within is all less this.

    Attributes
    ----------
    name
        `ALL`, ``within`` or ``between``.
    samples
        The rows of one outcome by route and group: routes put the same rows into other cells.
    signs
        What the measure of each route counts.
    """

    name: str
    samples: Sequence[Sequence[CellSample]]
    signs: Sequence[float]

    def of(self, values: Sequence[FloatArray]) -> FloatArray:
        """Return the part (g, r), given the measure of each route in all replicates (g, r)."""
        part = np.zeros_like(values[0])
        for sign, of_route in zip(self.signs, values, strict=True):
            part = part + sign * of_route if sign else part
        return part

    def point(self, measure: str, tables: TableMaker, design: DesignArrays) -> PointEstimates:
        """Estimate the part in every group, with its design-based standard error."""
        samples = [sample.rows for sample in self.samples[0]]
        return point_estimates(samples, design, self.estimate(measure, tables))

    def estimate(self, measure: str, tables: TableMaker) -> Estimate:
        """Return how the part is estimated in a group."""

        def estimate(group: int) -> tuple[float, FloatArray] | None:
            value, z = 0.0, np.zeros(1)
            for sign, samples in zip(self.signs, self.samples, strict=True):
                found = _estimated(samples[group], measure, tables) if sign else (0.0, np.zeros(1))
                if found is None:
                    return None
                value, z = value + sign * found[0], z + sign * found[1]
            return value, z

        return estimate


def _estimated(sample: CellSample, measure: str, tables: TableMaker) -> tuple[float, FloatArray] | None:
    """Return a measure with the influence values (n,) of the rows; None where it is undefined."""
    if not sample.rows.n_people or (tables.kind(measure).is_share and sample.rows.has_mean_zero):
        return None
    table = tables.table(sample.totals, sample.amounts, sample.origin)
    derivatives = tables.measure(measure, table)
    if not np.isfinite(derivatives.value):
        return None
    return float(derivatives.value), sample.influence(derivatives, tables.standard)
