"""The Python function that pools the results of several completed data sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.data.frame_reader import as_polars
from engine.errors import Fault, UsageError
from engine.estimators.pooled_rows import pooled_rows, repeated_rows, shared_rows
from engine.results import TidyRow, to_frame
from engine.results.curve_result import CurveResult
from engine.results.rows import COLUMNS

if TYPE_CHECKING:
    import polars as pl


def pool(results: Sequence[Any]) -> pl.DataFrame:
    """Pool the results of completed data sets by Rubin's rules.

    Multiple imputation makes several data sets, in each of which other values stand for those that are
    missing. Run the same study or function on each of them, then pool. An error of one completed data set
    alone would be too small.

    Parameters
    ----------
    results
        Two or more results of the same study or function: what `run`, `concentration_index`, `logit` and the
        others return, or their tidy frames.

    Returns
    -------
    polars.DataFrame
        Tidy rows with `missing_information`, the share of information that missing values take. Ratios and
        variances are pooled as logarithms, tests by the rule D2. The counts are the fewest of all data sets.
        Criteria and shares of explained variance say that they are not pooled.

    Raises
    ------
    UsageError
        With fewer than two results, without a row that they share, or with rows that cannot be told apart.

    Examples
    --------
    >>> import polars as pl
    >>> one = pl.DataFrame({"measure": ["mean"], "estimate": [1.0], "std_error": [1.0], "df2": [20.0]})
    >>> pooled = pool([one, one.with_columns(estimate=2.0), one.with_columns(estimate=3.0)])
    >>> [round(value, 4) for value in pooled.select("estimate", "std_error").row(0)]
    [2.0, 1.5275]
    """
    if len(results) < 2:
        raise UsageError(f"results: found {len(results)}; expected two or more. Give one an imputation.")
    frames = [as_polars(_frame(one)) for one in results]
    each = [_rows(frame) for frame in frames]
    if not shared_rows(each):
        raise UsageError(
            "results: found no row that all of them have; expected results of the same study or function. "
            "Give one for each imputation."
        )
    if repeated := sum(repeated_rows(rows) for rows in each):
        raise UsageError(
            f"results: found {repeated:,} rows with the measure, term, group and method of another row; "
            "expected each quantity once. Give the results with all their columns."
        )
    return to_frame(pooled_rows(each))


def _frame(one: Any) -> Any:  # noqa: ANN401 - a result of any function, or a frame of any library
    """Return the tidy rows of a result as a frame; that of a curve itself has a column for each number."""
    if isinstance(one, CurveResult):
        return to_frame(one.rows)
    return one.to_frame() if hasattr(one, "to_frame") else one


def _rows(frame: pl.DataFrame) -> list[TidyRow]:
    """Return the tidy rows of a frame.

    Raises
    ------
    UsageError
        If it has no measures, or estimates that are no numbers.
    """
    for name in ("measure", "estimate"):
        if name not in frame.columns or (name == "estimate" and not frame[name].dtype.is_numeric()):
            found = "no numbers" if name in frame.columns else "no such column"
            raise UsageError(Fault(f"results, {name}", f"found {found}", "tidy rows", "Give whole results."))
    known = [name for name in COLUMNS if name in frame.columns]
    return [
        TidyRow(**{name: value for name, value in row.items() if value is not None})
        for row in frame.select(known).iter_rows(named=True)
    ]
