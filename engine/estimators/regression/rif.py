"""RIF regression of an index: what moves with inequality, by covariate (Heckley, Gerdtham, Kjellsson 2016).

The recentered influence function of a row is the index plus the row's influence value; its weighted mean is
the index. It is regressed on the terms by weighted least squares: a coefficient is the change of the index,
to first order, for a small rise of the term's mean in the population. Ranks, means and influence values are
estimates too, which the errors count: linearised, or with all of it done again in each replicate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, SampleArrays, VariableArrays
from engine.errors import EstimationError
from engine.estimators.index.indices import Index, requested_index
from engine.estimators.regression.model_frame import ModelFrame, model_frame
from engine.estimators.regression.rif_fit import RifFit, fit_rif, scaled_columns
from engine.estimators.regression.rif_influence import coefficient_influence
from engine.estimators.regression.rif_replicates import RifRows, replicate_rif
from engine.estimators.regression.terms import model_terms
from engine.estimators.replicates.pending_rows import EstimateRow, Estimates, pending_row
from engine.estimators.replicates.resampling_methods import requested_plan
from engine.estimators.replicates.resampling_plan import ResamplingPlan, shortened
from engine.estimators.replicates.settings import WHOLE, ReplicateSettings
from engine.estimators.sample.design_variance import NO_DEGREES, covariance_of, t_interval
from engine.estimators.sample.group_sample import MEAN_ZERO, GroupSample, group_sample
from engine.estimators.sample.groups import in_groups
from engine.kernels.index.numerators import RankedSample
from engine.kernels.survey.design_variance import add_unit_totals
from engine.results import TidyRow
from engine.study import RifSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class _RifInputs:
    """What a RIF regression is fitted to, in every group."""

    arrays: SampleArrays
    variables: Mapping[str, VariableArrays]
    spec: RifSpec
    index: Index


@dataclass(frozen=True, slots=True, kw_only=True)
class _GroupFit:
    """The regression of one group; `scale` (q,) is what its columns were divided by."""

    sample: GroupSample
    frame: ModelFrame
    rows: RifRows
    scale: FloatArray
    fit: RifFit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replicates:
    """The index and the coefficients of the scaled columns (1 + q, r) of each group that has a regression."""

    plan: ResamplingPlan
    values: Mapping[int, FloatArray]


def estimate_rif(
    arrays: SampleArrays,
    variables: Mapping[str, VariableArrays],
    spec: RifSpec,
    bounds: tuple[float, float] | None,
    settings: ReplicateSettings,
) -> Estimates:
    """Regress the recentered influence function of an index in every group.

    Parameters
    ----------
    arrays
        The sorted sample with the outcome, missing where a covariate is.
    variables
        Name -> covariate, of the rows as read.
    spec
        The analysis.
    bounds
        Theoretical bounds of the outcome; those of the analysis come first.
    settings
        How replicates are computed, if there are any.

    Returns
    -------
    Estimates
        The index, and ``rif_coefficient`` of every column, the constant first.

    Raises
    ------
    EstimationError
        If the index does not exist, or the terms are combinations of each other, in every group; or the
        bootstrap is not defined for the design.
    """
    if arrays.replicate_weights is not None:
        settings = settings.whole()
    index = requested_index(spec.index, bounds, spec.parameter)
    inputs = _RifInputs(arrays=arrays, variables=variables, spec=spec, index=index)
    fits = [_fitted(inputs, g) for g in range(len(arrays.groups))]
    replicates = _replicate(inputs, fits, settings)
    base = TidyRow(
        measure="rif_coefficient",
        outcome=spec.outcome,
        rank_by=arrays.rank_name,
        conf_level=spec.conf_level,
        method="linearised" if replicates is None else replicates.plan.name,
        parameter=index.own_parameter,
    )

    def estimate(group: int, base: TidyRow) -> list[EstimateRow]:
        fit = fits[group]
        if isinstance(fit, EstimationError):
            raise fit
        if replicates is None:
            return [*_linearised_rows(inputs, fit, base)]
        return [*_replicated_rows(inputs, fit, base, replicates.plan, replicates.values[group])]

    rows = in_groups(spec.name, arrays.groups, estimate, base)
    rule = None if replicates is None else replicates.plan.variance_rule
    return Estimates(entries=rows, variance_rule=rule)


def _fitted(inputs: _RifInputs, group: int) -> _GroupFit | EstimationError:
    """Return the regression of a group, or why there is none."""
    try:
        return _fit_group(inputs, group)
    except EstimationError as error:
        return error


def _fit_group(inputs: _RifInputs, group: int) -> _GroupFit:
    arrays, spec = inputs.arrays, inputs.spec
    sample = group_sample(arrays, 0, group)
    if sample.status != "ok":
        raise EstimationError(f"outcome '{spec.outcome}': {sample.status} in {arrays.groups[group].label}.")
    frame = model_frame(model_terms(spec.terms), inputs.variables, arrays.order[sample.place])
    Z, scale = scaled_columns(frame.X[frame.pattern])
    fit = fit_rif(inputs.index, _ranked(sample), Z)
    if not np.isfinite(fit.value):
        raise EstimationError(
            f"outcome '{spec.outcome}': the {spec.index} index is undefined; its {MEAN_ZERO}."
        )
    if fit.beta is None:
        raise EstimationError(
            "terms: some are combinations of others; expected different information. Leave one out."
        )
    rows = RifRows(place=sample.place, outcome=sample.outcome, tie_end=sample.tie_end, Z=Z)
    return _GroupFit(sample=sample, frame=frame, rows=rows, scale=scale, fit=fit)


def _ranked(sample: GroupSample) -> RankedSample:
    return RankedSample(sample.weight, sample.outcome, sample.tie_end)


def _replicate(
    inputs: _RifInputs, fits: list[_GroupFit | EstimationError], settings: ReplicateSettings
) -> _Replicates | None:
    """Compute all groups in the requested replicates; an interrupted run shortens the plan to those done."""
    plan = requested_plan(inputs.spec.bootstrap, inputs.spec.conf_level, inputs.arrays, settings.seed)
    fitted = {g: fit.rows for g, fit in enumerate(fits) if isinstance(fit, _GroupFit)}
    if plan is None or not fitted:
        return None
    values = replicate_rif(inputs.arrays, inputs.index, plan, [*fitted.values()], settings)
    if settings.share == WHOLE:
        plan = shortened(plan, values[0].shape[1])
    return _Replicates(plan=plan, values=dict(zip(fitted, values, strict=True)))


def _estimates(spec: RifSpec, fit: _GroupFit, base: TidyRow) -> tuple[TidyRow, list[TidyRow]]:
    """Return the row of the index and those of the coefficients, without errors."""
    sample, frame, beta = fit.sample, fit.frame, fit.fit.beta
    assert beta is not None  # noqa: S101 - narrowing for mypy; a regression without coefficients is no fit
    doubt = sample.doubt if requested_index(spec.index).needs_positive_mean else None
    base = replace(
        base,
        status=doubt or base.status,
        n_obs=sample.n_people,
        n_events=sample.n_events,
        n_clusters=sample.n_clusters,
        sum_weights=sample.sum_weights,
    )
    coefficients = [
        replace(base, term=term, level=level, estimate=float(beta[k] / fit.scale[k]))
        for k, (term, level) in enumerate(frame.labels)
    ]
    return replace(base, measure=spec.index, estimate=fit.fit.value), coefficients


def _linearised_rows(inputs: _RifInputs, fit: _GroupFit, base: TidyRow) -> Iterator[TidyRow]:
    """Yield the index and the coefficients with linearised errors."""
    sample, design, spec = fit.sample, inputs.arrays.design, inputs.spec
    influence = coefficient_influence(inputs.index, _ranked(sample), fit.rows.Z, fit.fit)
    totals = np.zeros((influence.shape[1], design.n_units))
    for k, of_column in enumerate(np.ascontiguousarray(influence.T)):
        add_unit_totals(totals[k], sample.unit, sample.weight, of_column, sample.W)
    variances = np.diag(covariance_of(totals, design)) / fit.scale**2
    whole, coefficients = _estimates(spec, fit, base)
    yield whole
    for row, variance in zip(coefficients, variances, strict=True):
        yield _with_interval(row, float(np.sqrt(variance)), sample.degrees, spec.conf_level)


def _with_interval(row: TidyRow, std_error: float, degrees: int, conf_level: float) -> TidyRow:
    """Return a row with standard error, interval and test against 0; without degrees of freedom as it is."""
    low, high, p = t_interval(row.estimate or 0.0, std_error, degrees, conf_level)
    if not np.isfinite(low):
        return replace(row, status=NO_DEGREES)
    return replace(row, std_error=std_error, conf_low=low, conf_high=high, p_value=p, df2=degrees)


def _replicated_rows(
    inputs: _RifInputs, fit: _GroupFit, base: TidyRow, plan: ResamplingPlan, values: FloatArray
) -> Iterator[EstimateRow]:
    """Yield the index and the coefficients with their replicates (1 + q, r)."""
    spec, degrees = inputs.spec, fit.sample.degrees
    whole, coefficients = _estimates(spec, fit, replace(base, method=None))
    scale = np.append(1.0, fit.scale)
    for row, of_row, divisor in zip((whole, *coefficients), values, scale, strict=True):
        for interval in plan.intervals(spec.bootstrap):
            yield pending_row(row, of_row / divisor, plan, interval, degrees)
