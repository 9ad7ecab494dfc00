import numpy as np
import pytest

from engine.kernels.index import numerators as kernels
from engine.kernels.index.indices import EXTENDED_FAMILY, MIDRANK_FAMILY, SYMMETRIC_FAMILY
from engine.kernels.index.ranks import tie_ends, weighted_fractional_rank
from tests.kernels import reference

FAMILIES = [
    (MIDRANK_FAMILY, 0.0),
    (EXTENDED_FAMILY, 1.5),
    (EXTENDED_FAMILY, 2.7),
    (EXTENDED_FAMILY, 4.0),
    (SYMMETRIC_FAMILY, 1.5),
    (SYMMETRIC_FAMILY, 3.3),
]
# The influence value is a limit; a forward difference of step h is right to about h.
STEP, STEP_TOLERANCE = 1e-6, 2e-5


def sample(n=60, ties=9, seed=1):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.integers(0, ties, n)).astype(float)
    return x, rng.normal(3, 2, n), rng.uniform(0.2, 3, n), tie_ends(x.astype(np.int64))


def test_ranks__are_mid_ranks_with_mean_one_half():
    x, _, w, ends = sample()
    rank = weighted_fractional_rank(w, ends)
    assert np.allclose(rank, reference.fractional_rank(x, w), rtol=1e-14)
    assert abs((w * rank).sum() / w.sum() - 0.5) < 1e-15


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
def test_generalized__keeps_its_digits_beside_a_large_offset(offset):
    x, y, w, ends = sample(n=200)
    exact, mean = reference.exact_generalized(x, y + offset, w)
    _, mu, N = kernels.numerator(MIDRANK_FAMILY, 0.0, w, y + offset, ends)
    # 1e-12 of the outcome's own scale: the stored doubles y + offset carry no more.
    assert abs(N / float(exact) - 1) < 1e-12
    assert abs(mu / float(mean) - 1) < 1e-15


@pytest.mark.parametrize(("name", "family"), [("extended", EXTENDED_FAMILY), ("symmetric", SYMMETRIC_FAMILY)])
@pytest.mark.parametrize("parameter", [1.5, 2.0, 3.0, 4.4])
def test_shaped__follow_their_formula(name, family, parameter):
    x, y, w, ends = sample()
    N, _ = reference.shaped_numerator(x, y, w, name, parameter)
    assert kernels.numerator(family, parameter, w, y, ends)[2] == pytest.approx(N, rel=1e-12)


@pytest.mark.parametrize("family", [EXTENDED_FAMILY, SYMMETRIC_FAMILY])
def test_shaped__with_parameter_2_are_the_generalized_index(family):
    _, y, w, ends = sample()
    expected = kernels.numerator(MIDRANK_FAMILY, 0.0, w, y, ends)[2]
    assert kernels.numerator(family, 2.0, w, y, ends)[2] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("family", "parameter"), FAMILIES)
def test_influence__is_the_derivative_by_a_point_mass(family, parameter):
    _, y, w, ends = sample()
    W, mu, N = kernels.numerator(family, parameter, w, y, ends)
    z = kernels.numerator_influence(family, parameter, w, y, ends, W, mu, N)
    for i in range(0, len(w), 7):
        heavier = w.copy()
        heavier[i] += STEP * W
        moved = kernels.numerator(family, parameter, heavier, y, ends)[2]
        assert (moved - N) / STEP == pytest.approx(z[i], abs=STEP_TOLERANCE * max(1, abs(z).max()))
    assert abs((w * z).sum() / W) < 1e-13


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.5, 2.0, 3.5, 7.0, 2.3])
def test_power__equals_the_library_power(exponent):
    for base in (0.0, 1e-9, 0.3, 1.0):
        assert kernels.power(base, exponent) == pytest.approx(base**exponent, rel=1e-14)
