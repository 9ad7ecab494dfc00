"""Tidy rows of a multilevel logit: odds ratios, random effects, fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from engine.arrays import FloatArray, IntArray, TableArrays, VariableArrays
from engine.estimators.regression.coefficient_rows import coefficient_rows
from engine.estimators.regression.fitted_multilevel import (
    FittedMultilevel,
    MultilevelInputs,
    fit_multilevel_in_group,
)
from engine.estimators.regression.linear_multilevel_rows import estimate_linear_multilevel
from engine.estimators.regression.random_effect_rows import (
    mode_rows,
    random_effect_rows,
    random_effects_test,
)
from engine.estimators.sample.groups import in_groups
from engine.kernels.jit import threads as kernel_threads
from engine.kernels.regression.logarithm import logarithm
from engine.results import TidyRow
from engine.study import MultilevelSpec

ENOUGH_POINTS = 0.01  # change of the log-likelihood: a tenth of what any test would notice
ENOUGH_FOR_VARIANCE = 0.01  # relative change: its standard error is larger with fewer than 20,000 clusters


def estimate_multilevel(
    table: TableArrays,
    outcome: VariableArrays,
    variables: Mapping[str, VariableArrays],
    ids: Mapping[str, IntArray],
    spec: MultilevelSpec,
    *,
    level_weights: Mapping[str, FloatArray] | None = None,
    threads: int | None = None,
) -> tuple[TidyRow, ...]:
    """Fit a multilevel logit, or the linear model, in every group of the rows.

    Parameters
    ----------
    table
        Weights and groups of the N rows.
    outcome
        The event; a number for the linear model.
    variables
        Name -> covariate, every name of the terms.
    ids
        Level -> (N,) cluster of each row, -1 where missing; innermost first.
    spec
        The analysis.
    level_weights
        Level -> (N,) weight of each row's cluster, of the levels that have weights.
    threads
        For the kernels; all usable cores when None. The numbers do not depend on it.

    Returns
    -------
    tuple of TidyRow
        Of a logit ``coefficient`` and ``odds_ratio`` of every column; of each level ``variance``, ``icc``,
        ``n_clusters``, ``one_person_clusters`` and, if requested, ``conditional_mode`` of its clusters, the
        smallest first; of the whole model ``lr_chi2`` against the logit without random effects,
        ``log_likelihood``, ``aic``, ``bic``, ``n_parameters`` and ``points_check``, the change of the
        log-likelihood with more points. Each level has its ``points``, and the relative change of its
        variance with more of them as its own ``points_check``.

    Raises
    ------
    DataError
        If a complete row has no cluster, or a cluster no proper weight.
    EstimationError
        If the model cannot be fitted in any group.
    """
    inputs = MultilevelInputs(
        table=table,
        outcome=outcome,
        variables=variables,
        ids=ids,
        spec=spec,
        level_weights=level_weights or {},
    )
    if spec.model == "linear":
        return estimate_linear_multilevel(inputs)
    base = TidyRow(
        measure="odds_ratio",
        outcome=outcome.name,
        method=_integration(spec) + inputs.weighting,
        conf_level=spec.conf_level,
    )

    def estimate(group: int, base: TidyRow) -> list[TidyRow]:
        return [*_group_rows(inputs, group, base)]

    with kernel_threads(threads):
        return in_groups(spec.name, table.groups, estimate, base)


def _integration(spec: MultilevelSpec) -> str:
    by_points = {1: "Laplace", "auto": "adaptive quadrature"}
    return by_points.get(spec.points, f"{spec.points}-point adaptive quadrature")


def _group_rows(inputs: MultilevelInputs, group: int, base: TidyRow) -> Iterator[TidyRow]:
    model = fit_multilevel_in_group(inputs, group, base)
    yield from coefficient_rows(model.frame, model.coefficients, model.base)
    yield from random_effect_rows(model)
    yield from _fit_rows(model)
    if inputs.spec.modes:
        yield from mode_rows(model)


def _fit_rows(model: FittedMultilevel) -> Iterator[TidyRow]:
    """Yield the fit of the whole model; tests and information criteria only without weights."""
    fit = model.fit
    base = replace(model.base, conf_level=None)
    k, ll, n = fit.n_parameters, fit.log_likelihood, model.base.n_obs or 1
    if model.spec.weights == "none":
        chi2 = max(2.0 * (ll - fit.single_level.log_likelihood), 0.0)
        yield random_effects_test(base, chi2, len(model.clusters.names))
        yield replace(base, measure="aic", estimate=2.0 * k - 2.0 * ll)
        yield replace(base, measure="bic", estimate=k * logarithm(float(n)) - 2.0 * ll, method="N is people")
    yield replace(base, measure="log_likelihood", estimate=ll)
    yield replace(base, measure="n_parameters", estimate=float(k))
    yield from _points_rows(model, base)


def _points_rows(model: FittedMultilevel, base: TidyRow) -> Iterator[TidyRow]:
    """Yield the points of each level, and what more of them would change."""
    fit, check = model.fit, model.fit.points_check
    status = _points_status(model)
    for name, points in zip(model.clusters.names, fit.points, strict=True):
        yield replace(base, measure="points", term=name, estimate=float(points), method=None)
    yield replace(
        base,
        measure="points_check",
        estimate=check.log_likelihood,
        method="change of the log-likelihood with more points",
        status=status,
    )
    for name, change in zip(model.clusters.names, check.variances[::-1], strict=False):
        yield replace(
            base,
            measure="points_check",
            term=name,
            estimate=float(change),
            method="relative change of the variance with more points",
            status=status,
        )


def _points_status(model: FittedMultilevel) -> str:
    """Return whether the points are enough, and if not, how many to ask for; Laplace is asked for by name."""
    fit, asked = model.fit, model.spec.points
    if asked == 1:
        return "ok"
    if asked == "auto":
        is_enough = fit.points_check.stands_still(fit.log_likelihood)
        return "ok" if is_enough else f"{max(fit.points)} points are not enough, and more are not tried"
    changes = np.abs(fit.points_check.variances)
    is_enough = abs(fit.points_check.log_likelihood) <= ENOUGH_POINTS and changes.max() <= ENOUGH_FOR_VARIANCE
    return (
        "ok" if is_enough else f"{asked} points are not enough: ask for {2 * asked + 1} or more, or for auto"
    )
