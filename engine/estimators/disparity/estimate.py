"""Measures of disparity of outcomes by group of an analysis, linearised and replicated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.errors import EstimationError
from engine.estimators.disparity.cells import CellSample, cell_sample
from engine.estimators.disparity.compared import Compared
from engine.estimators.disparity.replicates import replicate_measures
from engine.estimators.disparity.table_maker import TableMaker
from engine.estimators.index.linearised import PointEstimates, point_estimates, with_replicates
from engine.estimators.moments.rows import QuantityEstimates, quantity_rows
from engine.estimators.replicates.pending_rows import EstimateRow, Estimates
from engine.estimators.replicates.resampling_methods import requested_plan
from engine.estimators.replicates.resampling_plan import shortened
from engine.estimators.replicates.settings import WHOLE, ReplicateSettings
from engine.results import TidyRow
from engine.study.disparity import DisparitySpec


def estimate_disparity(
    arrays: SampleArrays, compared: Compared, spec: DisparitySpec, settings: ReplicateSettings
) -> Estimates:
    """Estimate every requested measure of every outcome in every group of the analysis.

    Parameters
    ----------
    arrays
        The sample sorted by what ranks people: the compared level, `rank_by`, or the outcome itself.
    compared
        The compared levels.
    spec
        The analysis.
    settings
        How replicates are computed, if the analysis requests any.

    Raises
    ------
    EstimationError
        If no outcome has rows in any group, or the bootstrap is not defined for the design.
    """
    given = arrays.replicate_weights
    if given is not None:
        settings = settings.whole()
    groups = range(len(arrays.groups))
    samples = [
        [cell_sample(arrays, k, g, compared.codes, len(compared.levels)) for g in groups]
        for k in range(len(arrays.outcome_names))
    ]
    if not any(sample.rows.n_rows for by_group in samples for sample in by_group):
        raise EstimationError(
            f"analysis '{spec.name}': found no row with an outcome; expected some. Check the sample rules "
            "and the codes listed as missing."
        )
    tables = TableMaker(spec=spec, levels=compared.levels)
    plan, replicates = requested_plan(spec.bootstrap, arrays, settings.seed), None
    if plan is not None:
        replicates = replicate_measures(arrays, samples, tables, plan, settings)
        if settings.share == WHOLE:
            plan = shortened(plan, replicates.shape[-1])
    entries: list[EstimateRow] = []
    for k, by_group in enumerate(samples):
        for number, name in enumerate(spec.measure):
            point = _point_estimates(arrays, by_group, tables, name)
            if given is not None and replicates is not None:
                point = with_replicates(point, replicates[k, number], given)
            estimates = QuantityEstimates(
                base=TidyRow(
                    outcome=arrays.outcome_names[k], rank_by=spec.rank_by or spec.group, measure=name
                ),
                inference=tables.kind(name),
                samples=[sample.rows for sample in by_group],
                point=point,
                plan=plan,
                replicates=None if replicates is None else replicates[k, number],
            )
            entries += quantity_rows(arrays, spec, estimates)
    return Estimates(entries=tuple(entries), variance_rule=None if plan is None else plan.variance_rule)


def _point_estimates(
    arrays: SampleArrays, samples: Sequence[CellSample], tables: TableMaker, name: str
) -> PointEstimates:
    """Estimate a measure in every group, with its design-based standard error."""

    def estimate(group: int) -> tuple[float, FloatArray] | None:
        sample = samples[group]
        if not sample.rows.n_rows:
            return None
        table = tables.table(sample.totals, sample.amounts)
        derivatives = tables.measure(name, table)
        if not np.isfinite(derivatives.value):
            return None
        return float(derivatives.value), sample.influence(derivatives, table.mean, table.share)

    return point_estimates([sample.rows for sample in samples], arrays.design, estimate)
