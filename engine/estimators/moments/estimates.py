"""Estimates of quantities that are functions of moments: in every group, linearised and replicated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.index.linearised import PointEstimates, point_estimates
from engine.estimators.moments.columns import Columns
from engine.estimators.moments.estimand import Estimand
from engine.estimators.moments.moments import Moments, ReplicateMoments, SampleMoments
from engine.estimators.moments.replicates import replicate_quantities
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.replicates.settings import ReplicateSettings

Formula = Callable[[Moments], Estimand]


def sample_estimates(
    arrays: SampleArrays, columns: Sequence[Columns], formulas: Sequence[Formula]
) -> list[PointEstimates]:
    """Return each quantity in every group, with its design-based standard error."""
    moments = [SampleMoments(of_group) if of_group.rows.n_people else None for of_group in columns]
    samples = [of_group.rows for of_group in columns]

    def of_formula(formula: Formula) -> PointEstimates:
        def estimate(group: int) -> tuple[float, FloatArray] | None:
            here = moments[group]
            found = None if here is None else formula(here)
            if found is None or found.influence is None or not np.isfinite(found.value):
                return None
            return float(found.value), found.influence

        return point_estimates(samples, arrays.design, estimate)

    return [of_formula(formula) for formula in formulas]


def replicate_estimates(
    arrays: SampleArrays,
    columns: Sequence[Sequence[Columns]],
    formulas: Sequence[Formula],
    plan: ResamplingPlan,
    settings: ReplicateSettings,
) -> FloatArray:
    """Return all quantities of each outcome in each group and replicate: (k, q, g, r)."""

    def of_group(sample: Columns, weight: FloatArray, multipliers: NDArray[Any]) -> FloatArray:
        moments = ReplicateMoments(sample, weight, multipliers)
        return np.stack([formula(moments).value for formula in formulas])

    return replicate_quantities(arrays, columns, of_group, len(formulas), plan, settings)
