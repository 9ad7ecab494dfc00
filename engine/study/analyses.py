"""The kinds of analysis that a study can ask for: one class each, with its fields and checks, here or beside.

Schema, unknown keys, plan and the inputs of a night derive from the fields. How a kind is estimated and shown
stands in `engine.batch.kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from engine.study import analysis_checks as check
from engine.study.analysis_fields import AnalysisFields, Bounds, Parameter, Term
from engine.study.base import Names, as_tuple
from engine.study.bootstrap import BootstrapSpec
from engine.study.disparity import DisparitySpec
from engine.study.financing import FinancingSpec
from engine.study.indices import IndexName
from engine.study.regression import RegressionSpec
from engine.study.standard import StandardSpec, check_standard


class DescribeSpec(AnalysisFields):
    """Counts, percentages, means and missing values of variables, by wave and overall."""

    kind: Literal["describe"]
    variables: Annotated[Names | None, Field(description="Default: all of the study")] = None
    test: Annotated[
        bool, Field(description="Rao and Scott's test of each factor against the groups of by")
    ] = False

    checks = (check.groups_to_test,)


class RatesSpec(AnalysisFields):
    """An event's rate or a number's mean by the levels of factors, by wave and overall, with intervals."""

    kind: Literal["rates"]
    outcome: Annotated[Names, Field(min_length=1)]
    rows: Annotated[Names, Field(description="Factors whose levels make the rows")] = ()
    interval: Annotated[
        Literal["logit", "normal", "beta"],
        Field(description="beta: Korn and Graubard's exact limits; those of 0 and 100 % are always these"),
    ] = "logit"
    weighted: Annotated[bool, Field(description="false: as if the study had no weight")] = True

    standardise: Annotated[
        StandardSpec | None, Field(description="Direct standardisation by cells, such as age and sex")
    ] = None
    test: Annotated[
        bool, Field(description="Rao and Scott's test of the event against each factor of rows")
    ] = False

    checks = (check.weighted_with_replicate_weights, check_standard, check.rows_to_test)


class ConcentrationSpec(AnalysisFields):
    """Rank-dependent inequality indices."""

    kind: Literal["concentration"]
    outcome: Annotated[Names, Field(min_length=1)]
    rank_by: str
    index: Annotated[
        tuple[IndexName, ...],
        BeforeValidator(as_tuple, json_schema_input_type=IndexName | tuple[IndexName, ...]),
        Field(min_length=1),
    ] = ("standard",)
    bounds: Bounds = None
    parameter: Parameter = None
    compare: Annotated[bool, Field(description="Differences between groups and a joint test")] = False
    peer: Annotated[
        Literal["conindex"] | None, Field(description="Adds the standard errors that Stata's conindex prints")
    ] = None
    bootstrap: BootstrapSpec | None = None

    checks = (check.index, check.bootstrap)


class CurveSpec(AnalysisFields):
    """Concentration curve with bands; dominance against the diagonal and between groups."""

    kind: Literal["curve"]
    outcome: Annotated[Names, Field(min_length=1)]
    rank_by: str
    points: Annotated[int, Field(ge=4, le=100, description="Intervals of the curve")] = 20


ModelName = Literal["linear", "logit", "probit", "binomial-identity"]
EffectName = Literal["average", "at-means", "discrete"]
DecomposableIndex = Literal["standard", "generalized", "erreygers", "wagstaff", "modified"]


class DecompositionSpec(AnalysisFields):
    """Contributions of covariates to an index, and horizontal inequity."""

    kind: Literal["decomposition"]
    outcome: str
    rank_by: str
    terms: Annotated[Names, Field(min_length=1, description="Covariates of the model")]
    need: Annotated[Names, Field(description="The terms that stand for need")] = ()
    model: ModelName = "linear"
    effect: Annotated[EffectName, Field(description="Marginal effect of a logit or probit")] = "average"
    index: DecomposableIndex = "standard"
    bounds: Bounds = None
    change: Annotated[
        bool, Field(description="Splits the change between groups: elasticities, or inequality of covariates")
    ] = False
    bootstrap: BootstrapSpec | None = None

    checks = (check.need, check.outcome_is_no_term, check.index, check.bootstrap, check.no_influence)


def _points(value: object) -> object:
    is_odd = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 101 and value % 2 == 1
    if value != "auto" and not is_odd:
        raise ValueError("should be 'auto' or an odd number from 1 to 101, such as 7")
    return value


QuadraturePoints = Annotated[Literal["auto"] | Annotated[int, Field(ge=1, le=101)], BeforeValidator(_points)]


class LogitSpec(AnalysisFields):
    """Odds ratios of an event, crude and adjusted, with prevalence ratios and marginal effects."""

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

    checks = (
        check.outcome_is_no_term,
        check.products,
        check.outcome_is_event,
        check.cluster_for_covariance,
        check.weighted_with_replicate_weights,
    )
    terms_may_be_wave = True


class RifSpec(AnalysisFields):
    """Regression of the recentered influence function of an index: what moves with inequality."""

    kind: Literal["rif"]
    outcome: str
    rank_by: str
    terms: Annotated[tuple[Term, ...], Field(min_length=1, description="Covariates and their products")]
    index: IndexName = "standard"
    bounds: Bounds = None
    parameter: Parameter = None
    bootstrap: BootstrapSpec | None = None

    checks = (check.outcome_is_no_term, check.products, check.index, check.bootstrap, check.no_influence)


LevelScaling = Literal["cluster-size", "effective-size", "unscaled"]
"""What the weights of the people of one innermost cluster add up to."""


class MultilevelSpec(AnalysisFields):
    """Logit or linear model with random intercepts of clusters, of clusters in clusters."""

    kind: Literal["multilevel"]
    outcome: Annotated[str, Field(description="An event; for the linear model a number")]
    model: Annotated[
        Literal["logit", "linear"], Field(description="logit: odds ratios; linear: differences of means")
    ] = "logit"
    terms: Annotated[tuple[Term, ...], Field(description="Variables and products; none: the null model")] = ()
    levels: Annotated[
        Names, Field(min_length=1, max_length=2, description="Of design.levels, innermost first")
    ]
    points: Annotated[
        QuadraturePoints,
        Field(description="Quadrature points of each level: auto (as many as needed) or odd; 1: Laplace"),
    ] = "auto"
    weights: Annotated[
        Literal["none", "cluster-size", "effective-size", "unscaled"],
        Field(
            description="Those of people, scaled to the (effective) size of each innermost cluster or as "
            "they are, and those of design.level_weights"
        ),
    ] = "none"
    modes: Annotated[bool, Field(description="Each cluster's effect with its error, without its id")] = False

    checks = (
        check.outcome_is_no_term,
        check.products,
        check.outcome_of_multilevel,
        check.levels,
        check.weight_for_weights,
        check.no_replicate_weights,
    )
    terms_may_be_wave = True


AnalysisSpec = Annotated[
    DescribeSpec
    | RatesSpec
    | ConcentrationSpec
    | CurveSpec
    | DecompositionSpec
    | LogitSpec
    | RegressionSpec
    | MultilevelSpec
    | RifSpec
    | DisparitySpec
    | FinancingSpec,
    Field(discriminator="kind"),
]


def _classes() -> Iterable[type[AnalysisFields]]:
    union = get_args(AnalysisSpec)[0]
    return get_args(union)


ANALYSES: dict[str, type[AnalysisFields]] = {
    get_args(spec.model_fields["kind"].annotation)[0]: spec for spec in _classes()
}
"""Kind -> its class, in the order in which messages list them."""


def bootstrap_of(analysis: AnalysisSpec) -> BootstrapSpec | None:
    """Return how an analysis makes replicates, None where it makes none."""
    bootstrap: BootstrapSpec | None = getattr(analysis, "bootstrap", None)
    return bootstrap if bootstrap is not None and bootstrap.makes_replicates else None
