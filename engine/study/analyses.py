"""The analyses a study can ask for, told apart by `kind`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from engine.study.base import Names, Spec, as_tuple

IndexName = Literal[
    "standard",
    "generalized",
    "erreygers",
    "wagstaff",
    "modified",
    "extended",
    "generalized_extended",
    "symmetric",
    "generalized_symmetric",
]
NEEDS_BOUNDS = ("erreygers", "wagstaff", "modified")
NEEDS_PARAMETER = ("extended", "generalized_extended", "symmetric", "generalized_symmetric")

ReplicateMethod = Literal["auto", "iid", "cluster", "rao-wu", "poisson", "replicate-weights", "jackknife"]
IntervalName = Literal["normal", "basic", "percentile", "bca", "studentized"]


def least_replicates(intervals: Iterable[str], conf_level: float) -> int:
    """Return how many replicates intervals need at least: (b + 1) times a tail is one replicate.

    Examples
    --------
    >>> least_replicates(["percentile", "normal"], 0.95), least_replicates(["normal"], 0.95)
    (39, 20)
    """
    return 20 if {*intervals} <= {"normal"} else round(2.0 / (1.0 - conf_level)) - 1


class BootstrapSpec(Spec):
    """Replicates behind an analysis.

    `auto` takes the study's replicate weights, else the Rao-Wu bootstrap where there are strata or clusters,
    else the ordinary bootstrap.
    """

    replicates: Annotated[int, Field(ge=0, le=1_000_000)] = 2000
    method: ReplicateMethod = "auto"
    interval: Annotated[
        tuple[IntervalName, ...],
        BeforeValidator(as_tuple, json_schema_input_type=IntervalName | tuple[IntervalName, ...]),
        Field(min_length=1, description="One, or several from the same replicates"),
    ] = ("percentile",)
    route: Annotated[
        Literal["auto", "rows", "cells"],
        Field(description="How rows are drawn: one by one, or those alike together; auto takes the cheaper"),
    ] = "auto"


def _wave_names(value: object) -> object:
    """Accept one wave where several are allowed, and years as numbers."""
    if value in ("all", "each"):
        return value
    names = as_tuple(value)
    return (
        tuple(str(name) if isinstance(name, int) else name for name in names)
        if isinstance(names, tuple)
        else names
    )


class _Analysis(Spec):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    waves: Annotated[
        Literal["all", "each"] | Annotated[tuple[str, ...], Field(min_length=1)],
        BeforeValidator(_wave_names, json_schema_input_type=str | int | tuple[str | int, ...]),
        Field(
            description="all; each: every wave as if it were alone; or a list: these as if there were no others"
        ),
    ] = "all"
    by: Annotated[Names, Field(description="Factors, or 'wave'")] = ()
    conf_level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95


class DescribeSpec(_Analysis):
    """Counts, percentages, means and missing values of variables, by wave and overall."""

    kind: Literal["describe"]
    variables: Annotated[Names | None, Field(description="Default: all of the study")] = None


class RatesSpec(_Analysis):
    """An event's rate by the levels of factors, by wave and overall, with design-based intervals."""

    kind: Literal["rates"]
    outcome: Annotated[Names, Field(min_length=1)]
    rows: Annotated[Names, Field(description="Factors whose levels make the rows")] = ()
    interval: Literal["logit", "normal"] = "logit"
    weighted: Annotated[bool, Field(description="false: as if the study had no weight")] = True


class ConcentrationSpec(_Analysis):
    """Rank-dependent inequality indices."""

    kind: Literal["concentration"]
    outcome: Annotated[Names, Field(min_length=1)]
    rank_by: str
    index: Annotated[
        tuple[IndexName, ...],
        BeforeValidator(as_tuple, json_schema_input_type=IndexName | tuple[IndexName, ...]),
        Field(min_length=1),
    ] = ("standard",)
    bounds: Annotated[tuple[float, float] | None, Field(description="Default: the variable's own")] = None
    parameter: Annotated[
        float | None, Field(gt=1, le=100, description="v of the extended, beta of the symmetric index")
    ] = None
    compare: Annotated[bool, Field(description="Differences between groups and a joint test")] = False
    peer: Annotated[
        Literal["conindex"] | None, Field(description="Beside ours, what Stata's conindex prints")
    ] = None
    bootstrap: BootstrapSpec | None = None


