"""The Python function of influence values: what each person adds to the variance of an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from engine.api.arguments import IndexArguments, OutcomeArguments, checked
from engine.api.frame_arrays import covariate, design_columns, groups_of, ranked_sample, standard_in
from engine.api.inequality import InequalityArguments
from engine.arrays import FloatArray, Group
from engine.data.frame_reader import as_polars, is_boolean, number_column
from engine.errors import EstimationError, UsageError, nearest
from engine.estimators.disparity.compared import compared_levels, disparity_sample
from engine.estimators.disparity.estimate import disparity_influence
from engine.estimators.index.concentration import index_influence
from engine.estimators.index.linearised import influence_of_rows
from engine.estimators.sample.group_sample import group_sample
from engine.estimators.sample.sorting import sort_sample
from engine.study.disparity import DisparitySpec
from engine.study.disparity_measures import NEEDS_PARAMETER as MEASURES_WITH_PARAMETER
from engine.study.disparity_measures import WITH_LINK, LinkName, MeasureName
from engine.study.indices import NEEDS_PARAMETER, IndexName

if TYPE_CHECKING:
    import polars as pl

MEAN = "mean"
OF_MEASURES = ("group", "ordered", "favourable", "reference", "link", "standardise")
UNLESS_GIVEN = {"ordered": True, "favourable": True, "link": "linear"}
Statistic = Literal["mean"] | IndexName | MeasureName


class MeanArguments(OutcomeArguments):
    """The arguments of the influence values of a mean."""

    function = "influence"


def influence(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    statistic: Statistic,
    rank_by: str | None = None,
    group: str | None = None,
    weight: str | None = None,
    *,
    by: str | Sequence[str] | None = None,
    bounds: tuple[float, float] | None = None,
    parameter: float | None = None,
    ordered: bool = True,
    favourable: bool = True,
    reference: str | None = None,
    link: LinkName = "linear",
    standardise: Mapping[str, object] | None = None,
) -> pl.DataFrame:
    """Return the influence value of each row on an estimate: how it moves the estimate, to first order.

    The variance of the estimate is the design variance of the weighted total of these values. So R, Stata
    or any other program makes its standard error from them, with its own design, and the covariance of any
    two estimates from their columns.

    Parameters
    ----------
    frame, outcome, weight, by
        As in `concentration_index`.
    statistic
        ``mean`` (of an event: its rate), an index of `concentration_index` (with `rank_by`), or a measure of
        `inequality`.
    rank_by, group, bounds, parameter, ordered, favourable, reference, link, standardise
        As in `concentration_index` and `inequality`.

    Returns
    -------
    polars.DataFrame
        A row for each row of the frame, in its order, and a column for each group: the statistic, and with
        `by` the name of the group. A row that the estimate leaves out has 0; where it is undefined, the
        column is null. The values are those of people: keep such a frame as the data themselves.

    Raises
    ------
    UsageError
        For an unknown statistic or option, or a missing rank, group, bound or parameter.
    DataError
        For weights or outcomes that cannot be used.
    EstimationError
        If the estimate is undefined in every group.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"y": [1, 0, 1, 1], "w": [1.0, 1.0, 2.0, 1.0]})
    >>> influence(frame, "y", "mean", weight="w")["mean"].round(3).to_list()
    [0.04, -0.16, 0.04, 0.04]
    """
    given = locals()
    data = as_polars(frame)
    known = [MEAN, *get_args(IndexName), *get_args(MeasureName)]
    if statistic not in known:
        shown = nearest(str(statistic), known)
        raise UsageError(f"statistic: found {statistic!r:.60}; expected a statistic. {shown}")
    if statistic == MEAN:
        values, groups = _of_mean(data, given)
    elif statistic in get_args(IndexName):
        values, groups = _of_index(data, given)
    else:
        values, groups = _of_measure(data, given)
    if np.isnan(values).all():
        raise EstimationError(
            f"outcome '{outcome}': the {statistic} is undefined; expected a group where it is defined. "
            "Use another statistic."
        )
    return _frame(str(statistic), values, groups)


def _some(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return some arguments of a call, without those of other statistics."""
    return {name: given[name] for name in ("frame", "outcome", "weight", "by", *names)}


