"""Rao and Scott's test that two factors are independent, or an event and a factor, in any survey design.

Pearson's statistic of the weighted table is divided by the design effects that its contrasts have (Rao and
Scott 1984, second order; the "F" of R's `svychisq`). The covariance of the cells is that of domain means, so
that clusters, replicate weights and rows of several people all count.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from engine.arrays import FloatArray, Group, IntArray, TableArrays, UnitArray
from engine.estimators.sample.design_variance import NO_DEGREES
from engine.estimators.tables.domain_degrees import domain_degrees
from engine.estimators.tables.domain_means import DomainMeans, domain_means
from engine.estimators.tables.domain_rows import NO_OBSERVATIONS, domain_row
from engine.kernels.regression.small_matrices import inverse, product
from engine.results import TidyRow

MEASURE = "rao_scott_f"
METHOD = "Rao-Scott, second order"
ONE_LEVEL = "one level only"


def independence_row(table: TableArrays, row: IntArray, column: IntArray, base: TidyRow) -> TidyRow:
    """Return the test that rows and columns of a table are independent.

    Parameters
    ----------
    table
        Weights, units and design of the N rows.
    row, column
        (N,) where each row stands in the table; -1 in any of the two leaves it out.
    base
        The labels of the test.
    """
    inside = (row >= 0) & (column >= 0) & (table.weight > 0.0)
    base = replace(base, measure=MEASURE, conf_level=None)
    if not inside.any():
        return replace(base, status=NO_OBSERVATIONS)
    (rows, r), (columns, c) = (_numbered(one, inside) for one in (row, column))
    domain = np.where(inside, 0, -1).astype(np.int32)
    cell = np.where(inside, rows * c + columns, 0)
    shares = np.bincount(cell[inside], table.weight[inside], minlength=r * c)
    p = shares / shares.sum()
    means = domain_means(table, domain, 1, (cell == 0).astype(np.float64))
    counted = domain_row(means, 0, Group(wave=base.wave, subgroup=base.subgroup))
    base = replace(
        base,
        n_obs=counted.n_obs,
        n_clusters=counted.n_clusters,
        sum_weights=counted.sum_weights,
        n_replicates=counted.n_replicates,
        n_failed=counted.n_failed,
    )
    if min(r, c) < 2:
        return replace(base, status=ONE_LEVEL)
    of_levels = ((np.where(inside, rows, -1), r), (np.where(inside, columns, -1), c))
    if means.degrees[0] < 1 or any(_has_lonely(table, level, n) for level, n in of_levels):
        return replace(base, status=NO_DEGREES)
    return _tested(table, domain, cell, p.reshape(r, c), means, base)


def _has_lonely(table: TableArrays, level: IntArray, n_levels: int) -> bool:
    """Say whether one of the levels (N,) has people of one cluster only: their shares do not vary.

    Without clusters a level of one person is a small cell, which the test bears.
    """
    if table.replicate_weights is None and not table.design.has_clusters:
        return False
    return bool((domain_degrees(table, level.astype(np.int32), n_levels) < 1).any())


def _numbered(places: IntArray, inside: NDArray[np.bool_]) -> tuple[IntArray, int]:
    """Number the levels that occur from 0; return each row's (N,) and how many there are."""
    seen = np.unique(places[inside])
    return np.searchsorted(seen, np.where(inside, places, seen[0])), len(seen)


def _contrasts(r: int, c: int) -> FloatArray:
    """Return the interaction of rows and columns without their main effects: (r c, (r - 1) (c - 1))."""
    of_rows, of_columns = ((np.eye(size) - 1.0 / size)[:, 1:] for size in (r, c))
    contrasts: FloatArray = np.kron(of_rows, of_columns).astype(np.float64)
    return contrasts


def _tested(
    table: TableArrays, domain: UnitArray, cell: IntArray, p: FloatArray, means: DomainMeans, base: TidyRow
) -> TidyRow:
    expected = np.outer(p.sum(axis=1), p.sum(axis=0))
    X2 = float(((p - expected) ** 2 / expected).sum())  # for one person; their number cancels below
    with np.errstate(divide="ignore"):
        weighted = _contrasts(*p.shape) * np.where(p > 0.0, 1.0 / p, 0.0).reshape(-1, 1)
    at_random = product(np.ascontiguousarray(_contrasts(*p.shape).T), weighted)
    inverted, singular = inverse(at_random)
    V = _covariance(table, domain, cell, weighted)
    effects = product(inverted, V)
    trace, of_square = float(np.trace(effects)), float(np.trace(product(effects, effects)))
    if singular >= 0 or not trace > 0.0:
        return replace(base, status="undefined")
    d, nu = trace**2 / of_square, int(means.degrees[0])
    F = X2 / trace
    p_value = float(fdtrc(d, d * nu, F))
    return replace(base, estimate=F, p_value=p_value, method=METHOD, df1=d, df2=d * nu)


def _covariance(table: TableArrays, domain: UnitArray, cell: IntArray, weighted: FloatArray) -> FloatArray:
    """Return the design covariance (k, k) of the means of k values that each cell (q, k) has.

    It comes from variances of sums and differences.
    """

    def variance(values: FloatArray) -> float:
        return float(domain_means(table, domain, 1, values[cell]).std_error[0]) ** 2

    k = weighted.shape[1]
    V = np.empty((k, k))
    for i in range(k):
        for j in range(i + 1):
            both = weighted[:, i] + weighted[:, j]
            apart = weighted[:, i] - weighted[:, j]
            V[i, j] = V[j, i] = 0.25 * (variance(both) - (variance(apart) if i != j else 0.0))
    return V
