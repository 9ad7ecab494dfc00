"""Measures of disparity in every replicate of a resampling plan; all measures share one draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.disparity.cells import CellSample
from engine.estimators.disparity.table_maker import TableMaker
from engine.estimators.moments.replicates import replicate_quantities
from engine.estimators.replicates.resampling_plan import ResamplingPlan
from engine.estimators.replicates.settings import ReplicateSettings
from engine.kernels.survey.cell_totals import cell_totals


def replicate_measures(
    arrays: SampleArrays,
    samples: Sequence[Sequence[CellSample]],
    tables: TableMaker,
    plan: ResamplingPlan,
    settings: ReplicateSettings,
) -> FloatArray:
    """Return all measures of each outcome in each group and replicate: (k, measure, g, r)."""

    def of_group(sample: CellSample, weight: FloatArray, multipliers: NDArray[Any]) -> FloatArray:
        totals = np.empty((multipliers.shape[1], sample.n_cells))
        amounts = np.empty_like(totals)
        outcome = np.ascontiguousarray(sample.outcome)
        cell_totals(multipliers, weight, outcome, sample.cell, totals, amounts)
        table = tables.table(totals, amounts, sample.origin)
        return np.stack([tables.measure(name, table).value for name in tables.names])

    return replicate_quantities(arrays, samples, of_group, len(tables.names), plan, settings)
