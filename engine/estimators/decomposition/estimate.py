"""Decomposition of an index in every group, by the sample and in every replicate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.arrays import FloatArray, SampleArrays, VariableArrays
from engine.errors import DataError, EstimationError
from engine.estimators.decomposition.change_rows import change_rows
from engine.estimators.decomposition.fit import requested_model
from engine.estimators.decomposition.group_fit import FitInputs, fit_group
from engine.estimators.decomposition.quantities import Quantities, Quantity
from engine.estimators.decomposition.replicates import replicate_fits
from engine.estimators.decomposition.rows import group_rows
from engine.estimators.index.indices import Bounds, requested_index
from engine.estimators.replicates.pending_rows import EstimateRow, Estimates
from engine.estimators.replicates.resampling_methods import requested_plan
from engine.estimators.replicates.resampling_plan import shortened
from engine.estimators.replicates.settings import WHOLE, ReplicateSettings
from engine.study import DecompositionSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DecompositionEstimates(Estimates):
    """Rows, and by group the replicates (r,) of each quantity; empty without replicates."""

    replicates: tuple[Mapping[Quantity, FloatArray], ...]


def tie_breakers(
    variables: Sequence[VariableArrays], spec: DecompositionSpec, *, has_replicate_weights: bool
) -> Sequence[VariableArrays]:
    """Return what sorts rows that are alike in all else: the covariates, for linearised errors.

    Without them such errors would depend on the order of the file, in the last bit. Replicates draw the rows
    as they stand.
    """
    makes_replicates = spec.bootstrap is not None and spec.bootstrap.makes_replicates
    return () if has_replicate_weights or makes_replicates else variables


def estimate_decomposition(
    arrays: SampleArrays,
    variables: Sequence[VariableArrays],
    spec: DecompositionSpec,
    bounds: Bounds | None,
    settings: ReplicateSettings,
) -> DecompositionEstimates:
    """Decompose an index in every group, by the sample and in every replicate.

    Parameters
    ----------
    arrays
        The sorted sample with the outcome, missing where a covariate is.
    variables
        The covariates, of the rows as read.
    spec
        The analysis.
    bounds
        Theoretical bounds of the outcome, if it has any; those of `spec` are not read.
    settings
        How replicates are computed, if the analysis requests any.

    Raises
    ------
    DataError
        If the model needs an outcome between 0 and 1 and the sample has other values.
    EstimationError
        If the model cannot be fitted in any group, or the bootstrap is not defined for the
        design.
    """
    if spec.model != "linear" and ((arrays.outcomes < 0) | (arrays.outcomes > 1)).any():
        raise DataError(
            f"outcome '{spec.outcome}': found values outside 0 to 1 with model = '{spec.model}'; expected an "
            "event. Use model = 'linear', or give the variable an event."
        )
    if arrays.replicate_weights is not None:
        settings = settings.whole()
    index = requested_index(spec.index, bounds)
    plan = requested_plan(spec.bootstrap, spec.conf_level, arrays, settings.seed)
    inputs = FitInputs(arrays=arrays, variables=variables, spec=spec, index=index, plan=plan)
    fits = [fit_group(inputs, g) for g in range(len(arrays.groups))]
    if not any(fit.is_fitted for fit in fits):
        raise EstimationError(
            f"analysis '{spec.name}': {fits[0].status} (outcome '{spec.outcome}', model '{spec.model}'); "
            "expected a model that can be fitted. Leave out or merge covariates."
        )
    replicates: tuple[Quantities, ...] = ()
    if plan is not None:
        replicates, n_done = replicate_fits(fits, index, requested_model(spec), plan, arrays.n, settings)
        if settings.share == WHOLE:
            plan = shortened(plan, n_done)
    by_group = replicates or tuple({} for _ in fits)
    rows: list[EstimateRow] = []
    for group, fit, of_group in zip(arrays.groups, fits, by_group, strict=True):
        rows += group_rows(arrays.rank_name, group, spec, fit, plan, of_group)
    if spec.change:
        rows += change_rows(arrays, spec, plan, fits, by_group)
    rule = None if plan is None else plan.variance_rule
    return DecompositionEstimates(entries=tuple(rows), variance_rule=rule, replicates=replicates)
