"""The Python function of regressions of numbers, counts and ordered categories: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engine.api.arguments import checked
from engine.api.frame_arrays import covariate, factor, table_of_people
from engine.api.model_arguments import ModelArguments
from engine.arrays import SinglePsu, VariableArrays
from engine.data.frame_reader import as_polars, number_column
from engine.errors import DataError, EstimationError
from engine.estimators.models.rows import estimate_regression
from engine.results import RegressionResult
from engine.study.regression import RegressionModel, RegressionSpec

if TYPE_CHECKING:
    import polars as pl

MOST_CATEGORIES = 50


def regression(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    terms: Sequence[str | Sequence[str]],
    model: RegressionModel,
    weight: str | None = None,
    frequency: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    exposure: str | None = None,
    constant: bool = True,
    scores: Sequence[Sequence[str]] = (),
    references: Mapping[str, str] | None = None,
    covariance: Literal["model", "robust", "cluster", "design"] = "model",
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
) -> RegressionResult:
    """Fit a regression of a number, a count or an ordered category.

    Parameters
    ----------
    frame, weight, stratum, cluster, nested, single_psu, replicate_weights
        As in `concentration_index`. Rows without outcome or a covariate are left out.
    outcome
        Column of numbers or booleans; for ``ordered-logit`` an Enum, lowest level first, or numbers whose
        distinct values are the categories.
    terms, frequency, scores, references
        As in `logit`.
    model
        ``linear``: differences of means; ``poisson`` and ``negative-binomial``: ratios of rates of counts;
        ``ordered-logit``: ratios of the odds of being in a higher category.
    exposure
        Column with the time or the people at risk behind each count.
    constant
        False: a linear model of numbers without a constant; its R2 is that from zero, and there is no
        ``vif``.
    covariance
        As in `logit`; ``model`` is the inverse observed information, in a linear model times the residual
        variance.
    conf_level
        Of the intervals.

    Returns
    -------
    RegressionResult
        With ``.to_frame()``, ``.coefficients``, ``.ratios``, ``.marginal_effects`` and ``.n_obs``.

    Raises
    ------
    UsageError, DataError, EstimationError
        Each with place, finding, expectation and remedy. An infinite estimate is a status on its rows.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"visits": [0, 1, 2, 1, 3, 5], "sex": ["f", "f", "f", "m", "m", "m"]})
    >>> result = regression(frame, "visits", ["sex"], "poisson")
    >>> result.ratios["level"].to_list(), result.ratios["estimate"].round(6).to_list()
    (['f', 'm'], [1.0, 3.0])
    >>> result = regression(frame, "visits", ["sex"], "linear")
    >>> result.coefficients["estimate"].round(6).to_list(), result.n_obs
    ([1.0, 2.0], 6)
    """
    given = checked(ModelArguments, locals())
    data = as_polars(frame)
    given.refuse_terms()
    given.refuse_covariance()
    given.refuse_exposure()
    variables = {name: covariate(data, name, given.references.get(name)) for name in given.single_terms}
    given.refuse_scores([name for name in variables if variables[name].codes is None])
    given.refuse_missing_constant([name for name in variables if variables[name].codes is not None])
    rows = estimate_regression(
        table_of_people(data, given, given.frequency),
        _ordered(data, outcome) if model == "ordered-logit" else _number(data, outcome),
        variables,
        given.spec(RegressionSpec),
        None if exposure is None else number_column(data, exposure, "exposure"),
    )
    statuses = {row.status for row in rows if row.measure == "coefficient"}
    if len(statuses) == 1 and all(row.estimate is None for row in rows if row.measure == "coefficient"):
        status = statuses.pop()
        if "infinity" not in status:
            raise EstimationError(
                f"outcome: {status}; expected a model that can be fitted. Leave out covariates."
            )
    return RegressionResult(n_obs=int(rows[0].n_obs or 0), rows=rows)


def _number(data: pl.DataFrame, name: str) -> VariableArrays:
    """Return a column as a number."""
    values = number_column(data, name, "outcome")
    missing = np.isnan(values).astype(np.uint8)
    return VariableArrays(name=name, levels=(), codes=None, values=values, missing=missing)


def _ordered(data: pl.DataFrame, name: str) -> VariableArrays:
    """Return a column as ordered categories.

    Raises
    ------
    DataError
        If it has no order, or is no category.
    """
    import polars as pl

    if name in data.columns and data[name].dtype in (pl.String, pl.Categorical):
        raise DataError(
            f"outcome '{name}': found strings, which have no order; expected an Enum, lowest level first, or "
            "numbers. Cast the column to pl.Enum."
        )
    found = factor(data, name, "outcome")
    if len(found.levels) > MOST_CATEGORIES:
        raise DataError(
            f"outcome '{name}': found {len(found.levels):,} distinct values; expected at most "
            f"{MOST_CATEGORIES} ordered categories. Group them, or use model = 'linear'."
        )
    return found
