"""The Python function of RIF regression: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.api.arguments import checked
from engine.api.frame_arrays import covariate, ranked_sample
from engine.api.table_arguments import RifArguments
from engine.arrays import SinglePsu
from engine.data.frame_reader import as_polars, is_boolean
from engine.estimators.regression.rif import estimate_rif
from engine.results import TableResult
from engine.study import RifSpec
from engine.study.indices import IndexName


def rif(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    rank_by: str,
    terms: Sequence[str | Sequence[str]],
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    index: IndexName = "standard",
    bounds: tuple[float, float] | None = None,
    parameter: float | None = None,
    references: Mapping[str, str] | None = None,
    by: str | Sequence[str] = (),
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
) -> TableResult:
    """Regress the recentered influence function of an index: what moves with inequality.

    Parameters
    ----------
    frame, outcome, rank_by, weight, stratum, cluster, nested, single_psu, replicate_weights, conf_level
        As in `concentration_index`. Rows without outcome, rank or a covariate are left out.
    index, bounds, parameter
        As in `concentration_index`.
    terms, references
        As in `logit`.
    by
        Factors whose levels are groups with their own results; a column called ``wave`` is the wave.

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
    >>> frame = pl.DataFrame(
    ...     {"visits": [4, 3, 3, 1, 2], "income": [1, 2, 3, 4, 5], "ill": [1, 1, 0, 0, 1]}
    ... )
    >>> result = rif(frame, "visits", "income", ["ill"])
    >>> [row.term for row in result.rows if row.measure == "rif_coefficient"]
    ['(constant)', 'ill']
    """
    given = checked(RifArguments, locals())
    data = as_polars(frame)
    if given.bounds is None and is_boolean(data, outcome):
        given = given.model_copy(update={"bounds": (0.0, 1.0)})
    given.refuse_terms()
    given.refuse_bounds(given.index)
    given.refuse_missing_parameter(given.index)
    variables = {name: covariate(data, name, given.references.get(name)) for name in given.single_terms}
    arrays = ranked_sample(data, given, given.bounds, [*variables.values()])
    estimates = estimate_rif(arrays, variables, given.spec(RifSpec), given.bounds, given.replicate_settings)
    return TableResult(kind="rif", rows=estimates.rows)
