"""Directly standardised means of domains: sum over cells of standard share times mean of the cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.arrays import FloatArray, IntArray, TableArrays, UnitArray
from engine.estimators.replicates.replicate_weights import errors_method, replicate_variances
from engine.estimators.sample.standard import Standard, empty_status
from engine.estimators.tables.domain_degrees import domain_degrees
from engine.estimators.tables.domain_means import DomainMeans, domain_means
from engine.kernels.survey.domains import domain_sums


def standardised_means(
    table: TableArrays, domain: UnitArray, n_domains: int, values: FloatArray, standard: Standard
) -> tuple[DomainMeans, dict[int, str]]:
    """Return the standardised mean of a variable in each domain, and why it is undefined in some.

    With r_k the mean of cell k, S_k its standard share and W_k its sum of weights, the linearised value of a
    row is w S_k (y - r_k) / W_k. That of the mean of y - r_k + sum S r with weights w S_k / W_k is the same,
    so that this is the mean of a domain like any other.

    Parameters
    ----------
    table, domain, n_domains, values
        As in `domain_means`; rows of no cell are in no domain.
    standard
        The standard population.
    """
    n_cells = len(standard.share)
    inside = (domain >= 0) & (standard.cell >= 0)
    domain = np.where(inside, domain, -1).astype(np.int32)
    cell = np.where(inside, domain.astype(np.int64) * n_cells + standard.cell, -1)
    sums = domain_sums(cell.astype(np.int32), n_domains * n_cells, table.count, table.weight, values)
    totals, means = sums[:, 1], _cell_means(sums[:, 1], sums[:, 2])
    mean = _standardised(means, standard, n_domains)
    empty = {d: standard.empty(of_domain) for d, of_domain in enumerate(totals.reshape(n_domains, n_cells))}
    undefined = {d: empty_status(names) for d, names in empty.items() if names}
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(inside, standard.share[standard.cell] / totals[cell], 0.0)
        shifted = np.where(inside, values - means[cell] + mean[domain], 0.0)
    adjusted = replace(
        table,
        weight=np.nan_to_num(table.weight * factor),
        weight_squares=np.nan_to_num(table.weight_squares * factor**2),
        replicate_weights=None,
    )
    found = domain_means(adjusted, domain, n_domains, np.nan_to_num(shifted))
    by_domain = totals.reshape(n_domains, n_cells).sum(axis=1) * table.weight_scale
    found = replace(found, mean=mean, sum_weights=by_domain)
    given = table.replicate_weights
    if given is None:
        return found, undefined
    replicates = np.stack(
        [_replicated(weight, cell, values, standard, n_domains) for weight in given.values], axis=1
    )
    variance, n_failed = replicate_variances(replicates - mean[:, None], given)
    return replace(
        found,
        std_error=np.sqrt(variance),
        degrees=domain_degrees(table, domain, n_domains),
        errors=errors_method(given),
        n_replicates=len(given.factors),
        n_failed=n_failed,
    ), undefined


def _cell_means(totals: FloatArray, amounts: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return amounts / totals


def _standardised(means: FloatArray, standard: Standard, n_domains: int) -> FloatArray:
    """Return sum S_k r_k of each domain (m,); NaN where a cell that counts is empty."""
    by_domain = means.reshape(n_domains, len(standard.share))
    counted = np.where(standard.share > 0.0, standard.share * by_domain, 0.0)
    total: FloatArray = counted.sum(axis=1)
    return total


def _replicated(
    weight: FloatArray, cell: IntArray, values: FloatArray, standard: Standard, n_domains: int
) -> FloatArray:
    """Return the standardised means (m,) with the weights (N,) of a replicate."""
    inside, n = cell >= 0, n_domains * len(standard.share)
    totals = np.bincount(cell[inside], weights=weight[inside], minlength=n).astype(np.float64)
    amounts = np.bincount(cell[inside], weights=(weight * values)[inside], minlength=n).astype(np.float64)
    return _standardised(_cell_means(totals, amounts), standard, n_domains)
