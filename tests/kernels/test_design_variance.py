"""The design variance against its formula in numpy: finite populations, single units, few units of many."""

import numpy as np
import pytest

from engine.kernels.survey.design_variance import (
    add_unit_totals,
    cubed_and_squared,
    design_covariance,
    sparse_covariance,
)

END = np.array([3, 4, 9, 11])  # 3, 1, 5 and 2 units
STRATUM = np.repeat(np.arange(4), [3, 1, 5, 2])
TOTALS = np.random.default_rng(8).normal(1.0, 2.0, (2, 11))


def formula(totals, population, centre_single):
    covariance = np.zeros((2, 2))
    for h in range(4):
        u = totals[:, h == STRATUM]
        n = u.shape[1]
        if n > 1:
            d = u - u.mean(axis=1, keepdims=True)
            covariance += (1 - n / population[h]) * n / (n - 1) * d @ d.T
        elif centre_single:
            covariance += (1 - n / population[h]) * u @ u.T
    return covariance


@pytest.mark.parametrize("centre_single", [False, True])
@pytest.mark.parametrize("population", [[np.inf] * 4, [7.0, 5.0, 12.5, 2.0]])
@pytest.mark.parametrize("units", [range(11), [0, 2, 3, 5, 8, 9], [4], [3]])
def test_covariances__are_those_of_the_formula(units, population, centre_single):
    units, population = np.array(units), np.array(population)
    totals = np.zeros_like(TOTALS)
    totals[:, units] = TOTALS[:, units]
    expected = pytest.approx(formula(totals, population, centre_single), rel=1e-13, abs=1e-15)
    assert design_covariance(totals, END, population, centre_single=centre_single) == expected
    few = np.ascontiguousarray(TOTALS[:, units])
    found = sparse_covariance(units, few, STRATUM, END, population, centre_single=centre_single)
    assert found == expected


def test_unit_totals__add_to_what_is_there():
    totals = np.array([1.0, 2.0, 3.0])
    unit, weight, z = np.array([2, 0, 2], np.int32), np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])
    add_unit_totals(totals, unit, weight, z, 4.0)
    assert totals.tolist() == [1.0 - 0.5, 2.0, 3.0 + 0.125 + 1.5]


def test_cubes_and_squares__are_about_the_mean_of_each_stratum():
    d = np.concatenate([u - u.mean() for u in np.split(TOTALS[0], END[:-1])])
    assert cubed_and_squared(TOTALS[0], END) == pytest.approx(((d**3).sum(), (d**2).sum()), rel=1e-12)