def _refuse_others(given: Mapping[str, Any], statistic: str, *names: str) -> None:
    """Refuse options that the statistic does not have."""
    for name in names:
        if given[name] != UNLESS_GIVEN.get(name):
            raise UsageError(f"{name}: found it with '{statistic}'; expected none. Leave it out.")


def _of_mean(data: pl.DataFrame, given: Mapping[str, Any]) -> tuple[FloatArray, Sequence[Group]]:
    _refuse_others(given, MEAN, "rank_by", "bounds", "parameter", *OF_MEASURES)
    asked = checked(MeanArguments, _some(given))
    values = number_column(data, asked.outcome, "outcome")
    number, groups = groups_of(data, asked.by)
    arrays = sort_sample(
        outcomes={asked.outcome: values},
        rank=values,
        rank_name=asked.outcome,
        columns=design_columns(data, asked),
        group=number,
        groups=groups,
    )
    samples = [group_sample(arrays, 0, g) for g in range(len(arrays.groups))]

    def estimate(g: int) -> tuple[float, FloatArray] | None:
        sample = samples[g]
        return (sample.mu, sample.outcome - sample.mu) if sample.n_people else None

    return influence_of_rows(samples, arrays.order, len(data), estimate), arrays.groups


def _of_index(data: pl.DataFrame, given: Mapping[str, Any]) -> tuple[FloatArray, Sequence[Group]]:
    statistic = given["statistic"]
    _refuse_others(given, statistic, *OF_MEASURES)
    if statistic not in NEEDS_PARAMETER:
        _refuse_others(given, statistic, "parameter")
    if given["rank_by"] is None:
        raise UsageError(f"rank_by: found none for '{statistic}'; expected a column that ranks. Name it.")
    named = {**_some(given, "rank_by", "bounds", "parameter"), "index": statistic}
    asked = checked(IndexArguments, named)
    if asked.bounds is None and is_boolean(data, asked.outcome):
        asked = asked.model_copy(update={"bounds": (0.0, 1.0)})
    asked.refuse_bounds(asked.index)
    asked.refuse_missing_parameter(asked.index)
    arrays = ranked_sample(data, asked, asked.bounds)
    return index_influence(arrays, asked.index, asked.bounds, asked.parameter, len(data)), arrays.groups


def _of_measure(data: pl.DataFrame, given: Mapping[str, Any]) -> tuple[FloatArray, Sequence[Group]]:
    statistic = given["statistic"]
    _refuse_others(given, statistic, "bounds", *([] if statistic in WITH_LINK else ["link"]))
    if statistic not in MEASURES_WITH_PARAMETER:
        _refuse_others(given, statistic, "parameter")
    names = ("rank_by", "group", "parameter", "ordered", "favourable", "reference", "link", "standardise")
    asked = checked(InequalityArguments, {**_some(given, *names), "measure": statistic})
    asked.refuse_measure()
    factor = None if asked.group is None else covariate(data, asked.group, None)
    if factor is not None and factor.codes is None:
        raise UsageError(f"group: found the number '{asked.group}'; expected a factor. Cast it to strings.")
    standard = standard_in(data, asked.standardise)
    number, groups = groups_of(data, asked.by)
    spec = asked.spec(DisparitySpec, measure=(asked.measure,), outcome=(asked.outcome,))
    arrays = disparity_sample(
        {asked.outcome: number_column(data, asked.outcome, "outcome")},
        factor,
        None if asked.rank_by is None else number_column(data, asked.rank_by, "rank_by"),
        design_columns(data, asked),
        number,
        groups,
        None if standard is None else standard.cell,
    )
    compared = compared_levels(spec, factor, arrays, None, standard)
    return disparity_influence(arrays, compared, spec, len(data)), arrays.groups


def _frame(statistic: str, values: FloatArray, groups: Sequence[Group]) -> pl.DataFrame:
    import polars as pl

    names = [statistic if len(groups) == 1 else f"{statistic}, {group.label}" for group in groups]
    return pl.DataFrame(dict(zip(names, values, strict=True))).fill_nan(None)
