"""Maxima of small multilevel logits, the points of their quadrature, and secant steps."""

import numpy as np
import pytest

from engine.estimators.regression import multilevel_maximum, secant
from engine.estimators.regression.gauss_hermite import hermite_rule
from engine.estimators.regression.multilevel_likelihood import MultilevelLikelihood
from engine.estimators.regression.quadrature_points import LADDER, PointsCheck, maximise_with_points
from tests.kernels.test_small_multilevel import clusters, differences

MAXIMA = {3: [True, True], 1: [False, True], 4: [True, False], 2: [False, False]}  # seed -> variances above 0
START = np.array([0.0, 0.0, 0.5, 0.5])


def middle():
    return multilevel_maximum.maximise_multilevel(likelihood_of(3), START)


def likelihood_of(seed, points=3):
    data = clusters(outer_ends=(2, 4, 7, 9, 12), per_inner=5, seed=seed)
    return MultilevelLikelihood(data=data, points=(points, points))


def is_maximum(likelihood, theta):
    """No direction rises; from a standard deviation of 0 no step does."""
    for k, slope in enumerate(differences(likelihood.value, theta)):
        if k < 2 or theta[k] > 0:
            assert slope == pytest.approx(0, abs=2e-4)
        for value in (0.02, 0.1, 0.4) if k >= 2 and theta[k] == 0 else ():
            beside = np.where(np.arange(len(theta)) == k, value, theta)
            assert likelihood.value(beside) < likelihood.value(theta)


@pytest.mark.parametrize(("seed", "free"), MAXIMA.items())
def test_maximum__has_no_direction_that_rises(seed, free):
    likelihood = likelihood_of(seed)
    found = multilevel_maximum.maximise_multilevel(likelihood, START)
    assert found.converged
    assert found.free.tolist() == [True, True, *free]
    assert (found.theta[2:] > 0).tolist() == free
    assert found.log_likelihood == pytest.approx(likelihood.value(found.theta), rel=1e-12)
    is_maximum(likelihood, found.theta)
    moving = np.flatnonzero(found.free)
    block = np.ix_(moving, moving)
    slopes = differences(lambda at: likelihood.derivatives(at, information=False).gradient, found.theta)
    assert found.covariance[block] == pytest.approx(-np.linalg.inv(slopes[block]), rel=1e-4, abs=1e-6)
    assert np.isnan(found.covariance[~found.free]).all()
    assert np.isnan(found.covariance[:, ~found.free]).all()
    squares = likelihood.derivatives(found.theta, information=False, squares=True).squares
    assert found.squares == pytest.approx(squares, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("start", [(0.0, 0.0), (0.0, 0.5), (3.0, 0.04), (0.04, 4.0)])
def test_maximum__is_found_from_any_standard_deviations(start):
    """A start at 0 is left again where the likelihood rises beside it."""
    likelihood = likelihood_of(3)
    found = multilevel_maximum.maximise_multilevel(likelihood, np.array([0.0, 0.0, *start]))
    assert found.converged
    assert found.theta == pytest.approx(middle().theta, abs=1e-5)


def test_one_level__stays_without_the_other():
    data = clusters(has_outer=False, outer_ends=(12,), per_inner=5, seed=3)
    likelihood = MultilevelLikelihood(data=data, points=(7, 7))
    found = multilevel_maximum.maximise_multilevel(likelihood, START * [1, 1, 0, 1])
    assert (found.theta[2], found.free[2]) == (0.0, False)
    used = [0, 1, 3]
    slopes = differences(likelihood.value, found.theta)[used]
    assert slopes == pytest.approx([0, 0, 0], abs=1e-5)
    # Louis' formula, which needs seven points at least
    information = likelihood.derivatives(found.theta).information[np.ix_(used, used)]
    assert found.covariance[np.ix_(used, used)] == pytest.approx(np.linalg.inv(information), rel=1e-9)


@pytest.mark.parametrize("H", [np.eye(4), np.diag([90.0, 40.0, -20.0, 5.0])])
def test_secant_steps__find_the_same_maximum(H):
    likelihood = likelihood_of(3)
    theta, value, converged = multilevel_maximum._secant(likelihood, START, np.ones(4, bool), H)
    assert converged
    assert theta == pytest.approx(middle().theta, abs=2e-4)
    assert value == pytest.approx(middle().log_likelihood, abs=1e-7)


def test_points__are_checked_against_more_of_them():
    """One step tells nearly what a whole fit with more points finds."""
    few, more = (maximise_with_points(likelihood_of(3).data, points, START) for points in (3, 5))
    change = more.maximum.log_likelihood - few.maximum.log_likelihood
    assert few.check.log_likelihood == pytest.approx(change, rel=0.1)
    variances = (more.maximum.theta[2:] / few.maximum.theta[2:]) ** 2 - 1
    assert few.check.variances == pytest.approx(variances, rel=0.2)
    assert few.likelihood.points == (3, 3)


def test_points__are_raised_while_the_maximum_moves():
    data = clusters(has_outer=False, outer_ends=(8,), per_inner=4, spread=3, seed=2)
    start = START * [1, 1, 0, 1]
    found = maximise_with_points(data, "auto", start)
    assert found.likelihood.points == (LADDER[0], LADDER[2])
    assert found.check.stands_still(found.maximum.log_likelihood)
    fewer, more = (maximise_with_points(data, points, start) for points in (LADDER[1], LADDER[3]))
    assert not fewer.check.stands_still(fewer.maximum.log_likelihood)
    change = more.maximum.log_likelihood - found.maximum.log_likelihood
    assert found.check.log_likelihood == pytest.approx(change, rel=1e-2)
    of_variance = (more.maximum.theta[3] / found.maximum.theta[3]) ** 2 - 1
    assert found.check.variances == pytest.approx([0.0, of_variance], rel=0.1)


def test_boundary__leaves_nothing_to_integrate():
    found = maximise_with_points(likelihood_of(2).data, 3, START)
    assert found.maximum.theta[2:].tolist() == [0.0, 0.0]
    assert found.check.log_likelihood == 0.0
    assert found.check.variances.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("log_likelihood", "change", "variance", "expected"),
    [
        (-100.0, 0.9e-4, 0.0, True),
        (-100.0, -1.1e-4, 0.0, False),
        (-5_000.0, 4.9e-4, -0.9e-4, True),
        (-5_000.0, 5.1e-4, 0.0, False),
        (-1e6, 0.0099, 0.0, True),
        (-1e6, 0.0101, 0.0, False),
        (-100.0, 0.0, 1.1e-4, False),
    ],
)
def test_points__stand_still_within_tolerances(log_likelihood, change, variance, expected):
    check = PointsCheck(log_likelihood=change, variances=np.array([0.0, variance]))
    assert check.stands_still(log_likelihood) is expected


