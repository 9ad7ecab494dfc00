"""Tidy rows of a regression: coefficients, ratios, thresholds, tests and fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
from scipy.special import chdtrc, fdtrc

from engine.arrays import FloatArray, TableArrays, VariableArrays
from engine.estimators.models.families import FAMILIES
from engine.estimators.models.fitted import FittedModel, ModelInputs, fit_in_group
from engine.estimators.models.margins import margin_rows
from engine.estimators.models.maximum import maximise
from engine.estimators.regression.coefficient_rows import ratio_rows
from engine.estimators.regression.term_tests import NO_TEST, inflation_rows, tested_columns, wald_row
from engine.estimators.regression.terms import model_terms
from engine.estimators.replicates.replicate_weights import METHOD
from engine.estimators.sample.design_variance import NO_DEGREES
from engine.estimators.sample.groups import in_groups
from engine.kernels.regression.logarithm import logarithm
from engine.kernels.regression.small_matrices import dot, quadratic_form
from engine.results import TidyRow
from engine.study.regression import RegressionSpec

_METHODS = {
    "model": "model-based",
    "robust": "robust (HC1)",
    "cluster": "clustered (HC1)",
    "design": "design-based",
}
AT_BOUNDARY = "at the boundary: 0 is the maximum"
NOBODY = "nobody has this category"
OF_ALPHA, OF_THRESHOLD = "(alpha)", "(threshold)"


def estimate_regression(
    table: TableArrays,
    outcome: VariableArrays,
    variables: Mapping[str, VariableArrays],
    spec: RegressionSpec,
    exposure: FloatArray | None = None,
) -> tuple[TidyRow, ...]:
    """Fit a model in every group of the rows.

    Parameters
    ----------
    table
        Weights, units and groups of the N rows.
    outcome
        A number, an event, or a factor whose levels are ordered.
    variables
        Name -> covariate, every name of the terms.
    spec
        The analysis; its covariance is settled.
    exposure
        (N,) float64 time or people at risk behind each count; one each by default.

    Returns
    -------
    tuple of TidyRow
        ``coefficient`` of every column and, but in a linear model, its ratio; ``threshold`` or ``alpha``;
        ``marginal_effect`` of every variable, on the mean or on each category; a test (``wald_f``) and
        ``vif`` of every term; and the fit of the whole model.

    Raises
    ------
    DataError
        If a count or an exposure is impossible.
    EstimationError
        If the model cannot be fitted in any group.
    """
    inputs = ModelInputs(
        table=table,
        outcome=outcome,
        variables=variables,
        exposure=exposure,
        terms=model_terms(spec.terms, spec.scores),
        spec=spec,
    )
    base = TidyRow(
        measure="coefficient",
        outcome=outcome.name,
        method=_method(table, spec),
        conf_level=spec.conf_level,
    )

    def estimate(group: int, base: TidyRow) -> list[TidyRow]:
        return [*_group_rows(fit_in_group(inputs, group, base))]

    return in_groups(spec.name, table.groups, estimate, base)


def _method(table: TableArrays, spec: RegressionSpec) -> str:
    is_given = spec.covariance == "design" and table.replicate_weights is not None
    model = spec.model if spec.constant else f"{spec.model} without a constant"
    return f"{model}, {METHOD if is_given else _METHODS[spec.covariance]}"


def _group_rows(model: FittedModel) -> Iterator[TidyRow]:
    fit, coefficients = model.fit, model.coefficients
    for k, (term, level) in enumerate(model.frame.labels):
        if k > 0 or model.family.has_constant:
            row = replace(model.base, measure="coefficient", term=term, level=level)
            yield coefficients.row(row, k, is_ratio=False)
    if model.family.ratio:
        yield from ratio_rows(model.frame, coefficients, model.base, model.family.ratio)
    if model.family.has_thresholds:
        yield from _threshold_rows(model)
    if model.family.name == "negative-binomial":
        yield _alpha_row(model)
    yield from margin_rows(model)
    yield from _test_rows(model)
    if model.has_all_estimates and not model.family.is_through_origin:
        yield from inflation_rows(model.frame, fit.found.kept, fit.covariances.of_model, model.base)
    yield from _scale_rows(model) if model.family.has_scale else _likelihood_rows(model)


def _threshold_rows(model: FittedModel) -> Iterator[TidyRow]:
    """Yield the thresholds between the categories that occur, then those that nobody has."""
    seen = model.fit.found.categories.astype(np.int64)
    row = replace(model.base, measure="threshold", term=OF_THRESHOLD)
    q = len(model.frame.labels)
    for j, (below, above) in enumerate(pairwise(seen)):
        named = replace(row, level=f"{model.categories[below]} | {model.categories[above]}")
        yield replace(model.coefficients.row(named, q + j, is_ratio=False), p_value=None)
    for category, name in enumerate(model.categories):
        if category not in seen:
            yield replace(row, level=name, status=NOBODY)


def _alpha_row(model: FittedModel) -> TidyRow:
    """Return alpha of the variance mu + alpha mu^2, with limits on the logarithmic scale."""
    row = replace(model.base, measure="alpha", term=OF_ALPHA)
    if model.fit.found.family is not model.family:
        return replace(row, estimate=0.0, status=AT_BOUNDARY)
    found = model.coefficients.row(row, len(model.frame.labels), is_ratio=True)
    return replace(found, p_value=None)


def _test_rows(model: FittedModel) -> Iterator[TidyRow]:
    """Yield the Wald test of each term, of all products and of all terms.

    Those of a linear model with model-based or robust errors are the usual F(k, n - e), without adjustment.
    """
    fit, given = model.fit, model.fit.covariances
    is_usual = model.family.has_scale and model.spec.covariance in ("model", "robust")
    for label, columns in tested_columns(model.frame).items():
        row = replace(model.base, term=label, measure="wald_f", conf_level=None)
        beta = fit.parameters[columns]
        if any(fit.status[k] != "ok" for k in columns):
            yield replace(row, status=NO_TEST)
        elif given.degrees < 1:
            yield replace(row, status=NO_DEGREES)
        elif is_usual:
            yield _usual_f(row, beta, given.V[np.ix_(columns, columns)], given.degrees)
        else:
            yield wald_row(row, beta, given.joint, columns)


def _usual_f(row: TidyRow, beta: FloatArray, V: FloatArray, degrees: float) -> TidyRow:
    k = len(beta)
    F = quadratic_form(np.ascontiguousarray(V), beta) / k
    if math.isnan(F):
        return replace(row, status=NO_DEGREES)
    p = float(fdtrc(k, degrees, F))
    return replace(row, estimate=F, p_value=p, method="Wald F", df1=k, df2=degrees)


def _base_of_fit(model: FittedModel, method: str) -> TidyRow:
    return replace(model.base, conf_level=None, method=method, n_replicates=None, n_failed=None)


def _scale_rows(model: FittedModel) -> Iterator[TidyRow]:
    """Yield R2, without a constant from zero instead of the mean, and the residuals' standard deviation."""
    cells, maximum = model.fit.found.cells, model.fit.found.maximum
    total = dot(cells.n, np.ones(len(cells.n)))
    mean = dot(cells.n, cells.y) / total if model.family.has_constant else 0.0
    residual = dot(cells.n, maximum.at.gradient[:, 0] ** 2)
    spread = dot(cells.n, (cells.y - mean) ** 2)
    people, e = float(model.rows.people.sum()), len(model.fit.found.kept)
    base = _base_of_fit(model, "least squares")
    yield replace(base, measure="r_squared", estimate=1.0 - residual / spread)
    sd = replace(base, measure="residual_sd")
    if people <= e:
        yield replace(sd, status=NO_DEGREES)
        return
    yield replace(sd, estimate=math.sqrt(residual / total * people / (people - e)))


