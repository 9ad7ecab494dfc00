"""The Python function of measures of disparity and inequality: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Unpack, overload

from pydantic import Field

from engine.api.arguments import OutcomeArguments, ReplicatedArguments, checked
from engine.api.frame_arrays import covariate, design_columns, groups_of, standard_in
from engine.api.frame_arrays import factor as factor_of
from engine.api.options import InequalityOptions
from engine.api.tables import StandardTable
from engine.arrays import Group
from engine.data.frame_reader import as_polars, number_column
from engine.errors import UsageError
from engine.estimators.disparity.compared import compared_levels, disparity_sample, level_places
from engine.estimators.disparity.estimate import estimate_disparity
from engine.estimators.replicates.pending_rows import Estimates, PendingRow
from engine.results import GroupedResult
from engine.results.inequality_result import InequalityResult, result_of_rows
from engine.study.disparity import DisparitySpec
from engine.study.disparity_measures import (
    NEEDS_PARAMETER,
    NEEDS_REFERENCE,
    LinkName,
    MeasureName,
    allowed_measures,
)


class MeasureArguments(OutcomeArguments):
    """The arguments of every function of measures."""

    measure: MeasureName
    group: str | None = None
    rank_by: str | None = None
    ordered: bool = True
    favourable: bool = True
    reference: str | None = None
    link: LinkName = "linear"
    decompose_by: str | None = None
    standardise: StandardTable = None
    parameter: Annotated[float | None, Field(ge=-10, le=10, strict=False)] = None

    def refuse_measure(self) -> None:
        """Refuse a measure without the groups, rank, reference or parameter that it needs."""
        if self.group is not None and self.rank_by is not None:
            raise UsageError("rank_by: found a rank beside group; expected one of the two. Drop one.")
        if self.decompose_by is not None and (self.group is not None or self.rank_by is not None):
            raise UsageError("decompose_by: found it beside group or rank_by; expected neither. Drop them.")
        allowed = allowed_measures(
            has_group=self.group is not None,
            has_rank=self.rank_by is not None,
            has_parts=self.decompose_by is not None,
        )
        if self.measure not in allowed:
            raise UsageError(
                f"measure: found '{self.measure}'; expected {', '.join(allowed)} here. "
                "Give group to compare levels, rank_by to rank people, neither to compare amounts."
            )
        if self.standardise is not None and self.group is None:
            raise UsageError("standardise: found it without group; expected group. Name the column.")
        if self.measure in NEEDS_REFERENCE and self.reference is None:
            raise UsageError(
                f"reference: found none for '{self.measure}'; expected a level of group. Name it."
            )
        if self.reference is not None and self.group is None:
            raise UsageError("reference: found a level without group; expected group. Name the column.")
        if self.measure in NEEDS_PARAMETER and self.parameter is None:
            raise UsageError(
                f"parameter: found none for '{self.measure}'; expected {NEEDS_PARAMETER[self.measure]}, such "
                "as 1."
            )


class InequalityArguments(MeasureArguments, ReplicatedArguments):
    """The arguments of `inequality`."""

    function = "inequality"

    rank_by: str | None = None  # type: ignore[assignment]  # a rank is optional here
    compare: bool = False

    def refuse_comparison_of_nothing(self) -> None:
        """Refuse a comparison without groups."""
        if self.compare and not self.by:
            raise UsageError("compare: found True without by; expected groups to compare. Give by.")


WHOLE_SAMPLE = Group()


@overload
def inequality(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    measure: MeasureName,
    rank_by: str | None = None,
    group: str | None = None,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: None = None,
    **options: Unpack[InequalityOptions],
) -> InequalityResult: ...


@overload
def inequality(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    measure: MeasureName,
    rank_by: str | None = None,
    group: str | None = None,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str],
    compare: bool = False,
    **options: Unpack[InequalityOptions],
) -> GroupedResult[InequalityResult]: ...


def inequality(
    frame: Any,
    outcome: str,
    measure: MeasureName,
    rank_by: str | None = None,
    group: str | None = None,
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    by: str | Sequence[str] | None = None,
    compare: bool = False,
    ordered: bool = True,
    favourable: bool = True,
    reference: str | None = None,
    link: LinkName = "linear",
    parameter: float | None = None,
    decompose_by: str | None = None,
    standardise: Mapping[str, object] | None = None,
    bootstrap: int = 0,
    method: str = "auto",
    interval: str | Sequence[str] = "percentile",
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: str = "fail",
    replicate_weights: Mapping[str, object] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> InequalityResult | GroupedResult[InequalityResult]:
    """Estimate a measure of disparity between groups, along a rank, or of an amount between people.

    Parameters
    ----------
    frame, outcome, weight, stratum, cluster, bootstrap, method, interval, conf_level, nested, single_psu,
    replicate_weights
        As in `concentration_index`; the intervals ``normal``, ``basic`` and ``percentile`` are possible.
    measure
        With `group`: ``difference``, ``ratio``, ``bgv``, ``bgsd``, ``cov``, ``mdbu``, ``mdbw``, ``mdmu``,
        ``mdmw``, ``mdru``, ``mdrw``, ``idisu``, ``idisw``, ``par``, ``paf``, ``aci``, ``rci``, ``sii``,
        ``rii``, ``theil``, ``mld``. With `rank_by`: ``aci``, ``rci``, ``sii``, ``rii``. With neither, of the
        outcome as an amount: ``gini``, ``theil``, ``mld``, ``ge``, ``atkinson``.
    rank_by
        Column that ranks people; ties share their mid-rank.
    group
        Column of a factor whose levels are compared, worst off first: in sorted or Enum order.
    by, compare
        Factors whose levels are groups with their own results; a column called ``wave`` is the wave. With
        `compare`, differences between these groups and a joint test.
    ordered
        False for levels without order: then the extremes are compared.
    favourable
        False if more of the outcome is worse.
    reference
        The level of `group` that others are compared with.
    link
        Of the model on the rank behind ``sii`` and ``rii``: ``linear``, ``logit`` or ``log``.
    parameter
        alpha of ``ge``, epsilon of ``atkinson``.
    decompose_by
        Column of a factor: ``.rows`` then also has the parts of ``theil``, ``mld`` or ``ge`` within and
        between its levels.
    standardise
        As in `rates`: the means of `group` are directly standardised.
    seed, threads
        As in `concentration_index`.

    Returns
    -------
    InequalityResult
        With ``.estimate``, ``.std_error``, ``.conf_low``, ``.conf_high`` and ``.status``.
        With `by` a GroupedResult: ``.groups`` has an InequalityResult for each group, ``.differences()`` what
        `compare` asks for.

    Raises
    ------
    UsageError
        For an unknown measure or option, or a missing group, reference or parameter.
    DataError
        For weights, ids or outcomes that cannot be used.
    EstimationError
        If no row has an outcome.

    Notes
    -----
    Rows without outcome, group or rank, and rows of weight 0, are left out. Shares of groups and ranks of
    people are estimated, and the standard errors count that. Theil and mean log deviation between groups are
    times 1,000, as WHO's programs print them. Definitions: WHO (2023), Health inequality monitoring;
    Wagstaff, Paci and van Doorslaer (1991); Shorrocks (1980); Atkinson (1970).

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"fifth": ["1", "2", "3", "4", "5"] * 2, "born_in_clinic": [0, 0, 1, 1, 1] * 2})
    >>> inequality(frame, "born_in_clinic", "difference", group="fifth").estimate
    1.0
    >>> amounts = pl.DataFrame({"income": [1, 2, 3, 10], "w": [2, 1, 3, 1]})
    >>> round(inequality(amounts, "income", "gini", weight="w").estimate, 4)
    0.3975
    """
    given = checked(InequalityArguments, locals())
    given.refuse_measure()
    given.refuse_too_few_replicates()
    given.refuse_comparison_of_nothing()
    spec = given.spec(DisparitySpec, measure=(measure,), outcome=(outcome,))
    data = as_polars(frame)
    factor = None if group is None else covariate(data, group, None)
    if factor is not None and factor.codes is None:
        raise UsageError(f"group: found the number '{group}'; expected a factor. Cast the column to strings.")
    parts = None if decompose_by is None else factor_of(data, decompose_by, "decompose_by")
    standard = standard_in(data, given.standardise)
    cells = None if standard is None else standard.cell
    if parts is not None:
        cells = level_places(parts)
    number, groups = groups_of(data, given.by)
    arrays = disparity_sample(
        {outcome: number_column(data, outcome, "outcome")},
        factor,
        None if rank_by is None else number_column(data, rank_by, "rank_by"),
        design_columns(data, given),
        number,
        groups,
        cells,
    )
    compared = compared_levels(spec, factor, arrays, parts, standard)
    estimates = estimate_disparity(arrays, compared, spec, given.replicate_settings)
    if not given.by:
        return _result(estimates)
    found = {one.label: _result(estimates, one) for one in groups}
    return GroupedResult(kind="disparity", groups=found, rows=estimates.rows)


def _result(estimates: Estimates, group: Group = WHOLE_SAMPLE) -> InequalityResult:
    """Return the result of a group: its rows, those of all of it first, and its replicates."""
    place = group.wave, group.subgroup
    pairs = zip(estimates.rows, estimates.entries, strict=True)
    own = [(row, entry) for row, entry in pairs if (row.wave, row.subgroup) == place]
    of_all = [(row, entry) for row, entry in own if not row.level]
    pending = [entry for _, entry in of_all if isinstance(entry, PendingRow)]
    result = result_of_rows(tuple(row for row, _ in of_all), pending[-1].values if pending else None)
    return replace(result, rows=tuple(row for row, _ in own))
