"""The Python function of payments and benefits: one frame, no study file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from engine.api.arguments import OutcomeArguments, Replicates, Threads, checked
from engine.api.frame_arrays import design_columns, groups_of
from engine.arrays import SinglePsu
from engine.data.frame_reader import as_polars, number_column
from engine.errors import UsageError
from engine.estimators.financing.columns import Amounts, financing_sample
from engine.estimators.financing.estimate import estimate_financing
from engine.estimators.replicates.settings import ReplicateSettings
from engine.results import TableResult
from engine.study import BootstrapSpec
from engine.study.base import as_tuple
from engine.study.bootstrap import ReplicateMethod, too_few_replicates
from engine.study.financing import FinancingSpec, HeadcountLimits, Percentile, Threshold, needs
from engine.study.financing_measures import FinancingMeasure

Amount = Annotated[float | None, Field(gt=0, strict=False)]
IntervalOfDraws = Literal["normal", "basic", "percentile"]


class FinancingArguments(OutcomeArguments):
    """The arguments of `financing`."""

    function = "financing"

    resources: str
    measure: Annotated[tuple[FinancingMeasure, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    capacity: str | None = None
    threshold: Annotated[tuple[Threshold, ...], BeforeValidator(as_tuple)] = ()
    poverty_line: Amount = None
    aversion: Annotated[float, Field(gt=1, le=100, strict=False)] = 2.0
    percentiles: Annotated[tuple[Percentile, ...], BeforeValidator(as_tuple), Field(min_length=1)] = (
        20.0,
        40.0,
        60.0,
        80.0,
    )
    ratio: tuple[Percentile, Percentile] = (90.0, 10.0)
    unit_cost: Amount = None
    fee: str | None = None
    limits: HeadcountLimits = "normal"
    compare: bool = False
    bootstrap: Replicates = 0
    method: ReplicateMethod = "auto"
    interval: Annotated[tuple[IntervalOfDraws, ...], BeforeValidator(as_tuple), Field(min_length=1)] = (
        "percentile",
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    threads: Threads = None

    def refuse_what_is_missing(self) -> None:
        """Refuse measures without threshold or line, a fee without cost, and too few replicates."""
        for field, name, example in needs(self.measure, self.threshold, self.poverty_line):
            raise UsageError(f"{field}: found none for '{name}'; expected a number. Give {field}={example}.")
        if self.fee is not None and self.unit_cost is None:
            raise UsageError("fee: found a fee without unit_cost; expected the cost of a unit. Give it.")
        fault = too_few_replicates("bootstrap", self.bootstrap, self.interval, self.conf_level)
        if fault is not None and self.method != "jackknife":
            raise UsageError(str(fault))

    def analysis(self) -> FinancingSpec:
        """Return the analysis."""
        made = BootstrapSpec(replicates=self.bootstrap, method=self.method, interval=self.interval)
        bootstrap = made if made.makes_replicates else None
        return self.spec(FinancingSpec, outcome=(self.outcome,), bootstrap=bootstrap)


def financing(
    frame: Any,  # noqa: ANN401 - any of four frame libraries
    outcome: str,
    resources: str,
    measure: FinancingMeasure | Sequence[FinancingMeasure],
    weight: str | None = None,
    stratum: str | None = None,
    cluster: str | None = None,
    *,
    capacity: str | None = None,
    threshold: float | Sequence[float] = (),
    poverty_line: float | None = None,
    aversion: float = 2.0,
    percentiles: Sequence[float] = (20.0, 40.0, 60.0, 80.0),
    ratio: tuple[float, float] = (90.0, 10.0),
    unit_cost: float | None = None,
    fee: str | None = None,
    limits: HeadcountLimits = "normal",
    by: str | Sequence[str] = (),
    compare: bool = False,
    bootstrap: int = 0,
    method: ReplicateMethod = "auto",
    interval: IntervalOfDraws | Sequence[IntervalOfDraws] = "percentile",
    conf_level: float = 0.95,
    nested: bool = False,
    single_psu: SinglePsu = "fail",
    replicate_weights: Mapping[str, object] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> TableResult:
    """Estimate measures of payments for health, or of benefits from services, by people's resources.

    Parameters
    ----------
    frame, weight, stratum, cluster, bootstrap, method, interval, conf_level, nested, single_psu,
    replicate_weights, seed, threads
        As in `concentration_index`; the intervals ``normal``, ``basic`` and ``percentile`` are possible.
    outcome
        Column of payments; with `unit_cost`, of how often people use a service.
    resources
        Column of income or consumption before payments, which also ranks people.
    measure
        One or several: ``gini``, ``gini_net``, ``concentration``, ``net_concentration``, ``payment_share``,
        ``kakwani``, ``reynolds_smolensky``, ``redistributive_effect``, ``reranking``; ``achievement``; with
        `threshold` ``headcount``, ``overshoot``, ``mean_positive_overshoot``, ``headcount_concentration``,
        ``overshoot_concentration``, ``weighted_headcount``, ``weighted_overshoot``; with `poverty_line`
        ``poverty_headcount``, ``poverty_gap``, each also with ``_net`` and ``_impact``, and
        ``normalised_gap_impact``; ``lorenz``, ``poorest_share``, ``richest_share``, ``interval_share`` at
        `percentiles`; ``percentile_ratio`` of resources.
    capacity
        Column of what catastrophic payments are a share of, such as non-food consumption; default: resources.
    threshold
        Shares of capacity above which payments are catastrophic.
    poverty_line
        In the unit of resources.
    aversion
        v of ``achievement``.
    percentiles
        Per cents of people, from the lowest resources.
    ratio
        The percentiles of ``percentile_ratio``.
    unit_cost, fee
        A person's benefit is `unit_cost` times the outcome less the column `fee`, and 0 at least.
    limits
        Of headcounts: ``normal``, ``logit`` (between 0 and 1) or ``beta`` (Korn and Graubard's exact limits).
    by, compare
        Factors whose levels are groups; with `compare`, differences between them.

    Returns
    -------
    TableResult
        With ``.table()`` and ``.to_frame()``; `level` holds the threshold or the percentile.

    Raises
    ------
    UsageError, DataError, EstimationError
        Each with place, finding, expectation and remedy.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"income": [10, 20, 30, 40], "paid": [4, 4, 3, 1]})
    >>> found = financing(frame, "paid", "income", ["kakwani", "headcount"], threshold=0.15)
    >>> found.table().select("measure", "level", pl.col("estimate").round(6)).rows()
    [('kakwani', None, -0.458333), ('headcount', '0.15', 0.5)]
    """
    given = checked(FinancingArguments, locals())
    given.refuse_what_is_missing()
    spec, data = given.analysis(), as_polars(frame)
    amounts = Amounts(
        outcomes={outcome: number_column(data, outcome, "outcome")},
        resources=number_column(data, resources, "resources"),
        capacity=None if capacity is None else number_column(data, capacity, "capacity"),
        fee=None if fee is None else number_column(data, fee, "fee"),
    )
    group, groups = groups_of(data, given.by)
    sample = financing_sample(amounts, spec, design_columns(data, given), group, groups)
    settings = ReplicateSettings(seed=given.seed, threads=given.threads)
    return TableResult(kind="financing", rows=estimate_financing(sample, spec, settings).rows)
