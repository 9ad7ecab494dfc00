"""Rates, means, concentration indices and curves."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from scipy.special import stdtrit

from benchmarks.coverage.columns import LEVELS, NO_REPLICATES, Rows, factor, number, ranked, table
from benchmarks.coverage.designs import Survey
from engine.arrays import FloatArray
from engine.estimators.index.concentration import estimate_concentration
from engine.estimators.index.curve import estimate_curve
from engine.estimators.sample.design_variance import logit_limits
from engine.estimators.sample.group_sample import group_sample
from engine.estimators.sample.standard import standard_of
from engine.estimators.tables.rates import rates
from engine.results import TidyRow
from engine.study.analyses import ConcentrationSpec, RatesSpec
from engine.study.bootstrap import BootstrapSpec
from engine.study.standard import StandardSpec

INDICES = ("standard", "generalized", "extended", "generalized_extended", "symmetric")
BOUNDED = ("erreygers", "wagstaff", "modified")


def rates_and_means(survey: Survey) -> Rows:
    """Rates with each kind of interval, a mean, and a standardised rate."""
    arrays, event = table(survey), factor(survey, "ill")
    for interval in ("logit", "normal", "beta"):
        spec = RatesSpec(name="a", kind="rates", outcome=("ill",), interval=interval)
        for row in rates(arrays, event, None, spec):
            yield replace(row, method=f"linearised, {interval}")
    spec = RatesSpec(name="a", kind="rates", outcome=("visits",))
    yield from rates(arrays, number(survey, "visits"), None, spec)
    yield from rates(arrays, number(survey, "income"), None, spec)
    cells = [[sex, age, 1.0] for sex in LEVELS["sex"] for age in LEVELS["age group"]]
    standard = StandardSpec.model_validate({"by": ["sex", "age group"], "population": cells})
    of_cells = standard_of(standard, [factor(survey, "sex"), factor(survey, "age group")])
    spec = RatesSpec(name="a", kind="rates", outcome=("ill",), standardise=standard)
    for row in rates(arrays, event, None, spec, of_cells):
        yield replace(row, method="linearised, logit")


@cache
def concentration_spec(
    outcome: str, indices: tuple[str, ...], *, compare: bool = False, bootstrap: BootstrapSpec | None = None
) -> ConcentrationSpec:
    """Return an analysis of indices."""
    return ConcentrationSpec.model_validate(
        {
            "name": "a",
            "kind": "concentration",
            "outcome": outcome,
            "rank_by": "rank",
            "index": indices,
            "parameter": 3.0,
            "compare": compare,
            "bootstrap": bootstrap,
        }
    )


BOUNDS = {"ill": (0.0, 1.0), "visits": (0.0, np.inf)}


def indices(survey: Survey) -> Rows:
    """Concentration indices of every kind, of an event and of a count."""
    for outcome, names in (("ill", INDICES + BOUNDED), ("visits", (*INDICES, "modified"))):
        spec = concentration_spec(outcome, names)
        yield from estimate_concentration(ranked(survey, outcome), spec, BOUNDS, NO_REPLICATES).rows


def differences(survey: Survey) -> Rows:
    """Differences of indices between two periods."""
    for outcome, names in (("ill", ("erreygers",)), ("visits", ("standard",))):
        spec = concentration_spec(outcome, names, compare=True)
        arrays = ranked(survey, outcome, by_period=True)
        for row in estimate_concentration(arrays, spec, BOUNDS, NO_REPLICATES).rows:
            if row.measure == "difference":
                yield row


def curve(survey: Survey) -> Rows:
    """Ordinates of a concentration curve, with the limits at single points."""
    arrays = ranked(survey, "visits")
    points: FloatArray = np.array([0.2, 0.5, 0.8])
    found = estimate_curve(group_sample(arrays, 0, 0), arrays, points)
    critical = stdtrit(found.degrees, 0.975)
    for point, share, error in zip(points, found.ordinates, found.std_errors, strict=True):
        low, high = logit_limits(float(share), float(critical * error))
        yield TidyRow(
            outcome="visits",
            measure="concentration_curve",
            level=f"{point:g}",
            estimate=float(share),
            std_error=float(error),
            conf_low=low,
            conf_high=high,
            method="linearised",
        )
