"""Measures of payments and benefits by group of an analysis, linearised and replicated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.arrays import SampleArrays
from engine.errors import EstimationError
from engine.estimators.financing.columns import FinancingSample, financing_columns
from engine.estimators.financing.measures import Quantity, mean_of, quantities
from engine.estimators.index.linearised import PointEstimates, with_replicates
from engine.estimators.moments.columns import Columns
from engine.estimators.moments.estimates import replicate_estimates, sample_estimates
from engine.estimators.moments.rows import QuantityEstimates, quantity_rows
from engine.estimators.replicates.pending_rows import EstimateRow, Estimates
from engine.estimators.replicates.resampling_methods import requested_plan
from engine.estimators.replicates.resampling_plan import shortened
from engine.estimators.replicates.settings import WHOLE, ReplicateSettings
from engine.estimators.sample.group_sample import TOTAL_NEAR_ZERO, is_near_zero
from engine.results import TidyRow
from engine.study.financing import FinancingSpec


def estimate_financing(
    sample: FinancingSample, spec: FinancingSpec, settings: ReplicateSettings
) -> Estimates:
    """Estimate every requested measure of every outcome in every group of the analysis.

    Raises
    ------
    EstimationError
        If no outcome has rows in any group, or the bootstrap is not defined for the design.
    """
    arrays = sample.arrays
    given = arrays.replicate_weights
    if given is not None:
        settings = settings.whole()
    groups, names = range(len(arrays.groups)), arrays.outcome_names
    columns = [[financing_columns(sample, spec, k, g) for g in groups] for k in range(len(names))]
    if not any(of_group.rows.n_people for by_group in columns for of_group in by_group):
        raise EstimationError(
            f"analysis '{spec.name}': found no row with an outcome and resources; expected some. Check the "
            "sample rules and the codes listed as missing."
        )
    asked = [*quantities(spec)]
    formulas = [quantity.estimate for quantity in asked]
    plan, replicates = requested_plan(spec.bootstrap, spec.conf_level, arrays, settings.seed), None
    if plan is not None:
        replicates = replicate_estimates(arrays, columns, formulas, plan, settings)
        if settings.share == WHOLE:
            plan = shortened(plan, replicates.shape[-1])
    entries: list[EstimateRow] = []
    for k, by_group in enumerate(columns):
        points = sample_estimates(arrays, by_group, formulas)
        totals = _totals(arrays, by_group)
        for number, (quantity, point) in enumerate(zip(asked, points, strict=True)):
            made = None if replicates is None else replicates[k, number]
            estimates = QuantityEstimates(
                base=TidyRow(
                    outcome=names[k], rank_by=spec.resources, measure=quantity.measure, level=quantity.level
                ),
                inference=quantity.inference,
                samples=[of_group.rows for of_group in by_group],
                point=point if made is None else with_replicates(point, made, given),
                plan=plan,
                replicates=made,
                reasons=_reasons(by_group, quantity),
                doubts=_doubts([totals[name] for name in quantity.totals]),
            )
            entries += quantity_rows(arrays, spec, estimates)
    return Estimates(entries=tuple(entries), variance_rule=None if plan is None else plan.variance_rule)


def _totals(arrays: SampleArrays, columns: Sequence[Columns]) -> dict[str, PointEstimates]:
    """Return the means of which measures are shares, in every group."""
    names = ("resources", "outcome", "net")
    means = sample_estimates(arrays, columns, [mean_of(name) for name in names])
    return dict(zip(names, means, strict=True))


def _doubts(totals: Sequence[PointEstimates]) -> dict[int, str]:
    """Say in which groups one of the totals lies near 0."""
    return {
        g: TOTAL_NEAR_ZERO
        for total in totals
        for g in range(len(total.values))
        if is_near_zero(float(total.values[g]), float(total.std_errors[g]))
    }


def _reasons(columns: Sequence[Columns], quantity: Quantity) -> dict[int, str]:
    """Say in which groups people pay without resources, so that the size of an overshoot is undefined."""
    over = f"over {quantity.level}"
    counts = {
        g: int(np.isnan(of_group.values[over]).sum())
        for g, of_group in enumerate(columns)
        if over in of_group.values
    }
    return {
        g: f"undefined: payments without resources in {count:,} rows" for g, count in counts.items() if count
    }
