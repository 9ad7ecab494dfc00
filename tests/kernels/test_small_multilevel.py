"""The multilevel logit in few clusters of few people, against plain sums over a grid."""

from functools import partial

import numpy as np
import pytest

from engine.estimators.regression.multilevel_likelihood import MultilevelData, MultilevelLikelihood
from engine.kernels.regression.multilevel_cells import ClusterCells

GRID = np.linspace(-7, 7, 61)
DENSITY = np.exp(-0.5 * GRID**2) / np.sqrt(2 * np.pi) * (GRID[1] - GRID[0])
THETA = np.array([-0.4, 0.7, 0.9, 0.6])
OF_THREE = np.array([-0.4, 0.7, 0.3, 0.9, 0.6])  # with three columns, so that q + 2 is not 2 q
OUTER_ENDS, PER_INNER = (1, 4, 6), 3


def clusters(
    has_outer=True, weighted=True, outer_ends=OUTER_ENDS, per_inner=PER_INNER, spread=1.5, seed=7, columns=2
):
    """Inner clusters in outer ones that end at outer_ends; each cell is a pattern of its own."""
    random = np.random.default_rng(seed)
    n_inner = outer_ends[-1]
    n_cells = per_inner * n_inner
    Z = np.column_stack([np.ones(n_cells), random.normal(size=n_cells).round(1), np.arange(n_cells) % 2])
    n = random.choice([1.0, 1.0, 2.5], n_cells) if weighted else np.ones(n_cells)
    shift = np.repeat(spread * random.normal(size=n_inner), per_inner)
    s = n * (random.random(n_cells) < 1 / (1 + np.exp(-shift)))
    s[n == 2.5] = random.choice([0.0, 1.0, 2.5], int((n == 2.5).sum()))
    ends = np.array(outer_ends if has_outer else range(1, n_inner + 1))
    inner_w, outer_w = np.ones(n_inner), np.ones(len(ends))
    if weighted:
        inner_w = random.uniform(0.5, 2, n_inner) if has_outer else inner_w
        outer_w = random.uniform(0.5, 2, len(ends))
    inner_end = np.arange(per_inner, n_cells + 1, per_inner)
    cells = ClusterCells(np.arange(n_cells), n, s, inner_end, ends, inner_w, outer_w)
    return MultilevelData.of(np.ascontiguousarray(Z[:, :columns]), cells, has_outer=has_outer)


def log_integrands(data, theta, i):
    """Log-likelihood of each inner cluster of outer cluster i, at all points (outer, inner) of the grid."""
    cells, found = data.cells, {}
    for j in range(0 if i == 0 else cells.outer_end[i - 1], cells.outer_end[i]):
        rows = slice(0 if j == 0 else cells.inner_end[j - 1], cells.inner_end[j])
        eta = data.Z[rows] @ theta[:-2]
        at = eta[:, None, None] + theta[-2] * GRID[:, None] + theta[-1] * GRID
        each = cells.s[rows, None, None] * at - cells.n[rows, None, None] * np.logaddexp(0, at)
        found[j] = each.sum(axis=0)
    return found


def of_clusters(data, theta):
    """Log-likelihood of each outer cluster, summed on the grid."""
    found = []
    for i, weight in enumerate(data.cells.outer_weight):
        whole = np.zeros(len(GRID))
        for j, logs in log_integrands(data, theta, i).items():
            whole += data.cells.inner_weight[j] * np.log(np.exp(logs) @ DENSITY)
        found.append(weight * np.log(np.exp(whole) @ DENSITY))
    return np.array(found)


def differences(function, at, h=1e-4):
    steps = np.eye(len(at)) * h
    return np.array([(function(at + step) - function(at - step)) / (2 * h) for step in steps])


KINDS = pytest.mark.parametrize(
    ("has_outer", "weighted"), [(True, True), (True, False), (False, True)], ids=["levels", "plain", "one"]
)


@pytest.mark.parametrize("has_outer", [True, False])
def test_derivatives__are_those_of_a_plain_grid(has_outer):
    data = clusters(has_outer, columns=3)
    theta = OF_THREE * [1, 1, 1, has_outer, 1]
    likelihood = MultilevelLikelihood(data=data, points=(15, 15))
    value, gradient, information, squares = likelihood.derivatives(theta, squares=True)
    assert value == pytest.approx(of_clusters(data, theta).sum(), abs=2e-8)
    scores = differences(lambda at: of_clusters(data, at), theta)
    assert gradient == pytest.approx(scores.sum(axis=1), abs=2e-6)
    assert squares == pytest.approx(scores @ scores.T, abs=2e-6)
    hessian = differences(
        lambda at: differences(lambda own: of_clusters(data, own).sum(), at, 1e-3), theta, 1e-3
    )
    used = [0, 1, 2, 3, 4] if has_outer else [0, 1, 2, 4]
    assert information[np.ix_(used, used)] == pytest.approx(-hessian[np.ix_(used, used)], abs=2e-4)


