"""Influence values of RIF coefficients: a row moves the regression, and every other row's influence value.

With z the columns, p the shares of weight and H = E[z z'], the coefficients b are H^-1 E[z rif]. A point mass
at row i changes them by H^-1 (z_i (rif_i - z_i'b) + sum_j p_j z_j d rif_j(i)). The sum is what a regression
that takes the influence values as known leaves out: it matters most for a term that is the rank itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.arrays import FloatArray, IntArray
from engine.estimators.index.indices import Index
from engine.estimators.regression.rif_fit import RifFit
from engine.kernels.index import indices as codes
from engine.kernels.index.numerators import RankedSample, shape, shape_slope
from engine.kernels.regression.small_matrices import product, times, weighted_rows


def coefficient_influence(index: Index, sample: RankedSample, Z: FloatArray, fit: RifFit) -> FloatArray:
    """Return the influence values (n, q) of the coefficients of scaled columns Z (n, q)."""
    assert fit.beta is not None  # noqa: S101 - narrowing for mypy; only an estimated model has influence values
    assert fit.inverse is not None  # noqa: S101
    shares = sample.weight[:, None] * Z / fit.W
    own = Z * (fit.rif - times(Z, fit.beta))[:, None]
    return product(own + _of_other_rows(index, sample, shares, fit), fit.inverse)


def _of_other_rows(index: Index, sample: RankedSample, shares: FloatArray, fit: RifFit) -> FloatArray:
    """Return sum_j c_j d rif_j(i) for every row i and every column of c = `shares` (n, q): (n, q).

    rif = I + I_N z + I_mu (y - mu), with z the influence of the numerator N: its change holds the second
    derivatives of the index and the change of z.
    """
    d, z = (sample.outcome - fit.mu)[:, None], fit.influence[:, None]
    by_N, by_mu = index.gradient(fit.N, fit.mu)
    N_mu, mu_mu = _curvature(index, fit)
    total, moved_z, moved_y = _sums(shares, fit.influence, d[:, 0])
    if index.is_midrank:
        of_influence = _midrank_changes(sample, shares, fit)
    else:
        of_influence = _shaped_changes(index, sample, shares, fit)
    changes: FloatArray = (
        total * (by_N * z + by_mu * d)
        + N_mu * d * moved_z
        + by_N * of_influence
        + (N_mu * z + mu_mu * d) * moved_y
        - by_mu * total * d
    )
    return changes


def _sums(shares: FloatArray, *values: FloatArray) -> list[FloatArray]:
    """Return the sums (q,) of the columns of shares (n, q), alone and with each of some values (n,)."""
    return [weighted_rows(one, shares) for one in (np.ones(len(shares)), *values)]


def _curvature(index: Index, fit: RifFit) -> tuple[float, float]:
    """Return the second derivatives of an index by N and mu, and by mu twice; every index is linear in N."""
    N_mu = index.gradient(1.0, fit.mu)[1]
    mu, a, b = fit.mu, *index.bounds
    if index.name == "wagstaff":
        return N_mu, 2.0 * fit.N * (1.0 / (b - mu) ** 3 + 1.0 / (mu - a) ** 3)
    if index.name == "modified":
        return N_mu, 2.0 * fit.N / (mu - a) ** 3
    return N_mu, 2.0 * fit.N / mu**3 if index.is_relative else 0.0


def _midrank_changes(sample: RankedSample, shares: FloatArray, fit: RifFit) -> FloatArray:
    """Return sum_j c_j dz_j(i) of the mid-rank numerator: (n, q).

    z_j = 2 [sum_l p_l (y_j - y_l) h(l, j) - (y_j - mu) / 2 - N], h = 1 where l ranks below j, 1/2 in a tie.
    """
    d, z = (sample.outcome - fit.mu)[:, None], fit.influence[:, None]
    total, moved_z, moved_y = _sums(shares, fit.influence, d[:, 0])
    above, amount_above = (_above(sample.tie_end, c) for c in (shares, shares * d))
    pairs = 2.0 * (amount_above - d * above)
    changes: FloatArray = pairs - moved_z - moved_y + total * (d - 2.0 * fit.N - 2.0 * z)
    return changes


def _above(tie_end: IntArray, values: FloatArray) -> FloatArray:
    """Return the sums (n, q) of values (n, q) over rows that rank above each row, ties counting half."""
    inside = np.add.reduceat(values, np.append(0, tie_end[:-1]), axis=0)
    above = inside[::-1].cumsum(axis=0)[::-1] - 0.5 * inside
    return np.repeat(above, np.diff(tie_end, prepend=0), axis=0)


class _TieGroups(NamedTuple):
    """Of each tie group (t,): its share f, shares p up to its end and before it, and the mean m of y - mu.

    slope: (phi(p) - phi(before)) / f; D, D_before: phi' at both ends; bend: phi'' at its end.
    """

    f: FloatArray
    p: FloatArray
    before: FloatArray
    m: FloatArray
    slope: FloatArray
    D: FloatArray
    D_before: FloatArray
    bend: FloatArray


def _tie_groups(index: Index, sample: RankedSample, fit: RifFit) -> _TieGroups:
    start = np.append(0, sample.tie_end[:-1])
    inside = np.add.reduceat(sample.weight, start)
    f, p = inside / fit.W, np.minimum(inside.cumsum() / fit.W, 1.0)
    before = np.append(0.0, p[:-1])
    m = np.add.reduceat(sample.weight * (sample.outcome - fit.mu), start) / inside
    family, parameter = index.family, index.parameter
    phi = np.array([shape(family, at, parameter) for at in np.append(0.0, p)])
    D = np.array([shape_slope(family, at, parameter) for at in np.append(0.0, p)])
    return _TieGroups(
        f=f,
        p=p,
        before=before,
        m=m,
        slope=np.diff(phi) / f,
        D=D[1:],
        D_before=D[:-1],
        bend=np.array([_shape_bend(family, at, parameter) for at in p]),
    )


def _shape_bend(family: int, p: float, parameter: float) -> float:
    """Return phi''(p); 0 at p = 1, which no row moves, and at the middle of a symmetric index with a kink."""
    base = 1.0 - p if family == codes.EXTENDED_FAMILY else abs(p - 0.5)
    if base <= 0.0:
        return 0.0
    scale = 1.0 if family == codes.EXTENDED_FAMILY else 2.0**parameter / 4.0
    return scale * parameter * (parameter - 1.0) * float(base ** (parameter - 2.0))


def _shaped_changes(index: Index, sample: RankedSample, shares: FloatArray, fit: RifFit) -> FloatArray:
    """Return sum_j c_j dz_j(i) of the extended or symmetric numerator: (n, q).

    The sum over j is a function of the shares p_t, the sizes f_t and the means m_t of the tie groups, whose
    changes by a row i in group s are 1[s <= t] - p_t, 1[s = t] - f_t and 1[s = t] (d_i - m_t) / f_t - d_i,
    with d = y - mu; d itself changes by -d_i in every row.
    """
    t, d = _tie_groups(index, sample, fit), (sample.outcome - fit.mu)[:, None]
    start, sizes = np.append(0, sample.tie_end[:-1]), np.diff(sample.tie_end, prepend=0)
    C, E = (np.add.reduceat(c, start, axis=0) for c in (shares, shares * d))
    total = C.sum(axis=0)
    f, p, before, m, slope, D, D_before, bend = (column[:, None] for column in t)
    below = C.cumsum(axis=0) - C  # the c of groups ranked below
    gap = (E - C * m) / f
    by_m = C * (D - slope) + (D - D_before) * below - total * (D * p - D_before * before)
    next_m, next_gap, next_below = (_next(values) for values in (m, gap, below))
    by_D = C * m + m * below - next_m * next_below - total * p * (m - next_m)
    by_p = by_D * bend + total * D * (next_m - m) + D * (gap - next_gap)
    by_f = -gap * slope
    # What a row changes through its own group, through all groups above, and through means and totals.
    of_group = by_f - by_m * m / f + by_p[::-1].cumsum(axis=0)[::-1]
    everywhere = (by_p * p).sum(axis=0) + (by_f * f).sum(axis=0)
    by_outcome = by_m.sum(axis=0) + (C * slope).sum(axis=0)
    if index.family == codes.EXTENDED_FAMILY:
        by_outcome = by_outcome + total
    own = np.repeat(by_m / f, sizes, axis=0)
    changes: FloatArray = np.repeat(of_group, sizes, axis=0) - everywhere + d * (own - by_outcome)
    return changes


def _next(values: FloatArray) -> FloatArray:
    """Return the values (t, q) of the next tie group, 0 after the last."""
    shifted = np.zeros_like(values)
    shifted[:-1] = values[1:]
    return shifted
