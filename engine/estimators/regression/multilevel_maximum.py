"""The maximum of the multilevel likelihood, by Newton steps.

Secant steps take over where the information is a poor guide.

Standard deviations are never driven through 0: a small one is tried at 0, and one at 0 is released again if
the likelihood rises beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray
from engine.estimators.regression.multilevel_likelihood import Derivatives, MultilevelLikelihood
from engine.estimators.regression.secant import minimise
from engine.kernels.regression.small_matrices import dot, inverse, times, weighted_rows
from engine.kernels.regression.symmetric import eigen

_NEWTON_STEPS = 25
_SECANT_STEPS = 500
_HALVINGS = 30
_ENOUGH = 1e-11  # of the gain in log-likelihood that a further step promises, for a person of weight 1
_WORTH = 1e-9  # of the log-likelihood: less is rounding
_SMALL = 0.05  # a standard deviation below is tried at 0
_LONGEST = 0.7  # step of a standard deviation: the likelihood is no parabola there
_PROBES = (0.05, 0.2, 0.5)  # standard deviations at which a boundary is checked
_FEW_POINTS = 7  # below, the nodes carry too little for Louis' formula
_DIFFERENCE = 1e-4

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultilevelMaximum:
    """The maximum of the likelihood.

    Attributes
    ----------
    theta
        (Q,) coefficients b and standard deviations s3 (outer), s2 (inner), in standard units.
    free
        (Q,) bool: False for a standard deviation at the boundary, 0.
    log_likelihood
        At the maximum.
    covariance
        (Q, Q) inverse information, NaN where not free.
    squares
        (Q, Q) sum of the outer products of the outer clusters' gradients.
    converged
        Whether the maximum was reached and has a covariance.
    """

    theta: FloatArray
    free: BoolArray
    log_likelihood: float
    covariance: FloatArray
    squares: FloatArray
    converged: bool


def maximise_multilevel(likelihood: MultilevelLikelihood, start: FloatArray) -> MultilevelMaximum:
    """Maximise the likelihood.

    Parameters
    ----------
    likelihood
        Of the data.
    start
        (Q,) b, s3, s2; with one level s3 is 0 and stays 0. With two, one that is 0 is tried beside it.
    """
    theta, Q = start.copy(), len(start)
    free = np.ones(Q, bool)
    free[Q - 2 :] = start[Q - 2 :] > 0.0
    released: set[int] = set()
    while True:
        theta, ll, converged = _climb(likelihood, theta, free)
        probe = _rising_from_boundary(likelihood, theta, free, ll)
        if probe is None or probe[0] in released:
            break
        k, value = probe
        released.add(k)
        free[k], theta[k] = True, value
    return _with_covariance(likelihood, theta, free, converged=converged)


def _climb(
    likelihood: MultilevelLikelihood, theta: FloatArray, free: BoolArray
) -> tuple[FloatArray, float, bool]:
    """Return the maximum over the free parameters, its log-likelihood, and whether it was reached.

    A standard deviation that reaches the boundary is marked as not free, in place.
    """
    Q, gain_before = len(theta), np.inf
    at = likelihood.derivatives(theta)
    for step_number in range(_NEWTON_STEPS):
        moving = np.flatnonzero(free)
        step, gain = _uphill(at.gradient[moving], at.information[np.ix_(moving, moving)])
        if gain < _ENOUGH * likelihood.data.mean_weight:
            return theta, at.log_likelihood, True
        smallest_sd = theta[Q - 2 :][free[Q - 2 :]].min(initial=1.0)
        if step_number > 5 and gain > 0.1 * gain_before and smallest_sd > _SMALL:
            break  # the information does not lead there fast
        gain_before = gain
        better = _line_search(likelihood, theta, moving, step, at.log_likelihood)
        if better is None:
            break
        theta, at = _settle_small(likelihood, *better, free)
    return _secant(likelihood, theta, free, at.information)


def _uphill(g: FloatArray, H: FloatArray) -> tuple[FloatArray, float]:
    """Return a Newton step, uphill even where the information H is indefinite, and the gain it promises."""
    values, vectors = eigen(np.ascontiguousarray(H))
    values = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
    along = weighted_rows(g, vectors)
    return times(vectors, along / values), 0.5 * dot(along, along / values)


def _line_search(
    likelihood: MultilevelLikelihood,
    theta: FloatArray,
    moving: NDArray[np.intp],
    step: FloatArray,
    log_likelihood: float,
) -> tuple[FloatArray, Derivatives] | None:
    """Return the first point along a step that gains, halving the step; None if none does."""
    Q, whole_step = len(theta), np.zeros(len(theta))
    whole_step[moving] = step
    longest = np.abs(whole_step[Q - 2 :]).max()
    whole_step *= min(1.0, _LONGEST / longest) if longest > 0 else 1.0
    for _ in range(_HALVINGS):
        new = theta + whole_step
        new[Q - 2 :] = np.maximum(new[Q - 2 :], 0.2 * theta[Q - 2 :])
        at = likelihood.derivatives(new)
        if at.log_likelihood > log_likelihood - 1e-12 * abs(log_likelihood):
            return new, at
        whole_step *= 0.5
    return None


def _settle_small(
    likelihood: MultilevelLikelihood, theta: FloatArray, at: Derivatives, free: BoolArray
) -> tuple[FloatArray, Derivatives]:
    """Set small standard deviations to 0, and mark them as not free, where that costs no likelihood."""
    Q = len(theta)
    for k in (Q - 2, Q - 1):
        if free[k] and theta[k] < _SMALL:
            at_zero = theta.copy()
            at_zero[k] = 0.0
            if likelihood.value(at_zero) >= at.log_likelihood - _WORTH:
                free[k], theta = False, at_zero
                at = likelihood.derivatives(theta)
    return theta, at


def _secant(
    likelihood: MultilevelLikelihood, theta: FloatArray, free: BoolArray, H: FloatArray
) -> tuple[FloatArray, float, bool]:
    """Maximise by BFGS with the exact gradient, in coordinates in which H is the unit matrix."""
    Q, moving = len(theta), np.flatnonzero(free)
    values, vectors = eigen(H[np.ix_(moving, moving)])
    root = vectors / np.sqrt(np.maximum(np.abs(values), 1e-8 * np.abs(values).max()))

    def parameters(z: FloatArray) -> FloatArray:
        whole = theta.copy()
        whole[moving] += times(root, z)
        return whole

    def objective(z: FloatArray) -> tuple[float, FloatArray]:
        point = parameters(z)
        signs = np.where(point < 0, -1.0, 1.0)
        signs[: Q - 2] = 1.0  # the likelihood is even in the standard deviations
        point[Q - 2 :] = np.abs(point[Q - 2 :])
        ll, g, _, _ = likelihood.derivatives(point, information=False)
        return -ll, -weighted_rows((g * signs)[moving], root)

    slope = float(np.sqrt(likelihood.data.mean_weight))
    lowest = minimise(objective, np.zeros(len(moving)), largest_slope=1e-6 * slope, most_steps=_SECANT_STEPS)
    point = parameters(lowest.point)
    point[Q - 2 :] = np.abs(point[Q - 2 :])
    return point, -lowest.value, bool(np.abs(lowest.gradient).max() < 1e-4 * slope)


def _rising_from_boundary(
    likelihood: MultilevelLikelihood, theta: FloatArray, free: BoolArray, log_likelihood: float
) -> tuple[int, float] | None:
    """Return a standard deviation at 0 beside which the likelihood is higher, and where; None without one."""
    Q = len(theta)
    for k in (Q - 2, Q - 1):
        if free[k] or (k == Q - 2 and not likelihood.data.has_outer):
            continue
        for value in _PROBES:
            beside = theta.copy()
            beside[k] = value
            if likelihood.value(beside) > log_likelihood + _WORTH * abs(log_likelihood):
                return k, value
    return None


def _with_covariance(
    likelihood: MultilevelLikelihood, theta: FloatArray, free: BoolArray, *, converged: bool
) -> MultilevelMaximum:
    """Return the maximum with its covariance.

    Louis' formula gives the information, unless the nodes are too few for it: it then subtracts a spread that
    they do not carry well, and may have no inverse at a true maximum. Differences of the gradient, which is
    that of the quadrature itself, take its place.
    """
    at = likelihood.derivatives(theta, squares=True)
    moving = np.flatnonzero(free)
    block = np.ix_(moving, moving)
    information = at.information[block]
    if min(likelihood.points) < _FEW_POINTS or not _has_inverse(information):
        information = _information_by_differences(likelihood, theta, moving)[block]
    covariance = np.full_like(at.information, np.nan)
    inverted, singular = inverse(information)
    if singular < 0:
        covariance[block] = inverted
    else:
        converged = False
    return MultilevelMaximum(
        theta=theta,
        free=free,
        log_likelihood=at.log_likelihood,
        covariance=covariance,
        squares=at.squares,
        converged=converged,
    )


def _has_inverse(information: FloatArray) -> bool:
    """Whether an information matrix is positive definite."""
    return inverse(information)[1] < 0


def _information_by_differences(
    likelihood: MultilevelLikelihood, theta: FloatArray, moving: NDArray[np.intp]
) -> FloatArray:
    """Return the information (Q, Q) by central differences of the gradient; 0 where nothing moves."""
    H = np.zeros((len(theta), len(theta)))
    for k in moving:
        gradients = []
        for step in (_DIFFERENCE, -_DIFFERENCE):
            point = theta.copy()
            point[k] += step
            gradients.append(likelihood.derivatives(point, information=False).gradient)
        H[:, k] = (gradients[1] - gradients[0]) / (2.0 * _DIFFERENCE)
    symmetric: FloatArray = 0.5 * (H + H.T)
    return symmetric
