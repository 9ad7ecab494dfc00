"""Decompositions, models and RIF regressions."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from benchmarks.coverage.columns import NO_REPLICATES, TERMS, Rows, factor, number, ranked, table, terms
from benchmarks.coverage.designs import Survey
from engine.estimators.decomposition.estimate import estimate_decomposition
from engine.estimators.models.rows import estimate_regression
from engine.estimators.regression.logit_rows import estimate_logit
from engine.estimators.regression.rif import estimate_rif
from engine.estimators.replicates.settings import ReplicateSettings
from engine.study.analyses import DecompositionSpec, LogitSpec, RifSpec
from engine.study.bootstrap import BootstrapSpec
from engine.study.regression import RegressionSpec


@cache
def decomposition_spec(
    outcome: str, model: str, index: str, *, change: bool = False, bootstrap: BootstrapSpec | None = None
) -> DecompositionSpec:
    """Return an analysis of contributions."""
    return DecompositionSpec.model_validate(
        {
            "name": "a",
            "kind": "decomposition",
            "outcome": outcome,
            "rank_by": "rank",
            "terms": TERMS,
            "need": ("age", "sex"),
            "model": model,
            "index": index,
            "change": change,
            "bootstrap": bootstrap,
        }
    )


def contributions(
    survey: Survey, spec: DecompositionSpec, settings: ReplicateSettings = NO_REPLICATES
) -> Rows:
    """Contributions of an analysis."""
    of = tuple(terms(survey).values())
    arrays = ranked(survey, spec.outcome, by_period=spec.change, of=of)
    bounds = None if spec.outcome == "visits" else (0.0, 1.0)
    yield from estimate_decomposition(arrays, of, spec, bounds, settings).rows


DECOMPOSED = (
    *("effect", "elasticity", "concentration_index", "contribution", "share", "residual"),
    *(
        "horizontal_inequity",
        "inequality_effect",
        "elasticity_effect",
        "contribution_change",
        "residual_change",
    ),
)


def decompositions(survey: Survey) -> Rows:
    """Contributions and horizontal inequity by a linear model and by a logit, and their change."""
    for spec in (
        decomposition_spec("visits", "linear", "standard"),
        decomposition_spec("ill", "logit", "erreygers"),
        decomposition_spec("visits", "linear", "standard", change=True),
    ):
        for row in contributions(survey, spec):
            is_whole = not spec.change or row.wave is None
            if is_whole and row.measure in DECOMPOSED and "first elasticity" not in str(row.method):
                yield row


def models(survey: Survey) -> Rows:
    """Coefficients of logits and regressions."""
    # The ratios of odds and of rates have the limits of coefficients.
    return (row for row in _models(survey) if not row.measure.endswith(("odds_ratio", "rate_ratio")))


def _models(survey: Survey) -> Rows:
    arrays, of = table(survey), terms(survey)
    spec = LogitSpec(name="a", kind="logit", outcome="ill", terms=TERMS, crude=False, covariance="design")
    yield from estimate_logit(arrays, factor(survey, "ill"), of, spec)
    for model, outcome in (("linear", "visits"), ("poisson", "visits"), ("negative-binomial", "visits")):
        regression = RegressionSpec.model_validate(
            {
                "name": "a",
                "kind": "regression",
                "outcome": outcome,
                "model": model,
                "terms": TERMS,
                "covariance": "design",
            }
        )
        for row in estimate_regression(arrays, number(survey, outcome), of, regression):
            yield replace(row, term=f"{model}: {row.term}")
    regression = RegressionSpec(
        name="a",
        kind="regression",
        outcome="severity",
        model="ordered-logit",
        terms=TERMS,
        covariance="design",
    )
    yield from estimate_regression(arrays, factor(survey, "severity"), of, regression)


def rif(
    survey: Survey, bootstrap: BootstrapSpec | None = None, settings: ReplicateSettings = NO_REPLICATES
) -> Rows:
    """Coefficients of RIF regressions."""
    of = terms(survey)
    arrays = ranked(survey, "visits", of=tuple(of.values()))
    spec = RifSpec(name="a", kind="rif", outcome="visits", rank_by="rank", terms=TERMS, bootstrap=bootstrap)
    for row in estimate_rif(arrays, of, spec, None, settings).rows:
        if row.measure == "rif_coefficient":
            yield row
