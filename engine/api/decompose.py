"""The Python function of a decomposition: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack, overload

from engine.api.arguments import DecompositionArguments, checked, number
from engine.api.frame_arrays import covariate, ranked_sample
from engine.api.options import DecompositionInterval, DecompositionOptions
from engine.arrays import SinglePsu
from engine.data.frame_reader import as_polars, is_boolean
from engine.errors import EstimationError
from engine.estimators.decomposition.estimate import estimate_decomposition, tie_breakers
from engine.results import DecompositionResult, TableResult, TidyRow
from engine.study import DecompositionSpec
from engine.study.analyses import DecomposableIndex, EffectName, ModelName
from engine.study.bootstrap import ReplicateMethod


@overload
def decompose(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    terms: Sequence[str],
    need: Sequence[str] = (),
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: None = None,
    **options: Unpack[DecompositionOptions],
) -> DecompositionResult: ...


@overload
def decompose(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    terms: Sequence[str],
    need: Sequence[str] = (),
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str],
    change: bool = False,
    **options: Unpack[DecompositionOptions],
) -> TableResult: ...


def decompose(
    frame: Any,
    outcome: str,
    rank_by: str,
    terms: Sequence[str],
    need: Sequence[str] = (),
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str] | None = None,
    change: bool = False,
    model: ModelName = "linear",
    effect: EffectName = "average",
    index: DecomposableIndex = "standard",
    bounds: tuple[float, float] | None = None,
    references: Mapping[str, str] | None = None,
    bootstrap: int = 0,
    method: ReplicateMethod = "auto",
    interval: DecompositionInterval | Sequence[DecompositionInterval] = "percentile",
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> DecompositionResult | TableResult:
    """Decompose a concentration index into contributions of covariates, and measure horizontal inequity.

    Parameters
    ----------
    frame, outcome, rank_by, weight, stratum, cluster, nested, single_psu, replicate_weights, seed, threads
        As in `concentration_index`. Rows without outcome, rank or a covariate are left out.
    terms
        Covariates. String, Categorical and Enum columns are factors, with their first level for reference
        (strings are sorted); booleans and numbers are numbers.
    need
        Those of the terms that stand for need; the others are held at their means in its predictions.
    by
        Factors whose levels are groups with their own results; a column called ``wave`` is the wave.
    change
        With `by`: what moved between groups, elasticities or inequality of the covariates.
    model
        ``linear`` (weighted least squares), ``logit``, ``probit`` or ``binomial-identity``.
    effect
        What stands for beta in a logit or probit: the ``average`` marginal effect (derivative), the one
        ``at-means``, or ``discrete``: the average change when a dummy (a level, a boolean, a number
        that is 0 or 1) alone goes from 0 to 1.
    index
        ``standard``, ``generalized``, ``erreygers``, ``wagstaff`` or ``modified``.
    bounds
        The outcome's theoretical bounds, for the last three; (0, 1) for booleans and all models but
        ``linear``.
    references
        Factor -> its reference level.
    bootstrap, method, conf_level
        As in `concentration_index`; every replicate redoes ranks, means, model and effects. Without any,
        errors are linearised.
    interval
        ``percentile``, ``basic`` or ``normal``, or several.

    Returns
    -------
    DecompositionResult
        With ``.contributions`` (a frame), ``.index``, ``.residual`` and ``.horizontal_inequity``.

    Raises
    ------
    UsageError, DataError, EstimationError
        Each with place, finding, expectation and remedy.

    References
    ----------
    Wagstaff, van Doorslaer and Watanabe (2003), Journal of Econometrics 112; O'Donnell et al. (2008),
    chapters 13 and 15.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame(
    ...     {"visits": [4, 3, 3, 1], "income": [1, 2, 3, 4], "ill": [1, 1, 0, 0], "town": [*"nyny"]}
    ... )
    >>> result = decompose(frame, "visits", "income", ["ill", "town"], need=["ill"])
    >>> parts = result.contributions["contribution"]
    >>> round(result.index, 12), round(parts.sum() + result.residual, 12)
    (-0.204545454545, -0.204545454545)
    """
    given = checked(DecompositionArguments, locals())
    data = as_polars(frame)
    if given.bounds is None and (given.model != "linear" or is_boolean(data, outcome)):
        given = given.model_copy(update={"bounds": (0.0, 1.0)})
    given.refuse_bounds(given.index)
    given.refuse_too_few_replicates()
    given.refuse_terms()
    variables = [covariate(data, name, given.references.get(name)) for name in given.terms]
    spec = given.spec(DecompositionSpec)
    last = tie_breakers(variables, spec, has_replicate_weights=given.replicate_weights is not None)
    arrays = ranked_sample(data, given, given.bounds, variables, last)
    estimates = estimate_decomposition(arrays, variables, spec, given.bounds, given.replicate_settings)
    if given.by:
        return TableResult(kind="decomposition", rows=estimates.rows)
    return _result(estimates.rows, given.index)


def _result(rows: tuple[TidyRow, ...], index: str) -> DecompositionResult:
    # Where there are several intervals, the last one stands for the quantity.
    last = {(row.measure, row.term, row.level): row for row in rows}
    whole = last[index, None, None]
    if whole.estimate is None:
        raise EstimationError(
            f"outcome '{whole.outcome}': the {index} index is undefined ({whole.status}); expected a mean "
            "that it can be related to. Use the generalized index."
        )
    inequity = last.get(("horizontal_inequity", None, "difference"))
    standardised = last.get(("horizontal_inequity", None, "standardised"))
    residual = last["residual", None, None]
    return DecompositionResult(
        index=whole.estimate,
        residual=number(residual.estimate),
        horizontal_inequity=None if inequity is None else inequity.estimate,
        standardised_inequity=None if standardised is None else standardised.estimate,
        n_obs=int(whole.n_obs or 0),
        method=str(whole.method),
        status=residual.status,
        rows=rows,
    )
