"""A resampling plan: which units replicates draw, and what a replicate's estimate counts in the variance.

A plan belongs to a sample and its design. Replicate r draws from the stream keyed by (seed, method, r) and by
nothing else, so that all outcomes, indices and groups of the sample see the same draw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from engine.arrays import FloatArray, IntArray, UnitArray
from engine.estimators.replicates.enough import Precision
from engine.estimators.replicates.intervals import VarianceRule
from engine.kernels.draws.draws import NO_KEY, Draws
from engine.study import BootstrapSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ResamplingPlan:
    """How replicates are made and how they count in the variance.

    Attributes
    ----------
    name
        For the `method` column.
    n_replicates
        How many replicates.
    draws
        The multipliers of the rows' weights.
    factors, centre
        Factors c_r (r,) and centre of v = sum_r c_r (theta_r - centre)^2; see `VarianceRule`.
    is_bootstrap
        Whether the replicates are draws, so that their percentiles mean something.
    replaces_weight
        Whether a multiplier is the whole weight of a row instead of a factor of it.
    draws_rows
        Whether every row is drawn with the same probability, so that equal rows can be drawn together.
    unit
        (n,) int32: the drawn unit of each row.
    stratum_end
        (h,) int64: where each stratum's drawn units end.
    unit_scale
        (u,) float64: how much one draw of a unit counts; it multiplies the rows' weights. None: 1 each.
    key
        Key of the streams.
    precision
        Where replicates are made until they are enough: what must stand still; None for a fixed number.
    """

    name: str
    n_replicates: int
    draws: Draws
    factors: FloatArray
    centre: Literal["estimate", "mean"] = "mean"
    is_bootstrap: bool = True
    replaces_weight: bool = False
    draws_rows: bool = False
    unit: UnitArray
    stratum_end: IntArray
    unit_scale: FloatArray | None = None
    key: np.uint64 = NO_KEY
    precision: Precision | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether replicates are draws of units: then fewer of them have the same meaning."""
        return self.is_bootstrap and not self.replaces_weight

    @property
    def variance_rule(self) -> VarianceRule:
        """What intervals need of the plan."""
        return VarianceRule(name=self.name, factors=self.factors, centre=self.centre, is_drawn=self.is_drawn)

    def weight(self, weight: FloatArray, unit: UnitArray) -> FloatArray:
        """Return what is multiplied, given the design weights (n,) and drawn units (n,) of some rows."""
        if self.replaces_weight:
            return np.ones(len(weight))
        return weight if self.unit_scale is None else weight * self.unit_scale[unit]

    def intervals(self, bootstrap: BootstrapSpec | None) -> tuple[str, ...]:
        """Return the intervals to compute; replicates that are not draws have only a normal interval."""
        return bootstrap.interval if bootstrap is not None and self.is_bootstrap else ("normal",)


def bootstrap_factors(n_replicates: int) -> FloatArray:
    """Return the factors (r,) of n draws: 1 / (n - 1) each."""
    return np.full(n_replicates, 1.0 / max(n_replicates - 1, 1))


def shortened(plan: ResamplingPlan, n_replicates: int) -> ResamplingPlan:
    """Return a bootstrap of only the first replicates."""
    if n_replicates == plan.n_replicates:
        return plan
    return replace(plan, n_replicates=n_replicates, factors=bootstrap_factors(n_replicates))
