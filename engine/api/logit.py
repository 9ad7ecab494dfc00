"""The Python function of a logistic regression: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.api.arguments import LogitArguments, MixedLogitArguments, checked, frame_design, frame_variable
from engine.arrays import FloatArray, Group, VariableArrays
from engine.data.frame_reader import as_polars, number_column
from engine.errors import DataError, EstimationError, UsageError, nearest
from engine.estimators.regression.logit_rows import estimate_logit
from engine.estimators.sample.sorting import checked_outcome, table_arrays
from engine.results import LogitResult
from engine.study import LogitSpec


def logit(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    terms: Sequence[str | Sequence[str]],
    weight: str | None = None,
    frequency: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    scores: Sequence[Sequence[str]] = (),
    references: Mapping[str, str] | None = None,
    covariance: str = "model",
    crude: bool = False,
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: str = "fail",
) -> LogitResult:
    """Fit a logistic regression on covariate patterns: odds ratios, prevalence ratios, marginal effects, tests.

    Parameters
    ----------
    frame, weight, stratum, cluster, nested, single_psu
        As in `concentration_index`. Rows without outcome or a covariate are left out.
    outcome
        Column of 0 and 1, or booleans.
    terms
        Covariates, and tuples of them for their products (``("age", "sex")``). String, Categorical and Enum columns
        are factors with their first level for reference (strings are sorted); booleans and numbers are numbers.
    frequency
        Column with how many people each row stands for.
    scores
        Pairs of factors whose product of level numbers (0, 1, ...) enters as one coefficient.
    references
        Factor -> its reference level.
    covariance
        ``model``: inverse information, weights counting as they stand (R's `glm`); ``robust`` and ``cluster``: HC1
        of R's `sandwich`; ``design``: linearised through strata and clusters, t with
        units - strata + 1 - k degrees of freedom (R's `svyglm`).
    crude
        Whether to give each variable's odds ratios alone, on its own complete rows, too.
    conf_level
        Of the intervals.

    Returns
    -------
    LogitResult
        With ``.to_frame()``, ``.log_likelihood``, ``.n_obs``, ``.coefficients``, ``.odds_ratios``.

    Raises
    ------
    UsageError, DataError, EstimationError
        Each with place, finding, expectation and remedy. A term that separates the outcome is a status on its rows.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"ill": [1, 0, 1, 0], "sex": ["f", "f", "m", "m"], "people": [20, 80, 10, 90]})
    >>> result = logit(frame, "ill", ["sex"], frequency="people")
    >>> ratios = result.odds_ratios
    >>> ratios["level"].to_list(), ratios["estimate"].round(6).to_list(), result.n_obs
    (['f', 'm'], [1.0, 0.444444], 200)
    """
    given: LogitArguments = checked(
        LogitArguments,
        outcome=outcome,
        terms=terms,
        scores=scores,
        weight=weight,
        frequency=frequency,
        stratum=stratum,
        cluster=cluster,
        references=dict(references or {}),
        covariance=covariance,
        crude=crude,
        conf_level=conf_level,
        nested=nested,
        single_psu=single_psu,
    )
    data = as_polars(frame)
    single = check_terms(given, given.scores)
    _check_covariance(given)
    variables = {name: frame_variable(data, name, given.references.get(name)) for name in single}
    for pair in given.scores:
        for name in pair:
            if variables[name].codes is None:
                raise UsageError(
                    f"scores: found the number '{name}'; expected factors. Put the product under terms."
                )
    event = event_column(data, outcome)
    table = table_arrays(frame_design(data, given), np.zeros(len(data), np.int64), (Group(),))
    spec = LogitSpec(
        name="logit",
        kind="logit",
        outcome=outcome,
        terms=given.terms,
        scores=given.scores,
        crude=crude,
        covariance=given.covariance,
        conf_level=conf_level,
    )
    times = (
        None if given.frequency is None else _frequencies(number_column(data, given.frequency, "frequency"))
    )
    return _result(LogitResult.of(estimate_logit(table, event, variables, spec, times)))


def _result(result: LogitResult) -> LogitResult:
    statuses = {row.status for row in result.rows if row.measure == "coefficient"}
    if "ok" not in statuses and len(statuses) == 1 and not any("infinity" in status for status in statuses):
        raise EstimationError(
            f"outcome: {statuses.pop()}; expected a model that can be fitted. Leave out covariates."
        )
    return result


def event_column(data: Any, outcome: str) -> VariableArrays:  # noqa: ANN401 - a Polars frame
    """Return a column of 0 and 1 as an event; refuse other values."""
    values = checked_outcome(outcome, number_column(data, outcome, "outcome"), (0.0, 1.0))
    if count := int((~np.isnan(values) & (values != 0.0) & (values != 1.0)).sum()):
        raise DataError(
            f"outcome '{outcome}': {count:,} values are neither 0 nor 1; expected an event. Recode it."
        )
    return VariableArrays(
        name=outcome, levels=(), codes=None, values=values, missing=np.zeros(len(data), np.uint8)
    )


def check_terms(
    given: LogitArguments | MixedLogitArguments, scores: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Return the single terms of a model; refuse products and references of others."""
    single = [term for term in given.terms if isinstance(term, str)]
    if len(set(single)) < len(single) or given.outcome in single:
        raise UsageError(
            "terms: found a name twice, or the outcome itself; expected each once. Leave it out."
        )
    products = [*(term for term in given.terms if not isinstance(term, str)), *scores]
    for product in products:
        if len(set(product)) < max(len(product), 2):
            raise UsageError(f"terms: found the product {product}; expected two or more different variables.")
    for role, names in (
        ("a product", [name for product in products for name in product]),
        ("references", [*given.references]),
    ):
        for name in names:
            if name not in single:
                raise UsageError(
                    f"terms: {role} names '{name}', which is no term; expected one. {nearest(name, single)}"
                )
    return single


def _check_covariance(given: LogitArguments) -> None:
    if given.covariance == "cluster" and given.cluster is None:
        raise UsageError(
            "covariance: found 'cluster' without cluster; expected the column. Give cluster = '...'."
        )
    if given.frequency is not None and given.covariance in ("cluster", "design") and given.cluster is None:
        raise UsageError(
            "frequency: rows of several people are no sampling units; expected clusters with this covariance. "
            "Give cluster, or covariance = 'model' or 'robust'."
        )


def _frequencies(values: FloatArray) -> FloatArray:
    bad = ~(values >= 0) | ~np.isfinite(values)
    if count := int(bad.sum()):
        raise DataError(
            f"frequency: {count:,} rows are missing or negative; expected 0 or more. Correct the column."
        )
    return values