def _likelihood_rows(model: FittedModel) -> Iterator[TidyRow]:
    """Yield log-likelihoods and McFadden's pseudo-R2; without weights also criteria and overdispersion."""
    fit, found = model.fit, model.fit.found
    base = _base_of_fit(model, "likelihood" if model.rows.has_likelihood else "pseudo")
    if all(status != "ok" for status in fit.status):
        return
    without = maximise(model.family, np.ones((len(fit.n), 1)), fit.n, fit.y, fit.offset)
    ll, null = found.log_likelihood, without.log_likelihood
    yield replace(base, measure="log_likelihood", estimate=ll)
    yield replace(base, measure="null_log_likelihood", estimate=null)
    yield replace(base, measure="pseudo_r2", estimate=1.0 - ll / null, method="McFadden")
    if not model.rows.has_likelihood:
        return
    k = len(found.maximum.extra) + sum(_is_counted(model, place) for place in range(len(found.status)))
    yield replace(base, measure="aic", estimate=2.0 * k - 2.0 * ll)
    yield replace(base, measure="bic", estimate=k * logarithm(float(base.n_obs or 1)) - 2.0 * ll)
    yield replace(base, measure="n_parameters", estimate=float(k))
    if model.family.name == "poisson":
        yield _dispersion_row(model, base)
    if model.family.name == "negative-binomial":
        yield _against_poisson(model, base)


def _is_counted(model: FittedModel, column: int) -> bool:
    """Whether a column is a parameter; an infinite estimate is one, a combination of others is none."""
    status = model.fit.status[column]
    return (column > 0 or model.family.has_constant) and (status == "ok" or status.startswith("separated"))


def _dispersion_row(model: FittedModel, base: TidyRow) -> TidyRow:
    """Return Pearson's chi2 over its degrees of freedom: 1 where the variance is that of Poisson counts."""
    cells, at = model.fit.found.cells, model.fit.found.maximum.at
    degrees = float(model.rows.people.sum()) - len(model.fit.found.kept)
    row = replace(base, measure="dispersion", method="Pearson chi2/df")
    if degrees <= 0:
        return replace(row, status=NO_DEGREES)
    chi2 = dot(cells.n, at.gradient[:, 0] ** 2 / at.curvature[:, 0, 0])
    return replace(row, estimate=chi2 / degrees, df1=degrees)


def _against_poisson(model: FittedModel, base: TidyRow) -> TidyRow:
    """Test alpha = 0 by the likelihood ratio: half of the time 0, as alpha cannot be negative."""
    fit = model.fit
    row = replace(base, measure="lr_chi2", term=OF_ALPHA, method="likelihood ratio, boundary")
    if fit.found.family is not model.family:
        return replace(row, estimate=0.0, p_value=1.0, status=AT_BOUNDARY)
    poisson = maximise(FAMILIES["poisson"], fit.Z, fit.n, fit.y, fit.offset)
    chi2 = max(2.0 * (fit.found.log_likelihood - poisson.log_likelihood), 0.0)
    return replace(row, estimate=chi2, p_value=0.5 * float(chdtrc(1, chi2)), df1=1)
