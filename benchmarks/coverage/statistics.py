"""The statistics with linearised errors: each function takes a survey and yields tidy rows."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.coverage.columns import Rows
from benchmarks.coverage.designs import Survey
from benchmarks.coverage.indices import curve, differences, indices, rates_and_means
from benchmarks.coverage.measures import along_the_rank, between_groups, between_people, payments
from benchmarks.coverage.regressions import decompositions, models, rif

FAMILIES: dict[str, Callable[[Survey], Rows]] = {
    "rates and means": rates_and_means,
    "concentration indices": indices,
    "differences between periods": differences,
    "concentration curve": curve,
    "disparity between groups": between_groups,
    "slopes along the rank": along_the_rank,
    "inequality between people": between_people,
    "payments": payments,
    "decomposition": decompositions,
    "models": models,
    "RIF regression": rif,
}
