"""Finite populations with known values: people in sampling units (PSUs) in strata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from engine.arrays import FloatArray, IntArray

STRATA, PSUS, PEOPLE = 25, 40, 60
"""Strata, PSUs of each stratum, people of each PSU: 60,000 people."""
EDUCATION = ("1", "2", "3", "4", "5")
SEED = 20_261_128


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A population.

    Attributes
    ----------
    values
        Name -> (N,) values of its people.
    stratum, psu
        (N,) stratum and PSU of each person, sorted.
    """

    values: Mapping[str, FloatArray]
    stratum: IntArray
    psu: IntArray

    @property
    def n(self) -> int:
        """How many people it has."""
        return len(self.psu)

    def part(self, rows: IntArray) -> Population:
        """Return a population of some of its people."""
        values = {name: column[rows] for name, column in self.values.items()}
        return Population(values=values, stratum=self.stratum[rows], psu=self.psu[rows])


def population(*, rate: float = 0.2, spread: float = 0.5) -> Population:
    """Return a population in which a share `rate` is ill and log income has the standard deviation `spread`.

    Columns: ``income``; ``fifth`` of it (0 to 4); ``ill`` (0 or 1); ``visits`` (a count); ``severity`` (0, 1,
    2); ``payment``; ``age``; ``sex``, ``period`` (0 or 1); ``education`` (0 to 4); ``school`` (0, 1,
    2).
    """
    random = np.random.default_rng(SEED)
    psu = np.repeat(np.arange(STRATA * PSUS), PEOPLE)
    stratum = psu // PSUS
    n = len(psu)

    def shared(of_strata: float, of_psus: float) -> FloatArray:
        """Return a normal number (N,) of variance 1, of which strata and PSUs share some."""
        in_strata, in_psus = random.standard_normal(STRATA)[stratum], random.standard_normal(n // PEOPLE)[psu]
        rest = random.standard_normal(n)
        own = 1.0 - of_strata - of_psus
        mixed: FloatArray = np.sqrt(of_strata) * in_strata + np.sqrt(of_psus) * in_psus + np.sqrt(own) * rest
        return mixed

    wealth, health = shared(0.1, 0.2), shared(0.02, 0.08)
    age = np.floor(20.0 + 60.0 * ndtr(0.2 * wealth + np.sqrt(0.96) * random.standard_normal(n)))
    sex, period = (random.integers(0, 2, n).astype(np.float64) for _ in range(2))
    income = np.exp(9.0 + spread * wealth)
    risk = -0.45 * wealth + 0.03 * (age - 50.0) + 0.3 * sex + 1.2 * health + random.logistic(0.0, 1.0, n)
    ill = (risk > np.quantile(risk, 1.0 - rate)).astype(np.float64)
    expected = np.exp(0.1 + 0.25 * wealth + 0.6 * ill + 0.01 * (age - 50.0) + 0.2 * health)
    visits = random.poisson(expected * random.gamma(1.5, 1.0 / 1.5, n)).astype(np.float64)
    severity = np.digitize(risk, np.quantile(risk, [0.5, 0.8])).astype(np.float64)
    share = np.minimum(0.06 * np.exp(-0.2 * wealth) * (1.0 + ill) * random.gamma(0.7, 1.0 / 0.7, n), 0.9)
    learned = 0.6 * wealth + 0.8 * random.standard_normal(n)
    values = {
        "income": income,
        "fifth": _fifth(income),
        "ill": ill,
        "visits": visits,
        "severity": severity,
        "payment": share * income,
        "age": age,
        "sex": sex,
        "period": period,
        "education": _fifth(learned),
        "school": np.digitize(learned, np.quantile(learned, [0.4, 0.8])).astype(np.float64),
    }
    return Population(values=values, stratum=stratum, psu=psu)


def _fifth(values: FloatArray) -> FloatArray:
    fifth: FloatArray = np.digitize(values, np.quantile(values, [0.2, 0.4, 0.6, 0.8])).astype(np.float64)
    return fifth
