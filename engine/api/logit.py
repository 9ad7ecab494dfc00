"""The Python function of a logistic regression: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from engine.api.arguments import checked
from engine.api.frame_arrays import covariate, event, table_of_people
from engine.api.model_arguments import LogitArguments
from engine.arrays import SinglePsu
from engine.data.frame_reader import as_polars
from engine.errors import EstimationError
from engine.estimators.regression.logit_rows import estimate_logit
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
    covariance: Literal["model", "robust", "cluster", "design"] = "model",
    crude: bool = False,
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
) -> LogitResult:
    """Fit a logistic regression: odds ratios, prevalence ratios, marginal effects, tests.

    Parameters
    ----------
    frame, weight, stratum, cluster, nested, single_psu, replicate_weights
        As in `concentration_index`. Rows without outcome or a covariate are left out.
    outcome
        Column of 0 and 1, or booleans.
    terms
        Covariates, and tuples of them for their products (``("age", "sex")``). String, Categorical and Enum
        columns are factors with their first level for reference (strings are sorted); booleans and numbers
        are numbers.
    frequency
        Column with how many people each row stands for.
    scores
        Pairs of factors whose product of level numbers (0, 1, ...) enters as one coefficient.
    references
        Factor -> its reference level.
    covariance
        ``model``: inverse information, weights counting as they stand (R's `glm`); ``robust`` and
        ``cluster``: HC1 of R's `sandwich`; ``design``: linearised through strata and clusters, t with units -
        strata + 1 - k degrees of freedom (R's `svyglm`), or refitted with each of the replicate weights.
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
        Each with place, finding, expectation and remedy. A term that separates the outcome is a status on its
        rows.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"ill": [1, 0, 1, 0], "sex": ["f", "f", "m", "m"], "people": [20, 80, 10, 90]})
    >>> result = logit(frame, "ill", ["sex"], frequency="people")
    >>> ratios = result.odds_ratios
    >>> ratios["level"].to_list(), ratios["estimate"].round(6).to_list(), result.n_obs
    (['f', 'm'], [1.0, 0.444444], 200)
    """
    given = checked(LogitArguments, locals())
    data = as_polars(frame)
    given.refuse_terms()
    given.refuse_covariance()
    variables = {name: covariate(data, name, given.references.get(name)) for name in given.single_terms}
    given.refuse_scores([name for name in variables if variables[name].codes is None])
    table = table_of_people(data, given, given.frequency)
    rows = estimate_logit(table, event(data, outcome), variables, given.spec(LogitSpec))
    return _result(LogitResult.of(rows))


def _result(result: LogitResult) -> LogitResult:
    coefficients = [row for row in result.rows if row.measure == "coefficient"]
    statuses = {row.status for row in coefficients}
    has_estimates = any(row.estimate is not None for row in coefficients)
    if not has_estimates and len(statuses) == 1 and not any("infinity" in status for status in statuses):
        raise EstimationError(
            f"outcome: {statuses.pop()}; expected a model that can be fitted. Leave out covariates."
        )
    return result
