"""The multilevel likelihood: derivatives against differences, its value against a plain double sum."""

import numpy as np
import pytest

from engine.estimators.regression.multilevel_likelihood import (
    MultilevelData,
    MultilevelLikelihood,
    gauss_hermite,
)
from engine.estimators.regression.multilevel_maximum import maximise_multilevel
from engine.kernels.regression.multilevel_cells import ClusterCells


def simulated(n=400, *, n_outer=9, n_inner=4, weights=False, s3=1.0, s2=0.8, seed=3):
    generator = np.random.default_rng(seed)
    inner = np.sort(generator.integers(0, n_outer * n_inner, n))
    outer = inner // n_inner
    X = np.column_stack([np.ones(n), generator.integers(0, 2, n), generator.normal(size=n)]).astype(float)
    u, v = generator.normal(size=n_outer), generator.normal(size=n_outer * n_inner)
    p = 1 / (1 + np.exp(-(X @ [-0.7, 0.5, 0.3] + s3 * u[outer] + s2 * v[inner])))
    y = (generator.random(n) < p).astype(float)
    w = generator.integers(1, 4, n).astype(float) if weights else np.ones(n)
    inner_end = np.flatnonzero(np.diff(inner, append=-1)) + 1
    outer_end = np.flatnonzero(np.diff(outer[inner_end - 1], append=-1)) + 1
    of_clusters = np.ones(len(inner_end)), np.ones(len(outer_end))
    if weights:
        of_clusters = tuple(generator.uniform(0.5, 2.5, len(each)) for each in of_clusters)
    cells = ClusterCells(np.arange(n), w, w * y, inner_end, outer_end, *of_clusters)
    return MultilevelData.of(X, cells, has_outer=True), inner, outer


THETA = np.array([-0.6, 0.4, 0.2, 0.9, 0.7])


def differences(function, at, h=1e-5):
    return np.array([(function(at + step) - function(at - step)) / (2 * h) for step in np.eye(len(at)) * h])


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("points", [1, 7])
def test_gradient__is_that_of_the_quadrature_itself(points, weights):
    likelihood = MultilevelLikelihood(data=simulated(weights=weights)[0], points=(points, points))
    value, gradient, _, _ = likelihood.derivatives(THETA)
    assert value == pytest.approx(likelihood.value(THETA), rel=1e-12)
    assert gradient == pytest.approx(differences(likelihood.value, THETA), abs=2e-6)
    assert likelihood.derivatives(THETA, information=False)[1] == pytest.approx(gradient, abs=1e-9)


def test_information__is_the_negative_hessian():
    likelihood = MultilevelLikelihood(data=simulated(weights=True)[0], points=(21, 21))
    _, _, information, _ = likelihood.derivatives(THETA)
    hessian = differences(lambda at: likelihood.derivatives(at)[1], THETA)
    assert information == pytest.approx(-hessian, abs=1e-4)


def test_value__equals_a_plain_double_sum():
    """Nodes that adapt to nothing: 61 x 61 points of a trapezoid."""
    data, inner, outer = simulated(n=150, n_outer=4)
    z = np.linspace(-7, 7, 61)
    w = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    eta = data.Z @ THETA[:3]
    total = 0.0
    for i in np.unique(outer):
        product = np.ones(len(z))
        for j in np.unique(inner[outer == i]):
            rows = inner == j
            at = eta[rows][:, None, None] + THETA[3] * z[None, :, None] + THETA[4] * z[None, None, :]
            y = data.cells.s[rows][:, None, None]
            product *= np.exp((y * at - np.logaddexp(0, at)).sum(axis=0)) @ w
        total += np.log(product @ w)
    assert MultilevelLikelihood(data=data, points=(31, 31)).value(THETA) == pytest.approx(total, abs=1e-7)


@pytest.mark.parametrize("start", [(0.001, 3.0)])
def test_maximum__does_not_depend_on_the_start(start):
    data, _, _ = simulated(n=1_500, n_outer=25)
    found = maximise_multilevel(
        MultilevelLikelihood(data=data, points=(9, 9)), np.array([0.0, 0.0, 0.0, *start])
    )
    reference = maximise_multilevel(
        MultilevelLikelihood(data=data, points=(9, 9)), np.array([0.0, 0.0, 0.0, 0.5, 0.5])
    )
    assert found.converged
    assert found.log_likelihood == pytest.approx(reference.log_likelihood, abs=1e-8)
    assert found.theta == pytest.approx(reference.theta, abs=1e-5)


def test_sums__do_not_depend_on_threads():
    from engine.kernels.jit import threads

    data, _, _ = simulated(n=2_000, n_outer=40)
    results = []
    for count in (1, 2, 7):
        with threads(count):
            results.append(MultilevelLikelihood(data=data, points=(7, 7)).derivatives(THETA, squares=True))
    for other in results[1:]:
        for one, own in zip(results[0], other, strict=True):
            assert np.array_equal(one, own)


def test_gauss_hermite__integrates_polynomials():
    rule = gauss_hermite((5, 1))
    weight = np.exp(rule.outer_w - rule.outer_z**2) / np.sqrt(np.pi)
    moments = [(weight * (np.sqrt(2) * rule.outer_z) ** power).sum() for power in (0, 2, 4, 6)]
    assert moments == pytest.approx([1, 1, 3, 15])
    assert rule.inner_z.tolist() == [0.0]
