"""Sums over domains (levels x waves) in one pass, for tables of counts, means and rates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.survey.order_free import SLICES, add_term, grids

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
UnitArray = NDArray[np.int32]

FAR = 20.0  # standard deviations from 0: the rest of a mean that is closer costs no digit


@kernel
def _largest(domain: UnitArray, n_domains: int, terms: FloatArray) -> FloatArray:
    """Return the largest size of a term (n,) in each domain (m,)."""
    out = np.zeros(n_domains)
    for i in range(domain.shape[0]):
        if domain[i] >= 0:
            out[domain[i]] = max(out[domain[i]], abs(terms[i]))
    return out


@kernel
def _added(domain: UnitArray, n_domains: int, terms: FloatArray) -> FloatArray:
    """Return the sum of the terms (n,) in each domain (m,), the same for any order of the rows."""
    grid = grids(_largest(domain, n_domains, terms), domain.shape[0])
    slices = np.zeros((n_domains, SLICES))
    for i in range(domain.shape[0]):
        if domain[i] >= 0:
            add_term(slices[domain[i]], grid[domain[i]], terms[i])
    return slices[:, 0] + slices[:, 1] + slices[:, 2]


@kernel
def domain_sums(
    domain: UnitArray, n_domains: int, count: IntArray, weight: FloatArray, value: FloatArray
) -> FloatArray:
    """Return people, sum w, sum w v, sum w (v - mean)^2 and the rest of the mean of each domain: (m, 5).

    The mean is the rounded sum w v / sum w. The rest is the weighted mean of v - mean, which rounding leaves
    out: where values lie around a billion, it has digits that errors need. It is 0 where it has none.
    Each row stands for count (n,) people with the sum of their weights; domain (n,) holds the number of its
    domain, -1 for none; value (n,) has no NaN inside domains. No sum depends on the order of the rows.
    """
    n = domain.shape[0]
    out = np.zeros((n_domains, 5))
    terms = np.zeros(n)
    largest_weight, largest_term = np.zeros(n_domains), np.zeros(n_domains)
    for i in range(n):
        d = domain[i]
        if d >= 0:
            out[d, 0] += count[i]
            terms[i] = weight[i] * value[i]
            largest_weight[d] = max(largest_weight[d], abs(weight[i]))
            largest_term[d] = max(largest_term[d], abs(terms[i]))
    grid, grid_of_terms = grids(largest_weight, n), grids(largest_term, n)
    weights, totals = np.zeros((n_domains, SLICES)), np.zeros((n_domains, SLICES))
    for i in range(n):
        d = domain[i]
        if d >= 0:
            add_term(weights[d], grid[d], weight[i])
            add_term(totals[d], grid_of_terms[d], terms[i])
    for d in range(n_domains):
        out[d, 1] = weights[d, 0] + weights[d, 1] + weights[d, 2]
        out[d, 2] = totals[d, 0] + totals[d, 1] + totals[d, 2]
    _add_deviations(domain, weight, value, out)
    return out


@kernel
def _add_deviations(domain: UnitArray, weight: FloatArray, value: FloatArray, out: FloatArray) -> None:
    """Write the sums of squares, and the rests, to the sums (m, 5) of domains."""
    n, n_domains = domain.shape[0], out.shape[0]
    terms = np.zeros(n)
    for i in range(n):
        d = domain[i]
        if d >= 0 and out[d, 1] > 0.0:
            terms[i] = weight[i] * (value[i] - out[d, 2] / out[d, 1]) ** 2
    out[:, 3] = _added(domain, n_domains, terms)
    is_far = np.zeros(n_domains, np.bool_)
    for d in range(n_domains):
        is_far[d] = abs(out[d, 2]) > FAR * math.sqrt(out[d, 3] * out[d, 1])
    if not is_far.any():
        return
    for i in range(n):
        d = domain[i]
        if d >= 0 and out[d, 1] > 0.0:
            terms[i] = weight[i] * (value[i] - out[d, 2] / out[d, 1])
    rests = _added(domain, n_domains, terms)
    for d in range(n_domains):
        if is_far[d]:
            out[d, 4] = rests[d] / out[d, 1]
            out[d, 3] = max(out[d, 3] - rests[d] * out[d, 4], 0.0)


@kernel
def merged_rows(
    cell: UnitArray, n_cells: int, count: IntArray, weight: FloatArray, weight_squares: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return of each cell (c,) a row and its people, and (c, 2) its sums of weights and of their squares.

    cell (n,) is the number of each row's cell; every cell has rows. No sum depends on the order of the rows.
    """
    row, people = np.zeros(n_cells, np.int64), np.zeros(n_cells, np.int64)
    for i in range(cell.shape[0]):
        row[cell[i]] = i
        people[cell[i]] += count[i]
    sums = np.empty((n_cells, 2))
    sums[:, 0] = _added(cell, n_cells, weight)
    sums[:, 1] = _added(cell, n_cells, weight_squares)
    return row, people, sums


