"""The statistics with errors and intervals from replicates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from benchmarks.coverage.columns import Rows, ranked
from benchmarks.coverage.designs import Survey
from benchmarks.coverage.indices import BOUNDS, concentration_spec
from benchmarks.coverage.measures import disparity, disparity_spec, financing_spec, payments_of
from benchmarks.coverage.regressions import contributions, decomposition_spec, rif
from engine.estimators.index.concentration import estimate_concentration
from engine.estimators.replicates.settings import ReplicateSettings
from engine.results import TidyRow
from engine.study.bootstrap import BootstrapSpec

REPLICATES = 200
BY_QUANTILES = ("normal", "basic", "percentile")
Settings = ReplicateSettings
PAYMENTS = ("gini", "kakwani", "redistributive_effect", "headcount", "overshoot", "percentile_ratio")
CONTRIBUTIONS = ("contribution", "residual", "horizontal_inequity")


def bootstrap(*intervals: str) -> BootstrapSpec:
    """Return a bootstrap: Rao-Wu where there are strata or clusters, else of people."""
    return BootstrapSpec.model_validate({"replicates": REPLICATES, "interval": intervals})


JACKKNIFE = BootstrapSpec(method="jackknife", interval=("normal",))


def drawn(rows: Iterable[TidyRow]) -> Rows:
    """Yield the rows whose interval comes from replicates."""
    return (row for row in rows if row.n_replicates is not None)


def indices(survey: Survey, settings: Settings) -> Rows:
    """Two indices with every kind of interval."""
    is_paired = survey.columns.stratum is not None and survey.columns.cluster is not None
    kinds = (*BY_QUANTILES, "bca") if is_paired else (*BY_QUANTILES, "bca", "studentized")
    for outcome, index in (("ill", "erreygers"), ("visits", "standard")):
        arrays = ranked(survey, outcome)
        spec = concentration_spec(outcome, (index,), bootstrap=bootstrap(*kinds))
        yield from drawn(estimate_concentration(arrays, spec, BOUNDS, settings).rows)


def jackknifed(survey: Survey, settings: Settings) -> Rows:
    """Statistics by the jackknife."""
    for outcome, index in (("ill", "erreygers"), ("visits", "standard")):
        spec = concentration_spec(outcome, (index,), bootstrap=JACKKNIFE)
        yield from drawn(estimate_concentration(ranked(survey, outcome), spec, BOUNDS, settings).rows)
    yield from drawn(payments_of(survey, financing_spec(PAYMENTS, bootstrap=JACKKNIFE), settings))


def inequality(survey: Survey, settings: Settings) -> Rows:
    """Measures of disparity between groups, along the rank and between people."""
    made = bootstrap(*BY_QUANTILES)
    for keys in (
        {
            "outcome": "ill",
            "measure": ("difference", "mdmw", "bgv"),
            "group": "education",
            "favourable": False,
        },
        {"outcome": "ill", "measure": ("sii", "rii"), "rank_by": "rank", "favourable": False},
        {"outcome": "income", "measure": ("gini", "theil")},
    ):
        for row in drawn(disparity(survey, disparity_spec(made, **keys), settings=settings)):
            yield replace(row, term="linear") if "rank_by" in keys else row


def payments(survey: Survey, settings: Settings) -> Rows:
    """Measures of payments."""
    spec = financing_spec(PAYMENTS, bootstrap=bootstrap(*BY_QUANTILES))
    yield from drawn(payments_of(survey, spec, settings))


def decomposition(survey: Survey, settings: Settings) -> Rows:
    """Contributions of a linear model."""
    spec = decomposition_spec("visits", "linear", "standard", bootstrap=bootstrap(*BY_QUANTILES))
    for row in drawn(contributions(survey, spec, settings)):
        if row.measure in CONTRIBUTIONS:
            yield row


def rif_coefficients(survey: Survey, settings: Settings) -> Rows:
    """Coefficients of RIF regressions."""
    yield from drawn(rif(survey, bootstrap(*BY_QUANTILES), settings))


REPLICATED: dict[str, Callable[[Survey, Settings], Rows]] = {
    "indices, replicates": indices,
    "jackknife": jackknifed,
    "inequality, replicates": inequality,
    "payments, replicates": payments,
    "decomposition, replicates": decomposition,
    "RIF regression, replicates": rif_coefficients,
}

TRUTHS = {
    "indices, replicates": ("concentration indices",),
    "jackknife": ("concentration indices", "payments"),
    "inequality, replicates": (
        "disparity between groups",
        "slopes along the rank",
        "inequality between people",
    ),
    "payments, replicates": ("payments",),
    "decomposition, replicates": ("decomposition",),
    "RIF regression, replicates": ("RIF regression",),
}
"""Family -> those whose linearised estimators give its true values."""
