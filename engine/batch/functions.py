"""The Python functions: one statistic on a frame, without a study file."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.arrays import DesignColumns, SampleArrays
from engine.data.frames import as_polars, id_column, number_column
from engine.errors import EstimationError, UsageError
from engine.estimators.concentration import estimate_concentration
from engine.estimators.curve import curves
from engine.estimators.prepare import checked_outcome, sort_sample
from engine.results import CurveResult, IndexResult, TidyRow
from engine.study import ConcentrationSpec, CurveSpec
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
    interval: str = "percentile",
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
        The outcome's theoretical bounds, for the Erreygers, Wagstaff and modified index. An outcome of
        nothing but 0 and 1 has bounds (0, 1).
    parameter
        v of the extended, beta of the symmetric index.
    bootstrap
        Replicates; 0 for linearised standard errors only.
    method
        ``auto``, ``iid``, ``cluster``, ``rao-wu``, ``poisson`` or ``jackknife``.
    interval
        ``normal``, ``basic``, ``percentile``, ``bca`` or ``studentized``.
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
    data = as_polars(frame)
    values = number_column(data, outcome, "outcome")
    if bounds is None and np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
        bounds = (0.0, 1.0)
    if index in NEEDS_BOUNDS and bounds is None:
        raise UsageError(
            f"bounds: found none for the {index} index; expected the outcome's theoretical bounds (low, high). "
            "They are never read off the data."
        )
    if index in NEEDS_PARAMETER and parameter is None:
        raise UsageError(f"parameter: found none for the {index} index; expected a number above 1, such as 3.")
    spec = _spec(
        name="concentration_index", kind="concentration", outcome=outcome, rank_by=rank_by, index=index,
        bounds=bounds, parameter=parameter, conf_level=conf_level,
        bootstrap=_bootstrap(bootstrap, method, interval),
    )  # fmt: skip
    assert isinstance(spec, ConcentrationSpec)  # noqa: S101 - told to mypy
    columns = _design(data, weight, stratum, cluster, nested=nested, single_psu=single_psu)
    arrays = _arrays(data, outcome, rank_by, columns, bounds)
    estimates = estimate_concentration(arrays, spec, {outcome: bounds}, seed=seed, threads=threads)
    replicates = next(iter(estimates.replicates.values()), None)
    return _index_result(estimates.rows, replicates)


def _index_result(rows: tuple[TidyRow, ...], replicates: np.ndarray[Any, Any] | None) -> IndexResult:
    first, row = rows[0], rows[-1]
    if first.estimate is None:
        raise EstimationError(
            f"outcome '{first.outcome}': the {first.measure} index is undefined ({first.status}); expected a mean "
            "that it can be related to. Use the generalized index."
        )
    return IndexResult(
        measure=row.measure,
        estimate=_number(row.estimate),
        std_error=_number(row.std_error),
        linearised_std_error=_number(first.std_error),
        conf_low=_number(row.conf_low),
        conf_high=_number(row.conf_high),
        conf_level=_number(row.conf_level),
        p_value=_number(row.p_value),
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
    data = as_polars(frame)
    spec = _spec(
        name="concentration_curve", kind="curve", outcome=outcome, rank_by=rank_by, points=points,
        conf_level=conf_level,
    )  # fmt: skip
    assert isinstance(spec, CurveSpec)  # noqa: S101 - told to mypy
    columns = _design(data, weight, stratum, cluster, nested=nested, single_psu=single_psu)
    rows = curves(_arrays(data, outcome, rank_by, columns, None), spec, seed=seed)
    pointwise = [row for row in rows if row.method == "linearised, pointwise"]
    band = [row for row in rows if row.method == "linearised, simultaneous"]
    return CurveResult(
        share_of_people=np.array([_number(float(row.level or "nan")) for row in pointwise]),
        share_of_outcome=np.array([_number(row.estimate) for row in pointwise]),
        std_error=np.array([_number(row.std_error) for row in pointwise]),
        conf_low=np.array([_number(row.conf_low) for row in pointwise]),
        conf_high=np.array([_number(row.conf_high) for row in pointwise]),
        band_low=np.array([_number(row.conf_low) for row in band]),
        band_high=np.array([_number(row.conf_high) for row in band]),
        conf_level=conf_level,
        n_obs=int(rows[0].n_obs or 0),
        rows=rows,
    )


def _arrays(
    data: Any,  # noqa: ANN401 - a Polars frame; polars is not imported here
    outcome: str,
    rank_by: str,
    columns: DesignColumns,
    bounds: tuple[float, float] | None,
) -> SampleArrays:
    values = checked_outcome(outcome, number_column(data, outcome, "outcome"), bounds)
    rank = number_column(data, rank_by, "rank_by")
    return sort_sample(outcomes={outcome: values}, rank=rank, rank_name=rank_by, columns=columns)


def _design(
    data: Any,  # noqa: ANN401 - a Polars frame; polars is not imported here
    weight: str | None,
    stratum: str | None,
    cluster: str | None,
    *,
    nested: bool,
    single_psu: str,
) -> DesignColumns:
    if single_psu not in ("fail", "adjust", "certainty"):
        raise UsageError(f"single_psu: found '{single_psu}'; expected 'fail', 'adjust' or 'certainty'. Choose one.")
    return DesignColumns(
        weight=None if weight is None else number_column(data, weight, "weight"),
        stratum=id_column(data, stratum, "stratum"),
        cluster=id_column(data, cluster, "cluster"),
        nested=nested,
        single_psu=single_psu,  # type: ignore[arg-type]  # looked at above
        names={k: v for k, v in {"weight": weight, "stratum": stratum, "cluster": cluster}.items() if v},
    )


def _bootstrap(replicates: int, method: str, interval: str) -> dict[str, Any] | None:
    if replicates == 0 and method != "jackknife":
        return None
    return {"replicates": replicates, "method": method, "interval": interval}


def _spec(**fields: Any) -> ConcentrationSpec | CurveSpec:  # noqa: ANN401 - pydantic checks them
    from pydantic import ValidationError

    kind = ConcentrationSpec if fields["kind"] == "concentration" else CurveSpec
    try:
        return kind(**fields)
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in item["loc"] if not isinstance(step, int))
        raise UsageError(f"{place}: found {item['input']!r}; {item['msg'].lower()}. Correct the argument.") from None


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
