"""Tests of a model's terms, and the inflation of their variances."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import chdtrc, fdtrc

from engine.arrays import FloatArray, IntArray
from engine.estimators.regression.fitted_logit import FittedLogit
from engine.estimators.regression.logit_covariance import JointCovariance
from engine.estimators.regression.logit_maximum import COMBINATION, maximise_logit
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.replicates.replicate_weights import UNDEFINED_REPLICATES
from engine.estimators.sample.design_variance import NO_DEGREES
from engine.kernels.regression.links import exponential
from engine.kernels.regression.small_matrices import log_determinant, quadratic_form
from engine.results import TidyRow

NO_TEST = "separated or a combination of other columns"


def term_test_rows(model: FittedLogit) -> Iterator[TidyRow]:
    """Yield the test of each term, of all products and of all terms.

    Model-based errors go with likelihood ratios, ``lr_chi2``. The others have Wald tests, ``wald_f``, which
    are adjusted where the degrees of freedom are finite.
    """
    is_model_based = model.spec.covariance == "model"
    measure = "lr_chi2" if is_model_based else "wald_f"
    fit = model.fit
    for label, columns in tested_columns(model.frame).items():
        row = replace(model.base, term=label, measure=measure, conf_level=None)
        if is_model_based and len(fit.kept):
            yield _likelihood_ratio(model, row, columns)
        elif any(fit.status[k] != "ok" for k in columns):
            yield replace(row, status=NO_TEST)
        elif fit.degrees < 1:
            yield replace(row, status=NO_DEGREES)
        else:
            yield wald_row(row, fit.beta[columns], fit.joint, columns)


def tested_columns(frame: ModelFrame) -> dict[str, list[int]]:
    """Return label of a test -> columns that it tests; a variable inside a product has no test alone."""
    term_of_column = frame.term_of_column
    inside_products = {name for term in frame.terms if term.is_product for name in term.names}
    tested = {
        term.label: np.flatnonzero(term_of_column == t).tolist()
        for t, term in enumerate(frame.terms)
        if term.is_product or term.names[0] not in inside_products
    }
    if inside_products:
        tested["(all products)"] = [
            k for k, t in enumerate(term_of_column) if t >= 0 and frame.terms[t].is_product
        ]
    tested["(all terms)"] = [*range(1, len(term_of_column))]
    return tested


def _likelihood_ratio(model: FittedLogit, row: TidyRow, columns: Sequence[int]) -> TidyRow:
    """Compare the model with one without some columns.

    Columns that the others replace cost no degree of freedom; an infinite estimate costs one.
    """
    fit = model.fit
    others = [k for k in range(fit.Z.shape[1]) if k not in columns]
    reduced = maximise_logit(np.ascontiguousarray(fit.Z[:, others]), fit.n, fit.s)
    df = fit.rank - reduced.rank
    if df < 1:
        return replace(row, status=COMBINATION)
    chi2 = max(2.0 * (fit.log_likelihood - reduced.log_likelihood), 0.0)
    return replace(row, estimate=chi2, p_value=float(chdtrc(df, chi2)), method="likelihood ratio", df1=df)


def wald_row(row: TidyRow, beta: FloatArray, joint: JointCovariance, columns: Sequence[int]) -> TidyRow:
    """Test that the coefficients beta (k,) of k columns are 0.

    F = (d - k + 1) / (d k) b' V^-1 b with d degrees of freedom of the covariance, referred to F(k, d - k + 1)
    (Korn and Graubard 1990; Stata's `test` after `svy`).
    """
    k, d = len(columns), joint.degrees
    V = np.ascontiguousarray(joint.V[np.ix_(columns, columns)])
    if not np.isfinite(V).all():
        return replace(row, status=UNDEFINED_REPLICATES)
    wald = quadratic_form(V, beta)
    if d - k + 1 < 1 or math.isnan(wald):
        return replace(row, status=NO_DEGREES)
    if np.isinf(d):
        p = float(chdtrc(k, wald))
        return replace(row, estimate=wald / k, p_value=p, method="Wald chi2/df", df1=k)
    F, rest = (d - k + 1) / (d * k) * wald, d - k + 1
    method = f"adjusted Wald{', CR2' if joint.is_raised else ''}"
    return replace(row, estimate=F, p_value=float(fdtrc(k, rest, F)), method=method, df1=k, df2=rest)


def inflation_rows(
    frame: ModelFrame, kept: IntArray, model_covariance: FloatArray, base: TidyRow
) -> Iterator[TidyRow]:
    """Yield the ``vif`` of every term: its generalised variance-inflation factor to the power 1/df.

    It is that of the weighted design matrix, through the inverse information (q, q), whatever the errors: a
    survey design is no collinearity. The power makes it comparable to an ordinary one (Fox and Monette 1992).
    """
    if len(frame.terms) < 2:
        return
    inside_terms = [k for k in kept if k > 0]
    V = model_covariance[np.ix_(inside_terms, inside_terms)]
    std_error = np.sqrt(np.diag(V))
    R = V / np.outer(std_error, std_error)
    term_of_column = frame.term_of_column[inside_terms]
    for t, term in enumerate(frame.terms):
        inside = term_of_column == t
        blocks = (R[np.ix_(inside, inside)], R[np.ix_(~inside, ~inside)], R)
        of_term, of_others, of_all = (log_determinant(np.ascontiguousarray(block)) for block in blocks)
        value = exponential((of_term + of_others - of_all) / float(inside.sum()))
        yield replace(
            base, term=term.label, measure="vif", estimate=value, conf_level=None, method="GVIF^(1/df)"
        )