def test_changes_of_both_levels__are_put_together():
    one = PointsCheck(log_likelihood=0.25, variances=np.array([0.5, -0.5]))
    other = PointsCheck(log_likelihood=-1.0, variances=np.array([1.0, 0.2]))
    both = one.plus(other)
    assert both.log_likelihood == -0.75
    assert both.variances == pytest.approx([2.0, -0.4])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 11, 25, 60])
def test_hermite_rule__is_that_of_numpy(count):
    points, log_weights = hermite_rule(count)
    expected, weights = np.polynomial.hermite.hermgauss(count)
    assert points == pytest.approx(expected, abs=1e-13)
    assert np.exp(log_weights - points**2) == pytest.approx(weights, rel=1e-11)


def rosenbrock(x):
    first, second = 1 - x[0], x[1] - x[0] ** 2
    return first**2 + 100 * second**2, np.array([-2 * first - 400 * x[0] * second, 200 * second])


def test_secant_steps__reach_the_bottom_of_a_curved_valley():
    steps = []

    def counted(x):
        steps.append(x)
        return rosenbrock(x)

    found = secant.minimise(counted, np.array([-1.2, 1.0]), largest_slope=1e-8, most_steps=200)
    assert found.point == pytest.approx([1.0, 1.0], abs=1e-8)
    assert found.value == pytest.approx(rosenbrock(found.point)[0])
    assert np.abs(found.gradient).max() < 1e-8
    assert len(steps) < 70  # as many as other programs; slow steps are a fault too
    stopped = secant.minimise(rosenbrock, np.array([-1.2, 1.0]), largest_slope=1e-8, most_steps=1)
    assert stopped.value < rosenbrock(np.array([-1.2, 1.0]))[0]
    # The first step is no longer than 1.
    assert np.linalg.norm(steps[1] - steps[0]) == pytest.approx(1.0)


def test_secant_steps__stay_where_the_function_exists():
    def function(x):
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(x[0] - np.log(x[0])), 1 - 1 / x

    found = secant.minimise(function, np.array([0.01]), largest_slope=1e-9, most_steps=50)
    assert found.point == pytest.approx([1.0], abs=1e-8)
    far = secant.minimise(function, np.array([40.0]), largest_slope=1e-9, most_steps=100)
    assert far.point == pytest.approx([1.0], abs=1e-8)


def test_update__is_the_inverse_that_turns_the_gradient():
    inverse = np.array([[2.0, 0.3], [0.3, 1.0]])
    moved, turned = np.array([0.5, -0.2]), np.array([0.4, 0.1])
    new = secant._updated(inverse, moved, turned)
    assert new @ turned == pytest.approx(moved)
    assert new == pytest.approx(new.T)
    # Nocedal and Wright 2006, (6.17)
    rho = 1 / (moved @ turned)
    left = np.eye(2) - rho * np.outer(moved, turned)
    assert new == pytest.approx(left @ inverse @ left.T + rho * np.outer(moved, moved))
    assert secant._updated(inverse, moved, -turned) is inverse


@pytest.mark.parametrize(
    ("low", "high", "bottom"), [(0.0, 2.0, 0.7), (2.0, 0.0, 0.7), (1.0, 3.0, 1.05), (0.0, 1.0, 0.95)]
)
def test_trial_between_two__is_where_their_cubic_is_lowest(low, high, bottom):
    def trial(length):  # the derivative has its roots at the bottom, and at -3
        value = length**3 / 3 + (3 - bottom) * length**2 / 2 - 3 * bottom * length
        at = secant.Lowest(point=np.zeros(1), value=value, gradient=np.zeros(1))
        return secant._Trial(length=length, at=at, slope=(length - bottom) * (length + 3))

    nearest, width = (bottom - low) / (high - low), high - low
    expected = low + min(max(nearest, 0.1), 0.9) * width
    assert secant._between(trial(low), trial(high)) == pytest.approx(expected)
