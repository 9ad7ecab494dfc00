"""The survey designs: how a sample is drawn from a population, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from benchmarks.coverage.population import PEOPLE, Population, population
from engine.arrays import DesignColumns, DesignFrame, FloatArray, IntArray
from engine.calibration import CalibrationCells, CalibrationColumns

Random = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The people of a sample, or of a whole population: their values (n,) by name, and the design columns."""

    values: Mapping[str, FloatArray]
    columns: DesignColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A survey design.

    Attributes
    ----------
    title, told
        Its short name, and how it draws people.
    people
        Makes the population.
    draw
        Draws a sample.
    rank
        The column that ranks people.
    domain
        Whether only people aged 65 and more count.
    """

    title: str
    told: str
    draw: Callable[[Population, Random], Survey]
    people: Callable[[], Population] = population
    rank: str = "income"
    domain: bool = False

    def truth(self) -> Survey:
        """Return the whole population."""
        people = of(self)
        return self._domain(Survey(values=people.values, columns=DesignColumns()))

    def sample(self, random: Random) -> Survey:
        """Draw a sample; people outside of the domain have no values, but their PSUs count."""
        return self._domain(self.draw(of(self), random))

    def _domain(self, survey: Survey) -> Survey:
        values = {**survey.values, "rank": survey.values[self.rank]}
        if self.domain:
            is_outside = values["age"] < 65.0
            values = {name: np.where(is_outside, np.nan, column) for name, column in values.items()}
        return replace(survey, values=values)


@cache
def _made(people: Callable[[], Population]) -> Population:
    return people()


def of(design: Design) -> Population:
    """Return the population of a design."""
    return _made(design.people)


def _rare() -> Population:
    return population(rate=0.02)


def _frequent() -> Population:
    return population(rate=0.95)


def _skewed() -> Population:
    return population(spread=1.5)


def _small_population() -> Population:
    """Return 70 PSUs of 20 people: 10 that are all drawn, and 60."""
    whole = population()
    kept = np.flatnonzero((whole.psu % 14 == 0) & (np.arange(whole.n) % PEOPLE < 20))[: 70 * 20]
    return whole.part(kept)


def _survey(
    people: Population,
    rows: IntArray,
    *,
    weight: FloatArray | None = None,
    stratum: IntArray | None = None,
    cluster: IntArray | None = None,
) -> Survey:
    values = {name: column[rows] for name, column in people.values.items()}
    return Survey(values=values, columns=DesignColumns(weight=weight, stratum=stratum, cluster=cluster))


def _simple(n: int) -> Callable[[Population, Random], Survey]:
    def draw(people: Population, random: Random) -> Survey:
        return _survey(people, random.choice(people.n, n, replace=False))

    return draw


def _unequal(people: Population, random: Random) -> Survey:
    """Draw 600 people with chances that depend on income, education and luck; the weights vary by 100 %."""
    poverty = -np.log(people.values["income"])
    luck = np.random.default_rng(1).standard_normal(people.n)
    size = np.exp(0.5 * (poverty - poverty.mean()) / poverty.std() + 0.65 * luck)
    chance = size / size.sum()
    rows = random.choice(people.n, 600, p=chance)
    return _survey(people, rows, weight=1.0 / (600 * chance[rows]))


def _strata(people: Population, random: Random) -> Survey:
    """Draw people in 5 strata, in some far more of them than in others."""
    region = people.stratum // 5
    drawn = [
        random.choice(np.flatnonzero(region == h), n, replace=False)
        for h, n in enumerate((40, 60, 100, 150, 250))
    ]
    rows = np.concatenate(drawn)
    sizes = np.bincount(region) / np.bincount(region[rows])
    return _survey(people, rows, weight=sizes[region[rows]], stratum=region[rows])


def _two_stages(chosen: IntArray, n_people: int, random: Random) -> IntArray:
    """Return the rows of people drawn in each of some PSUs."""
    drawn = random.random((len(chosen), PEOPLE)).argsort(axis=1)[:, :n_people]
    return (chosen[:, None] * PEOPLE + drawn).ravel()


def _psus(n_psus: int, n_people: int) -> Callable[[Population, Random], Survey]:
    """Draw PSUs with replacement, and people in each."""

    def draw(people: Population, random: Random) -> Survey:
        chosen = random.integers(0, people.n // PEOPLE, n_psus)
        cluster = np.repeat(np.arange(n_psus), n_people)
        return _survey(people, _two_stages(chosen, n_people, random), cluster=cluster)

    return draw


def _pairs(people: Population, random: Random) -> Survey:
    """Draw two PSUs of each of the 25 strata, with replacement, and 12 people in each."""
    n_strata = int(people.stratum.max()) + 1
    n_psus = people.n // PEOPLE // n_strata
    chosen = np.repeat(np.arange(n_strata), 2) * n_psus + random.integers(0, n_psus, 2 * n_strata)
    cluster = np.repeat(np.arange(2 * n_strata), 12)
    return _survey(people, _two_stages(chosen, 12, random), stratum=cluster // 2, cluster=cluster)


def _finite(people: Population, random: Random) -> Survey:
    """Draw 10 PSUs for certain and 30 of the other 60, with all of their 20 people."""
    order = np.concatenate([np.arange(10), 10 + random.choice(60, 30, replace=False)])
    rows = (order[:, None] * 20 + np.arange(20)).ravel()
    stratum = (np.arange(len(rows)) >= 200).astype(np.int64)
    survey = _survey(
        people,
        rows,
        weight=np.where(stratum == 0, 1.0, 2.0),
        stratum=stratum,
        cluster=np.repeat(np.arange(40), 20),
    )
    population_size = np.where(stratum == 0, 10.0, 60.0)
    return replace(survey, columns=replace(survey.columns, population=population_size))


def _calibrated(people: Population, random: Random) -> Survey:
    """Draw 60 PSUs of 10 people each and post-stratify them by sex and age."""
    survey = _psus(60, 10)(people, random)
    columns, n_cells = survey.columns, 6
    cell = _cell(survey.values)
    totals = np.bincount(_cell(people.values), minlength=n_cells).astype(np.float64)
    factor = totals / np.bincount(cell, minlength=n_cells)
    weight, cluster = factor[cell], columns.cluster
    assert cluster is not None
    keys, entry = np.unique(cluster * n_cells + cell, return_inverse=True)
    cells = CalibrationCells(x=np.eye(n_cells), totals=totals, factor=factor, is_raking=False)
    calibration = CalibrationColumns(
        cells=cells,
        cell=cell,
        frame_cell=keys % n_cells,
        frame_weight=np.bincount(entry, weights=weight).astype(np.float64),
    )
    frame = DesignFrame(stratum=None, cluster=keys // n_cells, rows=np.bincount(entry).astype(np.int64))
    return replace(survey, columns=replace(columns, weight=weight, frame=frame, calibration=calibration))


def _cell(values: Mapping[str, FloatArray]) -> IntArray:
    return (values["sex"] * 3 + np.digitize(values["age"], [40.0, 60.0])).astype(np.int64)


DESIGNS = {
    "simple": Design(title="simple", told="400 people", draw=_simple(400)),
    "small": Design(title="n = 100", told="100 people", draw=_simple(100)),
    "weights": Design(
        title="weights", told="600 people with unequal chances; the weights vary by 100 %", draw=_unequal
    ),
    "strata": Design(title="strata", told="600 people of 5 strata with unequal shares", draw=_strata),
    "pairs": Design(title="2 a stratum", told="two PSUs of each of 25 strata, 12 people each", draw=_pairs),
    "psus60": Design(title="60 PSUs", told="60 PSUs of 20 people each", draw=_psus(60, 20)),
    "psus30": Design(title="30 PSUs", told="30 PSUs of 20 people each", draw=_psus(30, 20)),
    "psus8": Design(title="8 PSUs", told="8 PSUs of 40 people each", draw=_psus(8, 40)),
    "finite": Design(
        title="finite",
        told="10 PSUs drawn for certain and 30 of 60 others, all of their 20 people; finite population "
        "correction",
        draw=_finite,
        people=_small_population,
    ),
    "calibrated": Design(
        title="calibrated", told="60 PSUs of 10 people each, post-stratified by sex and age", draw=_calibrated
    ),
    "domain": Design(
        title="domain",
        told="the people aged 65 and more among 40 PSUs of 30",
        draw=_psus(40, 30),
        domain=True,
    ),
    "ties": Design(
        title="ties", told="60 PSUs of 20 people each; the rank is a fifth", draw=_psus(60, 20), rank="fifth"
    ),
    "rare": Design(
        title="p = 0.02", told="60 PSUs of 20 people each; 2 % are ill", draw=_psus(60, 20), people=_rare
    ),
    "frequent": Design(
        title="p = 0.95", told="60 PSUs of 20 people each; 95 % are ill", draw=_psus(60, 20), people=_frequent
    ),
    "skewed": Design(
        title="skewed",
        told="60 PSUs of 20 people each; log income has the standard deviation 1.5, not 0.5",
        draw=_psus(60, 20),
        people=_skewed,
    ),
}
