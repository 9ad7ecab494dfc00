"""The comparison of logits with the GLM of statsmodels, on samples with covariates and weights."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import polars as pl

from engine.api.logit import logit
from engine.arrays import FloatArray
from engine.validate.digits import Accuracy, right_digits

ORACLE = "statsmodels, GLM"
PROMISED = 11.0  # statsmodels stops at a relative change of 1e-12
_PEOPLE = 400
_TERMS = ("age", "sex", "income")


def compare_with_statsmodels(copies: int) -> Iterator[Accuracy]:
    """Yield the digits of coefficients and their standard errors over random samples."""
    found = [_digits_of_sample(seed) for seed in range(copies)]
    for place, statistic in enumerate(("logit coefficients", "logit standard errors")):
        digits = [one for sample in found for one in sample[place]]
        yield Accuracy(
            statistic=statistic, oracle=ORACLE, hardness="weights", digits=digits, promised=PROMISED
        )


def _digits_of_sample(seed: int) -> tuple[list[float], list[float]]:
    """Return the right digits of each coefficient, and of each standard error."""
    random = np.random.default_rng(seed)
    covariates = random.normal(size=(_PEOPLE, len(_TERMS))).round(2)
    covariates[:, 1] = covariates[:, 1] > 0.0
    ill = (random.random(_PEOPLE) < 1.0 / (1.0 + np.exp(0.5 - covariates @ (0.8, -0.4, 0.3)))).astype(float)
    weight = random.uniform(0.5, 3.0, _PEOPLE)
    columns = {name: covariates[:, place] for place, name in enumerate(_TERMS)}
    frame = pl.DataFrame({"ill": ill, "weight": weight, **columns})
    rows = logit(frame, "ill", list(_TERMS), weight="weight", covariance="model").rows
    ours = {row.term: row for row in rows if row.measure == "coefficient"}
    estimates, errors = _of_statsmodels(covariates, ill, weight)
    coefficients = [
        right_digits(ours[name].estimate, Fraction(value))
        for name, value in zip(_TERMS, estimates, strict=True)
    ]
    std_errors = [
        right_digits(ours[name].std_error, Fraction(value))
        for name, value in zip(_TERMS, errors, strict=True)
    ]
    return coefficients, std_errors


def _of_statsmodels(
    covariates: FloatArray, ill: FloatArray, weight: FloatArray
) -> tuple[list[float], list[float]]:
    """Return the coefficients without the constant, and their standard errors."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    X = np.column_stack([np.ones(len(ill)), covariates])
    fit = GLM(ill, X, family=Binomial(), freq_weights=weight).fit(tol=1e-12, tol_criterion="params")
    return [float(one) for one in fit.params[1:]], [float(one) for one in fit.bse[1:]]
