"""Tidy rows of a linear multilevel model: coefficients, variances, correlations in clusters, fit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from engine.arrays import FloatArray
from engine.errors import EstimationError
from engine.estimators.regression.clusters import Clusters
from engine.estimators.regression.coefficient_rows import Coefficients
from engine.estimators.regression.fitted_multilevel import NOT_CONVERGED, MultilevelInputs, check_sizes
from engine.estimators.regression.linear_multilevel import LinearMultilevelFit, fit_linear_multilevel
from engine.estimators.regression.model_frame import ModelFrame, constant_only, model_frame
from engine.estimators.regression.random_effect_rows import (
    BOUNDARY,
    cluster_rows,
    random_effects_test,
)
from engine.estimators.regression.terms import model_terms
from engine.estimators.sample.groups import in_groups
from engine.estimators.sample.sorting import checked_outcome
from engine.estimators.sample.variables import complete_rows
from engine.kernels.regression.links import exponential
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.small_matrices import dot, times
from engine.results import TidyRow

METHOD = "linear, maximum likelihood"
RESIDUAL = "(residual)"


def estimate_linear_multilevel(inputs: MultilevelInputs) -> tuple[TidyRow, ...]:
    """Fit a linear multilevel model in every group of the rows.

    Returns
    -------
    tuple of TidyRow
        ``coefficient`` of every column; ``variance`` of each level and of the residual; of each level
        ``icc``, ``n_clusters`` and ``one_person_clusters``; of the whole model ``lr_chi2`` against the
        regression without random effects, ``log_likelihood``, ``aic``, ``bic`` and ``n_parameters``.

    Raises
    ------
    DataError
        If an outcome is infinite, or a complete row has no cluster.
    EstimationError
        If the model cannot be fitted in any group.
    """
    spec = inputs.spec
    base = TidyRow(
        measure="coefficient",
        outcome=inputs.outcome.name,
        method=METHOD + inputs.weighting,
        conf_level=spec.conf_level,
    )

    def estimate(group: int, base: TidyRow) -> list[TidyRow]:
        return [*_group_rows(inputs, group, base)]

    return in_groups(spec.name, inputs.table.groups, estimate, base)


def _group_rows(inputs: MultilevelInputs, group: int, base: TidyRow) -> Iterator[TidyRow]:
    table, outcome, spec = inputs.table, inputs.outcome, inputs.spec
    assert outcome.values is not None  # noqa: S101 - the study check refuses a factor without event
    values = checked_outcome(outcome.name, outcome.values, None)
    is_kept = (table.group == group) & ~np.isnan(values)
    if inputs.variables:
        is_kept &= complete_rows([*inputs.variables.values()])
    kept = np.flatnonzero(is_kept)
    y = values[kept]
    if len(kept) == 0 or y.min() == y.max():
        finding = "there is no complete row" if len(kept) == 0 else "all have the same value"
        raise EstimationError(
            f"outcome '{outcome.name}': {finding} in {table.groups[group].label}; expected people with "
            "different values."
        )
    frame = constant_only(len(kept))
    if spec.terms:
        frame = model_frame(model_terms(spec.terms), inputs.variables, kept)
    clusters = Clusters.of({name: ids[kept] for name, ids in inputs.ids.items()})
    check_sizes(clusters)
    weights = inputs.weights(kept, clusters)
    fit = fit_linear_multilevel(frame, y, clusters, weights, robust=inputs.is_weighted)
    base = replace(
        base, n_obs=len(kept), n_clusters=clusters.n_outermost(), sum_weights=math.fsum(weights.total)
    )
    yield from _coefficient_rows(frame, fit, base)
    yield from _variance_rows(clusters, fit, base)
    yield from _correlation_rows(clusters, fit, base)
    yield from cluster_rows(clusters, base)
    yield from _fit_rows(clusters, fit, base, is_weighted=inputs.is_weighted)


def _half_width(base: TidyRow) -> float:
    """Return half the width of a normal confidence interval, in standard errors."""
    return float(ndtri(0.5 + (base.conf_level or 0.95) / 2))


def _coefficient_rows(frame: ModelFrame, fit: LinearMultilevelFit, base: TidyRow) -> Iterator[TidyRow]:
    status = fit.status
    if not fit.converged:
        status = tuple(one if one != "ok" else NOT_CONVERGED for one in status)
    coefficients = Coefficients(
        beta=fit.beta,
        covariance=fit.covariance,
        degrees=np.inf,
        status=status,
        conf_level=base.conf_level or 0.95,
    )
    for k, (term, level) in enumerate(frame.labels):
        yield coefficients.row(replace(base, term=term, level=level), k, is_ratio=False)


def _variance_rows(clusters: Clusters, fit: LinearMultilevelFit, base: TidyRow) -> Iterator[TidyRow]:
    """Yield the variance of each level and of the residual; its interval is symmetric on the log scale."""
    z = _half_width(base)
    for k, name in enumerate((*clusters.names, RESIDUAL)):
        value = float(fit.variances[k])
        row = replace(base, measure="variance", term=name, estimate=value)
        if fit.at_boundary[k] or not fit.converged:
            yield replace(row, status=BOUNDARY if fit.at_boundary[k] else NOT_CONVERGED)
            continue
        error = float(np.sqrt(fit.variance_covariance[k, k]))
        ratio = exponential(z * error / value)
        yield replace(row, std_error=error, conf_low=value / ratio, conf_high=value * ratio)


def _correlation_rows(clusters: Clusters, fit: LinearMultilevelFit, base: TidyRow) -> Iterator[TidyRow]:
    """Yield the correlation of two people of one cluster of each level, given the covariates.

    Such people share the cluster of that level and of all levels above. The interval is symmetric on the
    logit scale.
    """
    total, z = float(fit.variances.sum()), _half_width(base)
    n_levels = len(clusters.names)
    free = [k for k, is_zero in enumerate(fit.at_boundary) if not is_zero]
    for k, name in enumerate(clusters.names):
        icc = float(fit.variances[k:n_levels].sum()) / total
        row = replace(base, measure="icc", term=name, estimate=icc)
        if icc == 0.0 or not fit.converged:
            yield replace(row, status=BOUNDARY if fit.converged else NOT_CONVERGED)
            continue
        places = np.arange(n_levels + 1)
        shares = ((places >= k) & (places < n_levels)).astype(np.float64)
        gradient: FloatArray = ((shares - icc) / total)[free]
        V = np.ascontiguousarray(fit.variance_covariance[np.ix_(free, free)])
        error = float(np.sqrt(dot(gradient, times(V, gradient))))
        middle, half = logarithm(icc / (1.0 - icc)), z * error / (icc * (1.0 - icc))
        low, high = (1.0 / (1.0 + exponential(-end)) for end in (middle - half, middle + half))
        yield replace(row, std_error=error, conf_low=low, conf_high=high)


def _fit_rows(
    clusters: Clusters, fit: LinearMultilevelFit, base: TidyRow, *, is_weighted: bool
) -> Iterator[TidyRow]:
    """Yield the fit of the whole model; tests and information criteria only without weights."""
    base = replace(base, conf_level=None)
    k, ll = fit.n_parameters, fit.log_likelihood
    if not is_weighted:
        chi2 = max(2.0 * (ll - fit.without_effects), 0.0)
        yield random_effects_test(base, chi2, len(clusters.names))
        yield replace(base, measure="aic", estimate=2.0 * k - 2.0 * ll)
        in_people = k * logarithm(float(base.n_obs or 1)) - 2.0 * ll
        yield replace(base, measure="bic", estimate=in_people, method="N is people")
    status = "ok" if fit.converged else NOT_CONVERGED
    yield replace(base, measure="log_likelihood", estimate=ll, status=status)
    yield replace(base, measure="n_parameters", estimate=float(k))
