"""Tidy rows of a logit: odds ratios, crude ones, effects on probabilities, tests, and fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.arrays import TableArrays, VariableArrays
from engine.estimators.regression.coefficient_rows import coefficient_rows, ratio_rows
from engine.estimators.regression.fitted_logit import FittedLogit, LogitInputs, fit_logit_in_group
from engine.estimators.regression.margins import margins
from engine.estimators.regression.term_tests import inflation_rows, term_test_rows
from engine.estimators.regression.terms import model_terms
from engine.estimators.replicates.replicate_weights import METHOD
from engine.estimators.sample.groups import in_groups
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.small_matrices import dot, times
from engine.results import TidyRow
from engine.study import LogitSpec

_METHODS = {
    "model": "model-based",
    "robust": "robust (HC1)",
    "cluster": "clustered (HC1)",
    "design": "design-based",
}


def estimate_logit(
    table: TableArrays,
    outcome: VariableArrays,
    variables: Mapping[str, VariableArrays],
    spec: LogitSpec,
) -> tuple[TidyRow, ...]:
    """Fit a logit in every group of the rows.

    Parameters
    ----------
    table
        Weights, units and groups of the N rows.
    outcome
        The event.
    variables
        Name -> covariate, every name of the terms.
    spec
        The analysis; its covariance is settled.

    Returns
    -------
    tuple of TidyRow
        ``coefficient`` and ``odds_ratio`` of every column, ``crude_odds_ratio``, ``prevalence_ratio``,
        ``marginal_effect``, a test (``lr_chi2`` or ``wald_f``) and ``vif`` of every term; of the whole model
        ``log_likelihood``, ``pseudo_r2``, ``aic``, ``bic``.

    Raises
    ------
    EstimationError
        If the model cannot be fitted in any group.
    """
    inputs = LogitInputs(
        table=table,
        outcome=outcome,
        variables=variables,
        terms=model_terms(spec.terms, spec.scores),
        spec=spec,
    )
    base = TidyRow(
        measure="odds_ratio",
        outcome=outcome.name,
        method=_method(table, spec),
        conf_level=spec.conf_level,
    )

    def estimate(group: int, base: TidyRow) -> list[TidyRow]:
        return [*_group_rows(inputs, group, base)]

    return in_groups(spec.name, table.groups, estimate, base)


def _method(table: TableArrays, spec: LogitSpec) -> str:
    if spec.covariance == "design" and table.replicate_weights is not None:
        return METHOD
    return _METHODS[spec.covariance]


def _group_rows(inputs: LogitInputs, group: int, base: TidyRow) -> Iterator[TidyRow]:
    model = fit_logit_in_group(inputs, group, base)
    yield from coefficient_rows(model.frame, model.coefficients, model.base)
    if inputs.spec.crude:
        yield from _crude_rows(inputs, group, base, model)
    yield from _effect_rows(model)
    yield from term_test_rows(model)
    if model.has_all_estimates:
        yield from inflation_rows(model.frame, model.fit.kept, model.fit.model_covariance, model.base)
    yield from _fit_rows(model)


def _crude_rows(inputs: LogitInputs, group: int, base: TidyRow, model: FittedLogit) -> Iterator[TidyRow]:
    """Yield the odds ratios of each variable alone, on the rows that are complete for it."""
    for term in inputs.terms:
        if term.is_product:
            continue
        alone = model if len(inputs.terms) == 1 else fit_logit_in_group(inputs.alone(term), group, base)
        yield from ratio_rows(alone.frame, alone.coefficients, alone.base, "crude_odds_ratio")


def _effect_rows(model: FittedLogit) -> Iterator[TidyRow]:
    """Yield marginal effects and prevalence ratios, if every column has an estimate."""
    if not model.has_all_estimates:
        return
    coefficients = model.coefficients
    for margin in margins(model.frame, model.fit.n, model.fit.beta):
        row = replace(model.base, measure=margin.measure, term=margin.term, level=margin.level)
        variance = dot(margin.gradient, times(model.fit.covariance, margin.gradient))
        is_ratio = margin.measure == "prevalence_ratio"
        yield coefficients.estimate_row(row, margin.value, variance, is_ratio=is_ratio)


def _fit_rows(model: FittedLogit) -> Iterator[TidyRow]:
    """Yield log-likelihoods and McFadden's pseudo-R2; without weights also information criteria."""
    fit = model.fit
    method = "likelihood" if model.rows.has_likelihood else "pseudo"
    base = replace(model.base, conf_level=None, method=method, n_replicates=None, n_failed=None)
    n, s = math.fsum(fit.n), math.fsum(fit.s)
    null = s * logarithm(s / n) + (n - s) * logarithm(1.0 - s / n)
    k, ll = fit.rank, fit.log_likelihood
    yield replace(base, measure="log_likelihood", estimate=ll)
    yield replace(base, measure="null_log_likelihood", estimate=null)
    yield replace(base, measure="pseudo_r2", estimate=1.0 - ll / null, method="McFadden")
    if model.rows.has_likelihood:
        yield replace(base, measure="aic", estimate=2.0 * k - 2.0 * ll)
        yield replace(base, measure="bic", estimate=k * logarithm(float(base.n_obs or 1)) - 2.0 * ll)
        yield replace(base, measure="n_parameters", estimate=float(k))
