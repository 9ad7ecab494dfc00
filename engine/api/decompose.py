"""The Python function of a decomposition: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.api.arguments import (
    DecompositionArguments,
    check_bounds,
    check_replicates,
    checked,
    frame_design,
    frame_variable,
    number,
)
from engine.data.frame_reader import as_polars, is_boolean, number_column
from engine.errors import EstimationError, UsageError, nearest
from engine.estimators.decomposition.estimate import estimate_decomposition
from engine.estimators.replicates.settings import ReplicateSettings
from engine.estimators.sample.sorting import checked_outcome, sort_sample
from engine.estimators.sample.variables import complete_rows
from engine.results import DecompositionResult, TidyRow
from engine.study import BootstrapSpec, DecompositionSpec
from engine.study.analyses import NEEDS_BOUNDS


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
    model: str = "linear",
    effect: str = "average",
    index: str = "standard",
    bounds: tuple[float, float] | None = None,
    references: Mapping[str, str] | None = None,
    bootstrap: int = 0,
    method: str = "auto",
    interval: str | Sequence[str] = "percentile",
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: str = "fail",
    seed: int = 0,
    threads: int | None = None,
) -> DecompositionResult:
    """Decompose a concentration index into contributions of covariates, and measure horizontal inequity.

    Parameters
    ----------
    frame, outcome, rank_by, weight, stratum, cluster, nested, single_psu, seed, threads
        As in `concentration_index`. Rows without outcome, rank or a covariate are left out.
    terms
        Covariates. String, Categorical and Enum columns are factors, with their first level for reference
        (strings are sorted); booleans and numbers are numbers.
    need
        Those of the terms that stand for need; the others are held at their means in its predictions.
    model
        ``linear`` (weighted least squares), ``logit``, ``probit`` or ``binomial-identity``.
    effect
        What stands for beta in a logit or probit: the ``average`` marginal effect (derivative), the one
        ``at-means``, or ``discrete``: the average change when a dummy alone goes from 0 to 1.
    index
        ``standard``, ``generalized``, ``erreygers``, ``wagstaff`` or ``modified``.
    bounds
        The outcome's theoretical bounds, for the last three; (0, 1) for booleans and all models but ``linear``.
    references
        Factor -> its reference level.
    bootstrap, method, conf_level
        As in `concentration_index`; every replicate redoes ranks, means, model and effects.
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
    Wagstaff, van Doorslaer and Watanabe (2003), Journal of Econometrics 112; O'Donnell et al. (2008), chapters 13
    and 15.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame(
    ...     {"visits": [4, 3, 3, 1], "income": [1, 2, 3, 4], "ill": [1, 1, 0, 0], "town": ["n", "y", "n", "y"]}
    ... )
    >>> result = decompose(frame, "visits", "income", ["ill", "town"], need=["ill"])
    >>> parts = result.contributions["contribution"]
    >>> round(result.index, 12), round(parts.sum() + result.residual, 12)
    (-0.204545454545, -0.204545454545)
    """
    given: DecompositionArguments = checked(
        DecompositionArguments,
        outcome=outcome,
        rank_by=rank_by,
        terms=terms,
        need=need,
        weight=weight,
        stratum=stratum,
        cluster=cluster,
        model=model,
        effect=effect,
        index=index,
        bounds=bounds,
        references=dict(references or {}),
        bootstrap=bootstrap,
        method=method,
        interval=interval,
        conf_level=conf_level,
        nested=nested,
        single_psu=single_psu,
        seed=seed,
        threads=threads,
    )
    data = as_polars(frame)
    if given.bounds is None and (given.model != "linear" or is_boolean(data, outcome)):
        given = given.model_copy(update={"bounds": (0.0, 1.0)})
    check_bounds(given, needed=given.index in NEEDS_BOUNDS)
    check_replicates(given)
    _check_terms(given)
    variables = [frame_variable(data, name, given.references.get(name)) for name in given.terms]
    values = checked_outcome(outcome, number_column(data, outcome, "outcome"), given.bounds)
    arrays = sort_sample(
        outcomes={outcome: np.where(complete_rows(variables), values, np.nan)},
        rank=number_column(data, rank_by, "rank_by"),
        rank_name=rank_by,
        columns=frame_design(data, given),
    )
    spec = DecompositionSpec(
        name="decompose",
        kind="decomposition",
        outcome=outcome,
        rank_by=rank_by,
        terms=given.terms,
        need=given.need,
        model=given.model,
        effect=given.effect,
        index=given.index,
        bounds=given.bounds,
        conf_level=conf_level,
        bootstrap=_bootstrap(given),
    )
    settings = ReplicateSettings(seed=seed, threads=threads)
    estimates = estimate_decomposition(arrays, variables, spec, given.bounds, settings)
    return _result(estimates.rows, given.index)


def _check_terms(given: DecompositionArguments) -> None:
    for role, names in (("need", given.need), ("references", given.references)):
        for name in names:
            if name not in given.terms:
                raise UsageError(
                    f"{role}: found '{name}', which is none of the terms; expected some of them. "
                    f"{nearest(name, [*given.terms])}"
                )
    for name in (given.outcome, *given.terms):
        if given.terms.count(name) + (name == given.outcome) > 1:
            raise UsageError(
                f"terms: found '{name}' twice, or the outcome itself; expected each once. Leave it out."
            )


def _bootstrap(given: DecompositionArguments) -> BootstrapSpec | None:
    if given.bootstrap == 0 and given.method != "jackknife":
        return None
    return BootstrapSpec(replicates=given.bootstrap, method=given.method, interval=given.interval)


def _result(rows: tuple[TidyRow, ...], index: str) -> DecompositionResult:
    # Of several intervals the last stands for the quantity.
    last = {(row.measure, row.term, row.level): row for row in rows}
    whole = last[index, None, None]
    if whole.estimate is None:
        raise EstimationError(
            f"outcome '{whole.outcome}': the {index} index is undefined ({whole.status}); expected a mean that it can "
            "be related to. Use the generalized index."
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
