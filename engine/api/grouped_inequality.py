"""The Python function of measures from tables of groups: one frame with a row a group."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from engine.api.arguments import checked
from engine.api.inequality import MeasureArguments
from engine.arrays import FloatArray
from engine.data.frame_reader import as_polars, number_column
from engine.errors import DataError
from engine.estimators.disparity.group_table import GroupTable
from engine.estimators.disparity.grouped import estimate_grouped
from engine.estimators.disparity.measures import OF_GROUPS
from engine.estimators.moments.rows import quantity_interval
from engine.estimators.sample.design_variance import finite_or_none
from engine.results import TidyRow
from engine.results.inequality_result import InequalityResult, result_of_rows
from engine.study.disparity_measures import LinkName, MeasureName

MANY = 10**9  # degrees of freedom of a normal quantile


class GroupedArguments(MeasureArguments):
    """The arguments of `grouped_inequality`."""

    function = "grouped_inequality"

    share: str
    std_error: str | None = None
    group: str | None = "group"
    scale: Annotated[float, Field(gt=0, strict=False)] = 1.0


def grouped_inequality(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    measure: MeasureName,
    share: str,
    group: str,
    std_error: str | None = None,
    *,
    ordered: bool = True,
    favourable: bool = True,
    reference: str | None = None,
    link: LinkName = "linear",
    scale: float = 1.0,
    conf_level: float = 0.95,
) -> InequalityResult:
    """Estimate a measure of disparity from a table of groups.

    Parameters
    ----------
    frame
        A row a group, the worst off first: a Polars frame, DuckDB relation, Arrow table or pandas frame.
    outcome
        Column of the groups' means.
    measure
        As in `inequality` with `group`.
    share
        Column of the groups' sizes: people, weights or shares, in any unit.
    group
        Column of the groups' names.
    std_error
        Column of the standard errors of the means; without it there is no error of the measure.
    ordered, favourable, reference, link
        As in `inequality`.
    scale
        What a probability of 1 is in the table, such as 100 for per cent: for links, which need it.
    conf_level
        Of the normal interval.

    Returns
    -------
    InequalityResult
        ``.n_obs`` counts groups. The groups are taken as independent, and their shares as known.

    Raises
    ------
    UsageError
        For an unknown measure, or a missing reference.
    DataError
        For missing means, or shares that are negative or sum to 0.

    Examples
    --------
    >>> import polars as pl
    >>> table = pl.DataFrame({"fifth": ["1", "2", "3"], "rate": [60.0, 75.0, 90.0], "se": [2.0, 2.0, 1.0],
    ...                       "people": [300, 400, 300]})
    >>> gap = grouped_inequality(table, "rate", "difference", share="people", group="fifth", std_error="se")
    >>> round(gap.estimate, 6), round(gap.std_error, 6)
    (30.0, 2.236068)
    """
    given = checked(GroupedArguments, locals())
    given.refuse_measure()
    data = as_polars(frame)
    names = data[group].cast(str).to_list()
    if reference is not None and reference not in names:
        raise DataError(f"reference: found '{reference}', which is no group; expected one. Correct it.")
    table = GroupTable(
        mean=_complete(number_column(data, outcome, "outcome"), outcome),
        share=_shares(number_column(data, share, "share"), share),
        is_ordered=ordered,
        is_favourable=favourable,
        reference=None if reference is None else names.index(reference),
    )
    errors = np.full(len(names), np.nan) if std_error is None else number_column(data, std_error, "std_error")
    estimate = estimate_grouped(table, errors, measure, link, given.scale)
    low, high, p = quantity_interval(estimate.value, estimate.std_error, MANY, conf_level, OF_GROUPS[measure])
    row = TidyRow(
        outcome=outcome,
        rank_by=group,
        measure=measure,
        estimate=finite_or_none(estimate.value),
        std_error=finite_or_none(estimate.std_error),
        conf_low=finite_or_none(low),
        conf_high=finite_or_none(high),
        conf_level=conf_level,
        p_value=finite_or_none(p),
        method="delta",
        n_obs=len(names),
        status="ok" if math.isfinite(estimate.value) else "undefined",
    )
    return result_of_rows((row,), None)


def _complete(values: FloatArray, name: str) -> FloatArray:
    """Return means (k,), all of them known."""
    if count := int((~np.isfinite(values)).sum()):
        raise DataError(
            f"outcome '{name}': found {count} groups without a mean; expected one for each. Leave them out."
        )
    return values


def _shares(sizes: FloatArray, name: str) -> FloatArray:
    """Return shares (k,) with the sum 1."""
    if not np.isfinite(sizes).all() or (sizes < 0).any() or not sizes.sum() > 0:
        raise DataError(
            f"share '{name}': found missing or negative sizes, or none above 0; expected sizes of groups. "
            "Correct the column."
        )
    shares: FloatArray = sizes / sizes.sum()
    return shares
