"""The Python function of a concentration index: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack, overload

from engine.api.arguments import IndexArguments, checked, number
from engine.api.frame_arrays import ranked_sample
from engine.api.options import IndexOptions, Route
from engine.arrays import FloatArray, SinglePsu
from engine.data.frame_reader import as_polars, is_boolean
from engine.errors import EstimationError
from engine.estimators.index.concentration import estimate_concentration
from engine.results import IndexResult, TableResult, TidyRow
from engine.study import ConcentrationSpec
from engine.study.bootstrap import IntervalName, ReplicateMethod
from engine.study.indices import IndexName


@overload
def concentration_index(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: None = None,
    **options: Unpack[IndexOptions],
) -> IndexResult: ...


@overload
def concentration_index(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str],
    compare: bool = False,
    **options: Unpack[IndexOptions],
) -> TableResult: ...


def concentration_index(
    frame: Any,
    outcome: str,
    rank_by: str,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str] | None = None,
    compare: bool = False,
    index: IndexName = "standard",
    bounds: tuple[float, float] | None = None,
    parameter: float | None = None,
    bootstrap: int = 0,
    method: ReplicateMethod = "auto",
    interval: IntervalName | Sequence[IntervalName] = "percentile",
    route: Route = "auto",
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> IndexResult | TableResult:
    """Estimate a rank-dependent inequality index of an outcome.

    Parameters
    ----------
    frame
        Polars frame, DuckDB relation, Arrow table or pandas frame.
    outcome
        Column of the outcome: numbers, or booleans counted as 0 and 1. Missing rows are left out.
    rank_by
        Column of the ranking variable. Ties share their mid-rank. Missing rows are left out.
    weight, stratum, cluster
        Design columns. Weights must be 0 or more without missing values; rows of weight 0 are left out.
    by
        Factors whose levels are groups with their own results; a column called ``wave`` is the wave.
    compare
        With `by`: differences between groups and a joint test.
    index
        ``standard``, ``generalized``, ``erreygers``, ``wagstaff``, ``modified``, ``extended``,
        ``generalized_extended``, ``symmetric`` or ``generalized_symmetric``.
    bounds
        The outcome's theoretical bounds, for the Erreygers, Wagstaff and modified index; never read off the
        data. A boolean outcome has bounds (0, 1).
    parameter
        v of the extended, beta of the symmetric index.
    bootstrap
        Replicates; 0 for linearised standard errors only.
    method
        ``auto``, ``iid``, ``cluster``, ``rao-wu``, ``poisson`` or ``jackknife``.
    interval
        ``normal``, ``basic``, ``percentile``, ``bca`` or ``studentized``; of several, all are in ``.rows``
        and the last is the result's.
    route
        ``rows`` draws rows one by one, ``cells`` draws rows alike in group, rank, outcome and weight together
        (the same distribution), ``auto`` takes the cheaper.
    conf_level
        Of the interval.
    nested
        Whether cluster ids repeat across strata.
    single_psu
        What a stratum of one cluster does: ``fail``, ``adjust`` or ``certainty``.
    replicate_weights
        Replicate weights of the frame, by the keys of the study file:
        ``{"columns": "rw_*", "method": "brr"}``. All errors then come from them, as R's `svrepdesign` makes
        them; strata and clusters count clusters only.
    seed
        Of the replicates; the same seed gives the same bits on any number of threads.
    threads
        How many; all usable cores when None.

    Returns
    -------
    IndexResult
        With ``.estimate``, ``.std_error``, ``.conf_low``, ``.conf_high``, ``.n_obs``, ``.method`` and
        ``.replicates``.

    Raises
    ------
    UsageError
        For an unknown index or option, or a missing bound or parameter.
    DataError
        For weights, ids or outcomes that cannot be used.
    EstimationError
        For a constant outcome or rank.

    Notes
    -----
    Formulas and their influence functions: Kakwani, Wagstaff and van Doorslaer (1997), Erreygers (2009),
    Wagstaff (2005), Erreygers, Clarke and Van Ourti (2012).

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"x": [3, 1, 2, 2, 5, 3, 3, 1], "y": [2, 1, 0, 3, 4, 1, 5, 2],
    ...                       "w": [1, 2, 1, 3, 1, 1, 2, 1]})
    >>> round(concentration_index(frame, outcome="y", rank_by="x", weight="w").estimate * 90, 12)
    17.0
    """
    given = checked(IndexArguments, locals())
    data = as_polars(frame)
    if given.bounds is None and is_boolean(data, outcome):
        given = given.model_copy(update={"bounds": (0.0, 1.0)})
    given.refuse_bounds(given.index)
    given.refuse_too_few_replicates()
    given.refuse_missing_parameter(given.index)
    spec = given.spec(ConcentrationSpec)
    arrays = ranked_sample(data, given, given.bounds)
    estimates = estimate_concentration(arrays, spec, {outcome: given.bounds}, given.replicate_settings)
    if given.by:
        return TableResult(kind="concentration", rows=estimates.rows)
    replicates = next(iter(estimates.replicates.values()), None)
    return _result(estimates.rows, replicates)


def _result(rows: tuple[TidyRow, ...], replicates: FloatArray | None) -> IndexResult:
    linearised, last = rows[0], rows[-1]
    if linearised.estimate is None:
        raise EstimationError(
            f"outcome '{linearised.outcome}': the {linearised.measure} index is undefined "
            f"({linearised.status}); expected a mean that it can be related to. Use the generalized index."
        )
    return IndexResult(
        measure=last.measure,
        estimate=number(last.estimate),
        std_error=number(last.std_error),
        linearised_std_error=number(linearised.std_error if linearised.method == "linearised" else None),
        conf_low=number(last.conf_low),
        conf_high=number(last.conf_high),
        conf_level=number(last.conf_level),
        p_value=number(last.p_value),
        n_obs=int(last.n_obs or 0),
        method=str(last.method),
        replicates=replicates,
        rows=rows,
    )