class CurveSpec(_Analysis):
    """Concentration curve with bands; dominance against the diagonal and between groups."""

    kind: Literal["curve"]
    outcome: Annotated[Names, Field(min_length=1)]
    rank_by: str
    points: Annotated[int, Field(ge=4, le=100, description="Intervals of the curve")] = 20


class DecompositionSpec(_Analysis):
    """Contributions of covariates to an index, and horizontal inequity."""

    kind: Literal["decomposition"]
    outcome: str
    rank_by: str
    terms: Annotated[Names, Field(min_length=1, description="Covariates of the model")]
    need: Annotated[Names, Field(description="Those of them that stand for need")] = ()
    model: Literal["linear", "logit", "probit", "binomial-identity"] = "linear"
    effect: Annotated[
        Literal["average", "at-means", "discrete"], Field(description="Marginal effect of a logit or probit")
    ] = "average"
    index: Literal["standard", "generalized", "erreygers", "wagstaff", "modified"] = "standard"
    bounds: Annotated[tuple[float, float] | None, Field(description="Default: the variable's own")] = None
    change: Annotated[bool, Field(description="What moved between groups: elasticities or inequality")] = (
        False
    )
    bootstrap: BootstrapSpec | None = None


def _odd(points: int) -> int:
    if points % 2 == 0:
        raise ValueError("should be an odd number, such as 7")
    return points


Points = Annotated[int, Field(ge=1, le=101), AfterValidator(_odd)]
Term = str | tuple[str, ...]
"""A variable, or several whose product is meant."""


class LogitSpec(_Analysis):
    """Odds ratios of an event, crude and adjusted, with prevalence ratios and marginal effects beside them."""

    kind: Literal["logit"]
    outcome: str
    terms: Annotated[
        tuple[Term, ...], Field(min_length=1, description="Variables, 'wave', and lists: their products")
    ]
    scores: Annotated[
        tuple[tuple[str, str], ...], Field(description="Products of level numbers, one coefficient each")
    ] = ()
    crude: Annotated[
        bool, Field(description="Odds ratios of each variable alone, on its own complete rows")
    ] = True
    covariance: Annotated[
        Literal["auto", "model", "robust", "cluster", "design"],
        Field(description="auto: that of the design, where the study has one"),
    ] = "auto"
    weighted: Annotated[bool, Field(description="false: as if the study had no weight")] = True


class RifSpec(_Analysis):
    """Regression of the recentered influence function of an index: what moves with inequality."""

    kind: Literal["rif"]
    outcome: str
    rank_by: str
    terms: Annotated[tuple[Term, ...], Field(min_length=1, description="Covariates and their products")]
    index: IndexName = "standard"
    bounds: Annotated[tuple[float, float] | None, Field(description="Default: the variable's own")] = None
    parameter: Annotated[
        float | None, Field(gt=1, le=100, description="v of the extended, beta of the symmetric index")
    ] = None


class MultilevelSpec(_Analysis):
    """Logit with random intercepts of clusters, of clusters in clusters."""

    kind: Literal["multilevel"]
    outcome: str
    terms: Annotated[tuple[Term, ...], Field(description="Variables and products; none: the null model")] = ()
    levels: Annotated[
        Names, Field(min_length=1, max_length=2, description="Of design.levels, innermost first")
    ]
    points: Annotated[Points, Field(description="Quadrature points a level, an odd number; 1: Laplace")] = 7
    weights: Annotated[
        Literal["none", "cluster-size"],
        Field(description="cluster-size: the study's weights, scaled to the size of each innermost cluster"),
    ] = "none"
    modes: Annotated[bool, Field(description="Each cluster's effect with its error, without its id")] = False


AnalysisSpec = Annotated[
    DescribeSpec
    | RatesSpec
    | ConcentrationSpec
    | CurveSpec
    | DecompositionSpec
    | LogitSpec
    | MultilevelSpec
    | RifSpec,
    Field(discriminator="kind"),
]
REPLICATED = (ConcentrationSpec, DecompositionSpec)
