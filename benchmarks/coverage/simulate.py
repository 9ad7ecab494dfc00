"""Draws samples of a design again and again, and counts which intervals hold the true value."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from benchmarks.coverage.designs import Design, Survey
from benchmarks.coverage.population import SEED
from benchmarks.coverage.replicated import REPLICATED, TRUTHS
from benchmarks.coverage.statistics import FAMILIES
from engine.errors import EstimationError
from engine.estimators.replicates.settings import ReplicateSettings
from engine.results import TidyRow

Estimator = Callable[[Survey, ReplicateSettings], Iterable[TidyRow]]
FAST = (
    "rates and means",
    "concentration indices",
    "differences between periods",
    "concentration curve",
    "RIF regression",
)
SAMPLES = {family: 2000 if family in FAST else 1000 for family in (*FAMILIES, *REPLICATED)}
"""How many samples of each design; the slower statistics have fewer."""


class Cell(NamedTuple):
    """A statistic with one kind of interval."""

    family: str
    statistic: str
    interval: str


@dataclass(slots=True)
class Counts:
    """What the samples of a design say of a cell.

    Attributes
    ----------
    samples, undefined
        How many samples, and in how many there is no interval.
    below, above
        In how many the true value lies below, and above the interval.
    estimates, variances
        Estimates and squared standard errors.
    """

    samples: int = 0
    undefined: int = 0
    below: int = 0
    above: int = 0
    estimates: list[float] = field(default_factory=list)
    variances: list[float] = field(default_factory=list)

    def add(self, row: TidyRow | None, truth: float) -> None:
        """Count a sample; `row` is None where it has no such statistic."""
        self.samples += 1
        if row is None or row.estimate is None or row.conf_low is None or row.conf_high is None:
            self.undefined += 1
            return
        rounding = 1e-12 * abs(truth)
        self.below += truth < row.conf_low - rounding
        self.above += truth > row.conf_high + rounding
        self.estimates.append(row.estimate)
        if row.std_error is not None:
            self.variances.append(row.std_error**2)

    @property
    def error_ratio(self) -> float:
        """The standard error over the spread of the estimates; NaN where nothing varies."""
        spread = float(np.std(self.estimates, ddof=1)) if len(self.estimates) > 1 else 0.0
        return math.sqrt(float(np.mean(self.variances))) / spread if self.variances and spread else math.nan


def estimators() -> dict[str, Estimator]:
    """Return every family of statistics as a function of a survey and of how replicates are made."""

    def linearised(family: str) -> Estimator:
        return lambda survey, _: FAMILIES[family](survey)

    return {**{family: linearised(family) for family in FAMILIES}, **REPLICATED}


def random_of(name: str, number: int) -> np.random.Generator:
    """Return the random numbers of a sample of a design, both by name and number."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode()), number])


def simulate(
    name: str, design: Design, samples: Mapping[str, int], progress: Callable[[str], None] = lambda _: None
) -> dict[Cell, Counts]:
    """Return the counts of every cell of a design; `samples` says how many samples each family gets."""
    families = {family: run for family, run in estimators().items() if samples.get(family)}
    if name == "finite":  # the bootstraps refuse a finite population correction
        families = {family: run for family, run in families.items() if not family.endswith("replicates")}
    truths = truths_of(design, families)
    counts: dict[Cell, Counts] = {}
    for number in range(max(samples[family] for family in families)):
        survey = design.sample(random_of(name, number))
        settings = ReplicateSettings(seed=number, threads=1)
        for family, run in families.items():
            if number < samples[family]:
                _count(counts, family, _rows(run, survey, settings), truths)
        if number % 100 == 99:
            progress(f"{name}: {number + 1} samples")
    return counts


def truths_of(design: Design, families: Iterable[str]) -> dict[str, float]:
    """Return the true value of every statistic, by the linearised estimators on the whole population."""
    survey = design.truth()
    linearised = dict.fromkeys(one for family in families for one in TRUTHS.get(family, (family,)))
    rows = [row for family in linearised for row in FAMILIES[family](survey)]
    return {
        statistic(row): row.estimate for row in rows if row.estimate is not None and row.conf_low is not None
    }


def statistic(row: TidyRow) -> str:
    """Return the name of what a row estimates.

    Examples
    --------
    >>> statistic(TidyRow(measure="extended", parameter=3.0, outcome="ill"))
    'extended 3 of ill'
    """
    parameter = None if row.parameter is None else f"{row.parameter:g}"
    term = None if row.term == "total" else row.term
    return " ".join(part for part in (row.measure, parameter, term, row.level, "of", row.outcome) if part)


def interval(row: TidyRow) -> str:
    """Return how the interval of a row is made.

    Examples
    --------
    >>> [interval(TidyRow(measure="rate", method=m)) for m in ("linear, linearised", "iid bootstrap, bca")]
    ['linearised', 'bootstrap, bca']
    """
    method = row.method or ""
    last = method.rpartition(", ")[2]
    if "jackknife" in method:
        return "jackknife"
    if "bootstrap" in method:
        return f"bootstrap, {last}"
    return last if method in ("linearised, logit", "linearised, normal", "linearised, beta") else "linearised"


def _rows(run: Estimator, survey: Survey, settings: ReplicateSettings) -> list[TidyRow]:
    """Return the rows of a sample, none where nothing can be estimated."""
    try:
        return list(run(survey, settings))
    except EstimationError:
        return []


def _count(counts: dict[Cell, Counts], family: str, rows: list[TidyRow], truths: Mapping[str, float]) -> None:
    """Add a sample of a family; what it lacks counts as undefined, from the first sample that had it."""
    found = {Cell(family, statistic(row), interval(row)): row for row in rows if statistic(row) in truths}
    for cell in {**found, **{cell: None for cell in counts if cell.family == family}}:
        counts.setdefault(cell, Counts()).add(found.get(cell), truths[cell.statistic])