@KINDS
@pytest.mark.parametrize("points", [(1, 1), (3, 1), (2, 4)])
def test_gradient__is_that_of_few_points_too(has_outer, weighted, points):
    likelihood = MultilevelLikelihood(data=clusters(has_outer, weighted, columns=3), points=points)
    theta = OF_THREE * [1, 1, 1, has_outer, 1]
    value, gradient, _, squares = likelihood.derivatives(theta, information=False, squares=True)
    _, with_information, _, same = likelihood.derivatives(theta, squares=True)
    assert value == pytest.approx(likelihood.value(theta), rel=1e-12)
    used = [0, 1, 2, 3, 4] if has_outer else [0, 1, 2, 4]
    assert gradient[used] == pytest.approx(differences(likelihood.value, theta)[used], abs=2e-7)
    assert with_information == pytest.approx(gradient, abs=1e-10)
    assert squares == pytest.approx(same, abs=1e-10)


def log_density_of(data, theta, members, effects):
    """Log of the joint density of an outer cluster's effects u, v_j and outcomes, without constants."""
    u, cells = effects[0], data.cells
    total = -0.5 * u**2
    for v, j in zip(effects[1:], members, strict=True):
        rows = slice(0 if j == 0 else cells.inner_end[j - 1], cells.inner_end[j])
        eta = data.Z[rows] @ theta[:2] + theta[2] * u + theta[3] * v
        each = (cells.s[rows] * eta - cells.n[rows] * np.logaddexp(0, eta)).sum() - 0.5 * v**2
        total += cells.inner_weight[j] * each
    return total


@KINDS
def test_effects__are_modes_and_spreads_of_the_joint_density(has_outer, weighted):
    """At the mode no direction rises; the spreads are those of the normal distribution that touches there."""
    data = clusters(has_outer, weighted)
    theta, cells = THETA * [1, 1, has_outer, 1], data.cells
    outer, inner = MultilevelLikelihood(data=data, points=(1, 1)).effects(theta)

    sds = theta[2:] if has_outer else np.array([1.0, theta[3]])
    for i, end in enumerate(cells.outer_end):
        members = range(0 if i == 0 else cells.outer_end[i - 1], end)
        log_density = partial(log_density_of, data, theta, members)
        mode = np.array([outer[i, 0] / sds[0], *(inner[members, 0] / sds[1])])
        assert differences(log_density, mode) == pytest.approx(0 * mode, abs=2e-5)
        curved = -differences(partial(differences, log_density, h=1e-3), mode, 1e-3)
        # The joint Hessian weighs inner effects by their clusters; a spread given the outer one does not.
        given_u = 1 / np.sqrt(np.diag(curved)[1:] / cells.inner_weight[members])
        tau = np.sqrt(np.linalg.inv(curved)[0, 0])
        slope = curved[1:, 0] / np.diag(curved)[1:]
        spread = np.sqrt(given_u**2 + (slope * tau) ** 2)
        if has_outer:
            assert outer[i, 1] == pytest.approx(sds[0] * tau, rel=1e-5)
        assert inner[members, 1] == pytest.approx(sds[1] * spread, rel=1e-5)


@pytest.mark.parametrize("start", [(0.0, 0.0), (30.0, -40.0), (-6.0, 9.0)])
def test_modes__are_found_from_anywhere(start):
    """With large standard deviations Newton's steps go too far, and are cut."""
    data, theta = clusters(), THETA * [1, 1, 6, 9]
    likelihood = MultilevelLikelihood(data=data, points=(1, 1))
    likelihood.modes.u[:], likelihood.modes.v[:] = start
    outer, inner = likelihood.effects(theta)
    for i, end in enumerate(data.cells.outer_end):
        members = range(0 if i == 0 else data.cells.outer_end[i - 1], end)
        mode = np.array([outer[i, 0], *inner[members, 0]]) / np.repeat(theta[2:], [1, len(members)])
        log_density = partial(log_density_of, data, theta, members)
        assert differences(log_density, mode) == pytest.approx(0 * mode, abs=1e-4)


def test_products_that_overflow__are_turned_into_logarithms():
    """Twelve people of log odds 60: the product of 1 + odds exceeds the largest double."""
    n_cells = 24
    s = np.tile([1.0, 1.0, 1.0, 0.0], 6)
    cells = ClusterCells(
        np.zeros(n_cells, np.int64),
        np.ones(n_cells),
        s,
        np.array([12, 24]),
        np.array([2]),
        np.ones(2),
        np.ones(1),
    )
    data = MultilevelData.of(np.ones((1, 1)), cells, has_outer=True)
    theta = np.array([60.0, 0.2, 0.1])
    likelihood = MultilevelLikelihood(data=data, points=(9, 9))
    at = np.full(12, 60.0)[:, None, None] + 0.2 * GRID[:, None] + 0.1 * GRID
    each = np.exp((s[:12, None, None] * at - np.logaddexp(0, at)).sum(axis=0) + 180) @ DENSITY
    expected = np.log(each**2 @ DENSITY) - 360
    assert likelihood.value(theta) == pytest.approx(expected, rel=1e-9)
    assert likelihood.derivatives(theta).gradient[0] == pytest.approx(-6.0, abs=1e-6)