@kernel
def _linearised(domain: UnitArray, sums: FloatArray, weight: FloatArray, value: FloatArray) -> FloatArray:
    """Return w (v - mean) / W of each row (n,), with mean and W of the row's domain; 0 outside domains.

    sums (m, 5) is the result of `domain_sums`, and the mean is that with its rest.
    """
    terms = np.zeros(domain.shape[0])
    for i in range(domain.shape[0]):
        d = domain[i]
        if d >= 0:
            W = sums[d, 1]
            terms[i] = weight[i] * (value[i] - sums[d, 2] / W - sums[d, 4]) / W
    return terms


@kernel
def replicate_deviations(
    domain: UnitArray, means: FloatArray, rests: FloatArray, weights: FloatArray, value: FloatArray
) -> FloatArray:
    """Return what the mean of each domain becomes with each replicate's weights, less its mean: (m, r).

    domain, value (n,), means (m,) with their rests, weights (r, n); NaN where a replicate has no weight in a
    domain.
    """
    out = np.empty((means.shape[0], weights.shape[0]))
    total = np.empty(means.shape[0])
    amount = np.empty(means.shape[0])
    for r in range(weights.shape[0]):
        total[:] = 0.0
        amount[:] = 0.0
        for i in range(domain.shape[0]):
            d = domain[i]
            if d >= 0:
                total[d] += weights[r, i]
                amount[d] += weights[r, i] * (value[i] - means[d] - rests[d])
        for d in range(means.shape[0]):
            out[d, r] = amount[d] / total[d] if total[d] > 0.0 else np.nan
    return out


@kernel
def domain_mean_totals(
    domain: UnitArray,
    sums: FloatArray,
    weight: FloatArray,
    value: FloatArray,
    unit: UnitArray,
    n_units: int,
) -> FloatArray:
    """Return the sums by unit of w (v - mean) / W, with mean and W of the row's domain: (m, u).

    These are the linearised totals of domain means (ratio estimators); sums (m, 5) is the result of
    `domain_sums`.
    """
    terms = _linearised(domain, sums, weight, value)
    grid = grids(_largest(domain, sums.shape[0], terms), domain.shape[0])
    slices = np.zeros((sums.shape[0], n_units, SLICES))
    for i in range(domain.shape[0]):
        if domain[i] >= 0:
            add_term(slices[domain[i], unit[i]], grid[domain[i]], terms[i])
    return slices[:, :, 0] + slices[:, :, 1] + slices[:, :, 2]


@kernel
def domain_row_moments(
    domain: UnitArray,
    sums: FloatArray,
    count: IntArray,
    weight: FloatArray,
    weight_squares: FloatArray,
    value: FloatArray,
    stratum: IntArray,
    n_strata: int,
) -> FloatArray:
    """Return people, sum d and sum d^2 of d = w (v - mean) / W by domain and stratum: (m, h, 3).

    Enough for the variance when every person is a sampling unit; stratum (n,). A row stands for count (n,)
    people of one value with the sums of their weights and of their squares.
    """
    n_domains = sums.shape[0]
    terms = _linearised(domain, sums, weight, value)
    second = np.zeros(domain.shape[0])
    for i in range(domain.shape[0]):
        d = domain[i]
        if d >= 0:
            deviation = (value[i] - sums[d, 2] / sums[d, 1] - sums[d, 4]) / sums[d, 1]
            second[i] = weight_squares[i] * (deviation * deviation)
    grid = grids(_largest(domain, n_domains, terms), domain.shape[0])
    grid_of_squares = grids(_largest(domain, n_domains, second), domain.shape[0])
    slices, squares = np.zeros((n_domains, n_strata, SLICES)), np.zeros((n_domains, n_strata, SLICES))
    out = np.zeros((n_domains, n_strata, 3))
    for i in range(domain.shape[0]):
        d = domain[i]
        if d >= 0:
            out[d, stratum[i], 0] += count[i]
            add_term(slices[d, stratum[i]], grid[d], terms[i])
            add_term(squares[d, stratum[i]], grid_of_squares[d], second[i])
    for d in range(n_domains):
        for h in range(n_strata):
            out[d, h, 1] = slices[d, h, 0] + slices[d, h, 1] + slices[d, h, 2]
            out[d, h, 2] = squares[d, h, 0] + squares[d, h, 1] + squares[d, h, 2]
    return out


@kernel
def domain_units(
    domain: UnitArray, n_domains: int, unit: UnitArray, stratum_of_unit: IntArray
) -> tuple[IntArray, IntArray]:
    """Return how many sampling units and how many strata have rows in each domain: (m,) each."""
    n_units = stratum_of_unit.shape[0]
    seen = np.zeros((n_domains, n_units), np.bool_)
    for i in range(domain.shape[0]):
        if domain[i] >= 0:
            seen[domain[i], unit[i]] = True
    units, strata = np.zeros(n_domains, np.int64), np.zeros(n_domains, np.int64)
    for d in range(n_domains):
        last = -1
        for u in range(n_units):
            if seen[d, u]:
                units[d] += 1
                if stratum_of_unit[u] != last:
                    strata[d] += 1
                    last = stratum_of_unit[u]
    return units, strata
