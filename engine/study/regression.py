"""The analysis of numbers, counts and ordered categories by a regression: its fields and checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from engine.errors import Fault
from engine.study import analysis_checks as check
from engine.study.analysis_fields import AnalysisFields, Term
from engine.study.raw_tables import RawStudy, Table, as_names, is_factor

RegressionModel = Literal["linear", "poisson", "negative-binomial", "ordered-logit"]
OF_COUNTS = ("poisson", "negative-binomial")


def _constant(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Only a linear model of numbers can do without a constant: levels of a factor are told from it."""
    if analysis.get("constant") is not False:
        return
    if analysis.get("model") != "linear":
        found = f"false with model = '{analysis.get('model')}'"
        yield Fault(f"{path}.constant", found, "model = 'linear'", "Drop the key.")
        return
    for name in as_names(analysis.get("terms")):
        if name == "wave" or is_factor(study.variables.get(name, {})):
            found, remedy = f"false with the factor '{name}'", "Drop the key, or name numbers only."
            yield Fault(f"{path}.constant", found, "terms that are numbers", remedy)


def _outcome(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Counts and amounts are numbers, ordered outcomes factors; only counts have an exposure."""
    name, model = analysis.get("outcome"), analysis.get("model")
    variable = study.variables.get(name, {}) if isinstance(name, str) else {}
    if model == "ordered-logit" and variable and not is_factor(variable):
        remedy = f"Give variables.{name} levels or cut points, lowest first, or use model = 'linear'."
        yield Fault(f"{path}.outcome", f"the number '{name}'", "a factor with ordered levels", remedy)
    if model != "ordered-logit" and is_factor(variable) and not variable.get("event"):
        remedy = "Use model = 'ordered-logit', name a number, or give the variable an event."
        yield Fault(f"{path}.outcome", f"the factor '{name}'", "a number", remedy)
    exposure = analysis.get("exposure")
    if exposure is not None and model not in OF_COUNTS:
        remedy = "Drop it, or use model = 'poisson'."
        yield Fault(f"{path}.exposure", f"an exposure with model = '{model}'", "a model of counts", remedy)
    if isinstance(exposure, str) and is_factor(study.variables.get(exposure, {})):
        yield Fault(f"{path}.exposure", f"the factor '{exposure}'", "a number", "Name a time or a size.")


class RegressionSpec(AnalysisFields):
    """Regression of a number, a count or an ordered category: differences, rate ratios or odds ratios."""

    kind: Literal["regression"]
    outcome: Annotated[str, Field(description="A number or count; for ordered-logit a factor, lowest first")]
    model: Annotated[
        RegressionModel, Field(description="Differences of means, ratios of rates, or ratios of odds")
    ]
    terms: Annotated[
        tuple[Term, ...], Field(min_length=1, description="Variables, 'wave', and lists: their products")
    ]
    scores: Annotated[
        tuple[tuple[str, str], ...], Field(description="Products of level numbers, one coefficient each")
    ] = ()
    exposure: Annotated[
        str | None, Field(description="Time or people at risk behind each count, a number above 0")
    ] = None
    constant: Annotated[
        bool, Field(description="false: a linear model of numbers whose means are 0 where these are 0")
    ] = True
    covariance: Annotated[
        Literal["auto", "model", "robust", "cluster", "design"],
        Field(description="auto: that of the design, where the study has one"),
    ] = "auto"
    weighted: Annotated[bool, Field(description="false: as if the study had no weight")] = True

    checks = (
        check.outcome_is_no_term,
        check.products,
        _outcome,
        _constant,
        check.cluster_for_covariance,
        check.weighted_with_replicate_weights,
    )
    variables_in = (*AnalysisFields.variables_in, "exposure")
    terms_may_be_wave = True
    outcome_may_be_factor = True
