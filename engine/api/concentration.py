"""The Python functions: one statistic on a frame, without a study file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.api.arguments import (
    CurveArguments,
    IndexArguments,
    check_bounds,
    check_replicates,
    checked,
    frame_arrays,
    frame_design,
    number,
)
from engine.data.frame_reader import as_polars, is_boolean
from engine.errors import EstimationError, UsageError
from engine.estimators.index.concentration import estimate_concentration
from engine.estimators.index.curve import curves
from engine.estimators.replicates.settings import ReplicateSettings
from engine.results import CurveResult, IndexResult, TidyRow
from engine.study import BootstrapSpec, ConcentrationSpec, CurveSpec
from engine.study.analyses import NEEDS_BOUNDS, NEEDS_PARAMETER


def concentration_index(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    index: str = "standard",
    bounds: tuple[float, float] | None = None,
    parameter: float | None = None,
    bootstrap: int = 0,
    method: str = "auto",
    interval: str | Sequence[str] = "percentile",
    route: str = "auto",
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: str = "fail",
    seed: int = 0,
    threads: int | None = None,
) -> IndexResult:
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
        ``normal``, ``basic``, ``percentile``, ``bca`` or ``studentized``; of several, all are in ``.rows`` and
        the last is the result's.
    route
        ``rows`` draws rows one by one, ``cells`` draws rows alike in group, rank, outcome and weight together
        (the same distribution), ``auto`` takes the cheaper.
    conf_level
        Of the interval.
    nested
        Whether cluster ids repeat across strata.
    single_psu
        What a stratum of one cluster does: ``fail``, ``adjust`` or ``certainty``.
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
    given: IndexArguments = checked(
        IndexArguments,
        outcome=outcome,
        rank_by=rank_by,
        weight=weight,
        stratum=stratum,
        cluster=cluster,
        index=index,
        bounds=bounds,
        parameter=parameter,
        bootstrap=bootstrap,
        method=method,
        interval=interval,
        route=route,
        conf_level=conf_level,
        nested=nested,
        single_psu=single_psu,
        seed=seed,
        threads=threads,
    )
    data = as_polars(frame)
    if given.bounds is None and is_boolean(data, outcome):
        given = given.model_copy(update={"bounds": (0.0, 1.0)})
    check_bounds(given, needed=index in NEEDS_BOUNDS)
    check_replicates(given)
    if index in NEEDS_PARAMETER and parameter is None:
        raise UsageError(
            f"parameter: found none for the {index} index; expected a number above 1, such as 3."
        )
    spec = ConcentrationSpec(
        name="concentration_index",
        kind="concentration",
        outcome=outcome,
        rank_by=rank_by,
        index=index,
        bounds=given.bounds,
        parameter=parameter,
        conf_level=conf_level,
        bootstrap=_bootstrap(given),
    )
    arrays = frame_arrays(data, outcome, rank_by, frame_design(data, given), given.bounds)
    settings = ReplicateSettings(seed=seed, threads=threads)
    estimates = estimate_concentration(arrays, spec, {outcome: given.bounds}, settings)
    replicates = next(iter(estimates.replicates.values()), None)
    return _index_result(estimates.rows, replicates)


def _bootstrap(given: IndexArguments) -> BootstrapSpec | None:
    if given.bootstrap == 0 and given.method != "jackknife":
        return None
    return BootstrapSpec(
        replicates=given.bootstrap, method=given.method, interval=given.interval, route=given.route
    )


def _index_result(rows: tuple[TidyRow, ...], replicates: np.ndarray[Any, Any] | None) -> IndexResult:
    first, row = rows[0], rows[-1]
    if first.estimate is None:
        raise EstimationError(
            f"outcome '{first.outcome}': the {first.measure} index is undefined ({first.status}); expected a mean "
            "that it can be related to. Use the generalized index."
        )
    return IndexResult(
        measure=row.measure,
        estimate=number(row.estimate),
        std_error=number(row.std_error),
        linearised_std_error=number(first.std_error),
        conf_low=number(row.conf_low),
        conf_high=number(row.conf_high),
        conf_level=number(row.conf_level),
        p_value=number(row.p_value),
        n_obs=int(row.n_obs or 0),
        method=str(row.method),
        replicates=replicates,
        rows=rows,
    )


def concentration_curve(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    points: int = 20,
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: str = "fail",
    seed: int = 0,
) -> CurveResult:
    """Estimate a concentration curve: the share of the outcome held by the lowest ranked share of people.

    Parameters
    ----------
    frame, outcome, rank_by, weight, stratum, cluster, nested, single_psu
        As in `concentration_index`.
    points
        Intervals of the curve.
    conf_level
        Of the pointwise interval and the simultaneous band.
    seed
        Of the simulation behind the band's critical value.

    Returns
    -------
    CurveResult
        ``.to_frame()`` has share of people, share of outcome, standard error, interval and band; ``.rows``
        also hold the dominance tests against the diagonal.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"income": [1, 2, 3, 4], "visits": [4, 3, 2, 1]})
    >>> curve = concentration_curve(frame, "visits", "income", points=4)
    >>> curve.share_of_outcome.round(12).tolist()
    [0.0, 0.4, 0.7, 0.9, 1.0]
    """
    given: CurveArguments = checked(
        CurveArguments,
        outcome=outcome,
        rank_by=rank_by,
        weight=weight,
        stratum=stratum,
        cluster=cluster,
        points=points,
        conf_level=conf_level,
        nested=nested,
        single_psu=single_psu,
        seed=seed,
    )
    data = as_polars(frame)
    spec = CurveSpec(
        name="concentration_curve",
        kind="curve",
        outcome=outcome,
        rank_by=rank_by,
        points=points,
        conf_level=conf_level,
    )
    rows = curves(frame_arrays(data, outcome, rank_by, frame_design(data, given), None), spec, seed=seed)
    pointwise = [row for row in rows if row.method == "linearised, pointwise"]
    band = [row for row in rows if row.method == "linearised, simultaneous"]
    return CurveResult(
        share_of_people=np.array([number(float(row.level or "nan")) for row in pointwise]),
        share_of_outcome=np.array([number(row.estimate) for row in pointwise]),
        std_error=np.array([number(row.std_error) for row in pointwise]),
        conf_low=np.array([number(row.conf_low) for row in pointwise]),
        conf_high=np.array([number(row.conf_high) for row in pointwise]),
        band_low=np.array([number(row.conf_low) for row in band]),
        band_high=np.array([number(row.conf_high) for row in band]),
        conf_level=conf_level,
        n_obs=int(rows[0].n_obs or 0),
        rows=rows,
    )
