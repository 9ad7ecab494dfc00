"""The Python function of rates: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from engine.api.arguments import checked
from engine.api.frame_arrays import event, factor, standard_in, table
from engine.api.table_arguments import RatesArguments
from engine.arrays import SinglePsu
from engine.data.frame_reader import as_polars
from engine.estimators.tables.rates import rates as estimate_rates
from engine.results import TableResult
from engine.study import RatesSpec


def rates(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rows: str | Sequence[str] = (),
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str] = (),
    interval: Literal["logit", "normal", "beta"] = "logit",
    test: bool = False,
    standardise: Mapping[str, object] | None = None,
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
) -> TableResult:
    """Estimate the rate of an event, in total and by the levels of factors, with design-based intervals.

    Parameters
    ----------
    frame, weight, stratum, cluster, nested, single_psu, replicate_weights, conf_level
        As in `concentration_index`.
    outcome
        Column of 0 and 1, or booleans.
    rows
        Factors whose levels make the rows.
    by
        Factors whose levels are groups with their own results; a column called ``wave`` is the wave.
    interval
        ``logit`` (inside 0 and 1), ``normal``, or ``beta`` (Korn and Graubard's exact limits).
    test
        Whether to test the event against each factor (Rao and Scott).
    standardise
        Direct standardisation: ``{"by": factors, "population": rows}``, a row a cell, with a level of each
        factor and the size of the cell in the standard population.

    Returns
    -------
    TableResult
        With ``.table()`` and ``.to_frame()``.

    Raises
    ------
    UsageError, DataError, EstimationError
        Each with place, finding, expectation and remedy.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"ill": [1, 0, 0, 1, 0, 0], "sex": [*"fmfmfm"]})
    >>> rates(frame, "ill", "sex").table().select("term", "level", "estimate").rows()[:2]
    [('total', None, 0.3333333333333333), ('sex', 'f', 0.3333333333333333)]
    """
    given = checked(RatesArguments, locals())
    data = as_polars(frame)
    factors = [factor(data, name, "rows") for name in given.rows]
    spec = given.spec(RatesSpec, outcome=(outcome,))
    arrays, known = table(data, given), event(data, outcome)
    standard = standard_in(data, given.standardise)
    estimates = (
        row for one in (None, *factors) for row in estimate_rates(arrays, known, one, spec, standard)
    )
    return TableResult(kind="rates", rows=tuple(estimates))
