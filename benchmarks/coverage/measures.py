"""Measures of disparity, of inequality between people, and of payments."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from benchmarks.coverage.columns import NO_REPLICATES, ONE, Rows, factor
from benchmarks.coverage.designs import Survey
from engine.arrays import VariableArrays
from engine.estimators.disparity.compared import compared_levels, disparity_sample, level_places
from engine.estimators.disparity.estimate import estimate_disparity
from engine.estimators.financing.columns import Amounts, financing_sample
from engine.estimators.financing.estimate import estimate_financing
from engine.estimators.replicates.settings import ReplicateSettings
from engine.study.bootstrap import BootstrapSpec
from engine.study.disparity import DisparitySpec
from engine.study.financing import FinancingSpec


@cache
def disparity_spec(bootstrap: BootstrapSpec | None = None, **keys: object) -> DisparitySpec:
    """Return an analysis of disparity."""
    return DisparitySpec.model_validate({"name": "a", "kind": "disparity", "bootstrap": bootstrap, **keys})


OF_GROUPS = (
    *("difference", "ratio", "bgv", "bgsd", "cov", "mdbu", "mdbw", "mdmu", "mdmw", "mdru", "mdrw", "idisu"),
    *("idisw", "par", "paf", "aci", "rci", "sii", "rii", "theil", "mld"),
)


def disparity(
    survey: Survey,
    spec: DisparitySpec,
    parts: VariableArrays | None = None,
    settings: ReplicateSettings = NO_REPLICATES,
) -> Rows:
    """Measures of disparity of an analysis."""
    (outcome,) = spec.outcome
    compared = None if spec.group is None else factor(survey, spec.group)
    values = survey.values[outcome]
    arrays = disparity_sample(
        {outcome: values},
        compared,
        None if spec.rank_by is None else survey.values[spec.rank_by],
        survey.columns,
        np.where(np.isnan(values), -1, 0),
        ONE,
        None if parts is None else level_places(parts),
    )
    levels = compared_levels(spec, compared, arrays, parts)
    yield from estimate_disparity(arrays, levels, spec, settings).rows


def between_groups(survey: Survey) -> Rows:
    """Every measure of disparity between five groups."""
    keys = {
        "outcome": "ill",
        "measure": OF_GROUPS,
        "group": "education",
        "favourable": False,
        "reference": "5",
    }
    yield from disparity(survey, disparity_spec(**keys))


def along_the_rank(survey: Survey) -> Rows:
    """Slope indices of each model along the rank."""
    for link in ("linear", "logit", "log"):
        keys = {
            "outcome": "ill",
            "measure": ("sii", "rii"),
            "rank_by": "rank",
            "link": link,
            "favourable": False,
        }
        for row in disparity(survey, disparity_spec(**keys)):
            yield replace(row, term=link)


def between_people(survey: Survey) -> Rows:
    """Inequality of income between people, and its parts within and between groups."""
    for measures, parameter in (
        (("gini", "theil", "mld"), None),
        (("ge",), 2.0),
        (("ge",), -1.0),
        (("atkinson",), 0.5),
        (("atkinson",), 1.0),
    ):
        yield from disparity(survey, disparity_spec(outcome="income", measure=measures, parameter=parameter))
    spec = disparity_spec(outcome="income", measure=("theil",), decompose_by="education")
    for row in disparity(survey, spec, factor(survey, "education")):
        if row.level:
            yield row


FINANCING = (
    *("gini", "gini_net", "concentration", "net_concentration", "payment_share", "kakwani"),
    *("reynolds_smolensky", "redistributive_effect", "reranking", "headcount", "overshoot"),
    *("mean_positive_overshoot", "headcount_concentration", "overshoot_concentration", "weighted_headcount"),
    *("weighted_overshoot", "achievement", "poverty_headcount", "poverty_headcount_net"),
    *("poverty_headcount_impact", "poverty_gap", "poverty_gap_net", "poverty_gap_impact"),
    *(
        "normalised_gap_impact",
        "lorenz",
        "poorest_share",
        "richest_share",
        "interval_share",
        "percentile_ratio",
    ),
)


@cache
def financing_spec(
    measures: tuple[str, ...] = FINANCING, limits: str = "normal", bootstrap: BootstrapSpec | None = None
) -> FinancingSpec:
    """Return an analysis of payments."""
    return FinancingSpec.model_validate(
        {
            "name": "a",
            "kind": "financing",
            "outcome": "payment",
            "resources": "rank",
            "measure": measures,
            "threshold": 0.2,
            "poverty_line": 5000.0,
            "percentiles": (20.0, 80.0),
            "limits": limits,
            "bootstrap": bootstrap,
        }
    )


def payments_of(survey: Survey, spec: FinancingSpec, settings: ReplicateSettings = NO_REPLICATES) -> Rows:
    """Measures of payments of an analysis."""
    values = survey.values
    amounts = Amounts(outcomes={"payment": values["payment"]}, resources=values["income"])
    group = np.where(np.isnan(values["income"]), -1, 0)
    sample = financing_sample(amounts, spec, survey.columns, group, ONE)
    yield from estimate_financing(sample, spec, settings).rows


def payments(survey: Survey) -> Rows:
    """Every measure of payments, and headcounts with each kind of limits."""
    yield from payments_of(survey, financing_spec())
    for limits in ("logit", "beta"):
        for row in payments_of(survey, financing_spec(("headcount",), limits)):
            yield replace(row, method=f"linearised, {limits}")
