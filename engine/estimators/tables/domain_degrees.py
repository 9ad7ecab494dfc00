"""Degrees of freedom of many domains at once, from the rows of a table or of a group."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engine.arrays import DesignArrays, IntArray, ReplicateWeights, UnitArray
from engine.estimators.sample.calibrated_parts import sampling_design, sampling_unit_of
from engine.estimators.sample.degrees import replicate_degrees
from engine.kernels.survey import domains as kernels


class CountedRows(Protocol):
    """Rows of a table or of a group, as far as their degrees of freedom go."""

    @property
    def design(self) -> DesignArrays:
        """The design."""

    @property
    def unit(self) -> UnitArray:
        """(n,) the sampling unit of each row."""

    @property
    def count(self) -> IntArray:
        """(n,) how many people each row stands for."""

    @property
    def replicate_weights(self) -> ReplicateWeights | None:
        """Replicate weights of the rows; None without any."""


def domain_degrees(rows: CountedRows, domain: UnitArray, n_domains: int) -> IntArray:
    """Return the degrees of freedom of each domain (m,), see `degrees_of_freedom`."""
    design, given = rows.design, rows.replicate_weights
    if given is not None:
        of_domains = (np.flatnonzero(domain == d) for d in range(n_domains))
        return np.array([replicate_degrees(given.values[:, of_domain]) for of_domain in of_domains], np.int64)
    if design.has_clusters:
        units, strata = units_and_strata(rows, domain, n_domains)
        return units - strata
    inside = domain >= 0
    stratum = design.stratum_of_unit[rows.unit[inside]]
    n_strata = len(design.stratum_end)
    place = domain[inside] * n_strata + stratum
    people = np.bincount(place, rows.count[inside], minlength=n_domains * n_strata)
    by_stratum = people.astype(np.int64).reshape(n_domains, n_strata)
    degrees: IntArray = by_stratum.sum(axis=1) - (by_stratum > 0).sum(axis=1)
    return degrees


def units_and_strata(rows: CountedRows, domain: UnitArray, n_domains: int) -> tuple[IntArray, IntArray]:
    """Return how many sampling units and strata have rows in each domain: (m,) each."""
    unit = sampling_unit_of(rows.unit, rows.design)
    return kernels.domain_units(domain, n_domains, unit, sampling_design(rows.design).stratum_of_unit)
