"""Logarithms, quadrature rules and the optimiser of multilevel logits, against exact and other answers."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from engine.estimators.regression.gauss_hermite import hermite_rule
from engine.estimators.regression.secant import minimise
from engine.kernels.regression.logarithm import logarithm, logarithm_of_one_plus


def exact(x, add=0):
    with localcontext() as context:
        context.prec = 60
        return (Decimal(add) + Decimal(x)).ln()


def ulps(found, expected):
    return abs(Decimal(found) - expected) / Decimal(float(np.spacing(abs(float(expected)))))


def test_logarithm__is_right_to_1_ulp():
    generator = np.random.default_rng(1)
    values = [*10.0 ** generator.uniform(-300, 300, 300), *generator.uniform(0.5, 2.0, 300), 1.0 + 1e-9]
    assert max(ulps(logarithm(x), exact(x)) for x in map(float, values)) < 1
    assert (logarithm(1.0), logarithm(math.inf)) == (0.0, math.inf)
    assert math.isnan(logarithm(math.nan))


def test_logarithm_of_one_plus__is_right_to_2_ulp():
    values = map(float, 10.0 ** np.random.default_rng(2).uniform(-18, 2, 300))
    assert max(ulps(logarithm_of_one_plus(x), exact(x, add=1)) for x in values) < 2
    assert logarithm_of_one_plus(0.0) == 0.0


@pytest.mark.parametrize("count", [1, 2, 3, 7, 55, 151, 203])
def test_rule__integrates_every_power_it_can(count):
    """The moments of exp(-z^2): (2k - 1)!! / 2^k times root pi, up to z^(2 count - 1)."""
    z, w = hermite_rule(count)
    assert (z == -z[::-1]).all()
    assert (np.diff(z) > 0).all()
    log_moment = 0.5 * math.log(math.pi)
    for k in range(count):
        if k:
            log_moment += math.log(k - 0.5)
        at = np.abs(z[z != 0]) if k else z
        terms = w[z != 0] if k else w
        log_terms = terms - at * at + (2 * k * np.log(at) if k else 0.0)
        assert math.fsum(np.exp(log_terms - log_moment)) == pytest.approx(1.0, abs=1e-11)


def test_rule__is_that_of_numpy():
    for count in (1, 5, 25, 101):
        z, w = hermite_rule(count)
        theirs, weights = np.polynomial.hermite.hermgauss(count)
        assert z == pytest.approx(theirs, abs=1e-13)
        assert w == pytest.approx(np.log(weights) + theirs**2, abs=1e-11)


@pytest.mark.parametrize("q", [1, 2, 5, 12])
def test_secant_steps__find_the_minimum_of_a_parabola(q):
    generator = np.random.default_rng(q)
    root = generator.normal(size=(q, q)) + 3.0 * np.eye(q)
    H, lowest = root @ root.T, generator.normal(size=q)

    def parabola(x):
        return 0.5 * (x - lowest) @ H @ (x - lowest), H @ (x - lowest)

    found = minimise(parabola, np.zeros(q), largest_slope=1e-8, most_steps=200)
    assert found.point == pytest.approx(lowest, abs=1e-7)
    assert np.abs(found.gradient).max() < 1e-8


def test_secant_steps__follow_a_bent_valley_and_step_back_from_where_nothing_is():
    found = minimise(
        lambda x: (float(rosen(x)), rosen_der(x)), np.array([-1.2, 1.0]), largest_slope=1e-8, most_steps=200
    )
    assert found.point == pytest.approx([1.0, 1.0], abs=1e-7)

    def of_positive(x):
        return (math.nan, np.array([math.nan])) if x[0] <= 0 else (x[0] - math.log(x[0]), 1.0 - 1.0 / x)

    found = minimise(of_positive, np.array([40.0]), largest_slope=1e-8, most_steps=200)
    assert found.point == pytest.approx([1.0], abs=1e-7)


def test_secant_steps__stop_where_no_step_gains():
    found = minimise(lambda x: (1.0, np.array([1.0])), np.array([0.0]), largest_slope=1e-8, most_steps=9)
    assert found.value == 1.0
    assert minimise(lambda x: (x @ x, 2 * x), np.zeros(2), largest_slope=1e-8, most_steps=9).value == 0.0
