"""The Python function of descriptions: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.api.arguments import checked
from engine.api.frame_arrays import described, table
from engine.api.table_arguments import DescribeArguments
from engine.arrays import SinglePsu
from engine.data.frame_reader import as_polars
from engine.estimators.tables.describe import describe as estimate_describe
from engine.results import TableResult
from engine.study import DescribeSpec


def describe(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    variables: str | Sequence[str],
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str] = (),
    test: bool = False,
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
) -> TableResult:
    """Describe variables: counts and percentages of factors, means and standard deviations of numbers.

    Parameters
    ----------
    frame, weight, stratum, cluster, nested, single_psu, replicate_weights, conf_level
        As in `concentration_index`.
    variables
        The columns; text, Categorical and Enum columns are factors.
    by
        Factors whose levels are groups with their own results; a column called ``wave`` is the wave.
    test
        Whether to test each factor against the groups (Rao and Scott).

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
    >>> frame = pl.DataFrame({"age": [20, 30, 40], "sex": ["f", "m", "f"]})
    >>> [(row.measure, row.estimate) for row in describe(frame, "age").rows][:1]
    [('mean', 30.0)]
    """
    given = checked(DescribeArguments, locals())
    data = as_polars(frame)
    spec, arrays = given.spec(DescribeSpec), table(data, given)
    rows = (row for name in given.variables for row in estimate_describe(arrays, described(data, name), spec))
    return TableResult(kind="describe", rows=tuple(rows))
