"""Finds the maximum of the nested likelihood: Newton steps, then secant steps where the information is a poor guide.

Standard deviations are never driven through 0: one that gets small is tried at 0, and one at 0 is let go again if the
likelihood rises beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import FloatArray
from engine.estimators.regression.multilevel_likelihood import Likelihood

_NEWTON_STEPS = 25
_SECANT_STEPS = 500
_ENOUGH = 1e-11  # of the gain in log-likelihood that a further step promises
_WORTH = 1e-9  # of the log-likelihood: less is rounding
_SMALL = 0.05  # a standard deviation below is tried at 0
_LONGEST = 0.7  # step of a standard deviation: the likelihood is no parabola there
_PROBES = (0.05, 0.2, 0.5)  # standard deviations at which a boundary is checked
_FEW_POINTS = 7  # below, the nodes carry too little for Louis' formula
_DIFFERENCE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedMaximum:
    """The maximum: theta (Q,) = b, s3, s2; which are free (others are at the boundary, 0); covariance (Q, Q).

    Covariance is NaN where not free. squares (Q, Q): sum of the outer products of the clusters' gradients.
    """

    theta: FloatArray
    free: NDArray[np.bool_]
    log_likelihood: float
    covariance: FloatArray
    squares: FloatArray
    converged: bool


def maximum(likelihood: Likelihood, start: FloatArray) -> NestedMaximum:
    """Maximise from b, s3, s2; a standard deviation of 0 in start stays 0 where there is no such level."""
    theta, Q = start.copy(), len(start)
    free = np.ones(Q, bool)
    free[Q - 2] = likelihood.nested.has_outer
    let_go: set[int] = set()
    while True:
        theta, ll, converged = _climb(likelihood, theta, free)
        probe = _rising_from_boundary(likelihood, theta, free, ll)
        if probe is None or probe[0] in let_go:
            break
        k, value = probe
        let_go.add(k)
        free[k], theta[k] = True, value
    return _told(likelihood, theta, free, converged=converged)


def _climb(
    likelihood: Likelihood, theta: FloatArray, free: NDArray[np.bool_]
) -> tuple[FloatArray, float, bool]:
    """Return the maximum over the free parameters; those that reach the boundary are freed no more (in place)."""
    Q, before = len(theta), np.inf
    ll, g, H, _ = likelihood.derivatives(theta)
    for number in range(_NEWTON_STEPS):
        own = np.flatnonzero(free)
        step, gain = _uphill(g[own], H[np.ix_(own, own)])
        if gain < _ENOUGH:
            return theta, ll, True
        if number > 5 and gain > 0.1 * before and theta[Q - 2 :][free[Q - 2 :]].min(initial=1.0) > _SMALL:
            break  # the information does not lead there fast
        before = gain
        found = _line(likelihood, theta, own, step, ll)
        if found is None:
            break
        theta, (ll, g, H, _) = found
        for k in (Q - 2, Q - 1):
            if free[k] and theta[k] < _SMALL:
                none = theta.copy()
                none[k] = 0.0
                if likelihood.value(none) >= ll - _WORTH:
                    free[k], theta = False, none
                    ll, g, H, _ = likelihood.derivatives(theta)
    return _secant(likelihood, theta, free, H)


def _uphill(g: FloatArray, H: FloatArray) -> tuple[FloatArray, float]:
    """Return a Newton step, uphill even where H is indefinite, and the gain it promises."""
    values, vectors = np.linalg.eigh(H)
    values = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
    along = vectors.T @ g
    return vectors @ (along / values), float(0.5 * (along * along / values).sum())


def _line(
    likelihood: Likelihood, theta: FloatArray, own: NDArray[np.intp], step: FloatArray, ll: float
) -> tuple[FloatArray, tuple[float, FloatArray, FloatArray, FloatArray]] | None:
    """Return the first point along a step that gains, halving it; None if none does."""
    Q, whole = len(theta), np.zeros(len(theta))
    whole[own] = step
    longest = np.abs(whole[Q - 2 :]).max()
    whole *= min(1.0, _LONGEST / longest) if longest > 0 else 1.0
    for _ in range(30):
        new = theta + whole
        new[Q - 2 :] = np.maximum(new[Q - 2 :], 0.2 * theta[Q - 2 :])
        found = likelihood.derivatives(new)
        if found[0] > ll - 1e-12 * abs(ll):
            return new, found
        whole *= 0.5
    return None


def _secant(
    likelihood: Likelihood, theta: FloatArray, free: NDArray[np.bool_], H: FloatArray
) -> tuple[FloatArray, float, bool]:
    """Maximise by BFGS (scipy) with the exact gradient, in coordinates in which H is the unit matrix."""
    from scipy.optimize import minimize

    own = np.flatnonzero(free)
    values, vectors = np.linalg.eigh(H[np.ix_(own, own)])
    root = vectors / np.sqrt(np.maximum(np.abs(values), 1e-8 * np.abs(values).max()))

    def place(z: FloatArray) -> FloatArray:
        whole = theta.copy()
        whole[own] += root @ z
        return whole

    def objective(z: FloatArray) -> tuple[float, FloatArray]:
        at = place(z)
        signs = np.where(at < 0, -1.0, 1.0)
        signs[: len(at) - 2] = 1.0  # the likelihood is even in the standard deviations
        at[len(at) - 2 :] = np.abs(at[len(at) - 2 :])
        ll, g, _, _ = likelihood.derivatives(at, information=False)
        return -ll, -(root.T @ (g * signs)[own])

    found = minimize(
        objective,
        np.zeros(len(own)),
        jac=True,
        method="BFGS",
        options={"gtol": 1e-6, "maxiter": _SECANT_STEPS},
    )
    at = place(found.x)
    at[len(at) - 2 :] = np.abs(at[len(at) - 2 :])
    gradient = np.abs(objective(found.x)[1]).max()
    return at, -float(found.fun), bool(gradient < 1e-4)


def _rising_from_boundary(
    likelihood: Likelihood, theta: FloatArray, free: NDArray[np.bool_], ll: float
) -> tuple[int, float] | None:
    """Return a standard deviation at 0 beside which the likelihood is higher, and where."""
    Q = len(theta)
    for k in (Q - 2, Q - 1):
        if free[k] or (k == Q - 2 and not likelihood.nested.has_outer):
            continue
        for value in _PROBES:
            beside = theta.copy()
            beside[k] = value
            if likelihood.value(beside) > ll + _WORTH * abs(ll):
                return k, value
    return None


def _told(
    likelihood: Likelihood, theta: FloatArray, free: NDArray[np.bool_], *, converged: bool
) -> NestedMaximum:
    """Return the maximum with its covariance: Louis' information, or differences of the gradient with few points."""
    ll, _, H, squares = likelihood.derivatives(theta, squares=True)
    own = np.flatnonzero(free)
    if likelihood.points < _FEW_POINTS:
        H = np.zeros_like(H)
        for k in own:
            gradients = []
            for step in (_DIFFERENCE, -_DIFFERENCE):
                at = theta.copy()
                at[k] += step
                gradients.append(likelihood.derivatives(at, information=False)[1])
            H[:, k] = (gradients[1] - gradients[0]) / (2.0 * _DIFFERENCE)
        H = 0.5 * (H + H.T)
    covariance = np.full_like(H, np.nan)
    information = H[np.ix_(own, own)]
    if np.linalg.eigvalsh(information).min(initial=np.inf) > 0:
        covariance[np.ix_(own, own)] = np.linalg.inv(information)
    else:
        converged = False
    return NestedMaximum(
        theta=theta, free=free, log_likelihood=ll, covariance=covariance, squares=squares, converged=converged
    )
