"""The quantities of a decomposition: effects, elasticities, contributions, shares and horizontal inequity.

Everything is multiplied by the factor that turns the generalized index GC into the requested index, so that
contributions and residual add up to it exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from engine.arrays import FloatArray
from engine.estimators.decomposition.covariates import Covariates
from engine.estimators.decomposition.fit import USABLE
from engine.estimators.index.indices import Index
from engine.estimators.sample.group_sample import NEARLY
from engine.kernels.decomposition.decomposition import DecompositionNumbers

Quantity = tuple[str, int | str]
"""A measure, and what it is about: the number of a column, or the name of a group of columns.

The name is empty for the index and the residual, and one of ``term x``, ``need``, ``non-need``, ``residual``,
``difference`` and ``standardised`` otherwise.
"""
Quantities = Mapping[Quantity, FloatArray]
"""Each quantity by replicate (r,), NaN where undefined; of the sample itself there is one."""


def quantities_of(
    numbers: DecompositionNumbers,
    covariates: Covariates,
    index: Index,
    centre: float,
    largest: float,
    *,
    predicts_need: bool,
) -> dict[Quantity, FloatArray]:
    """Turn a kernel's numbers into quantities.

    The outcome is centred at `centre`, its largest absolute value is `largest`: a mean that only rounding
    keeps from 0 is 0, so that nothing is a share of it.
    """
    W, T, S = numbers.total.T
    with np.errstate(divide="ignore", invalid="ignore"):
        mu = index.snapped(T / W, largest)
        GC = 2.0 * S / (W * W) - (mu - centre)
        scale = index.values(np.ones(len(mu)), mu)
        whole = scale * GC
        ranked, effect = covariates.spread * numbers.ranked, numbers.effect / covariates.spread
        contribution = scale[:, None] * effect * ranked
        contribution[:, 0] = 0.0  # the constant does not vary
        means = _snapped(covariates.centre + covariates.spread * numbers.mean, covariates)
        values: dict[Quantity, FloatArray] = {(index.name, ""): whole}
        for k in range(1, means.shape[1]):
            values["mean", k] = means[:, k]
            values["effect", k] = effect[:, k]
            values["elasticity", k] = effect[:, k] * means[:, k] / mu
            values["concentration_index", k] = ranked[:, k] / means[:, k]
            values["contribution", k] = contribution[:, k]
            values["share", k] = 100.0 * contribution[:, k] / whole
        values.update(_of_groups(contribution, whole, covariates))
        if covariates.is_need.any():
            values["horizontal_inequity", "difference"] = whole - values["contribution", "need"]
            if predicts_need:
                values["horizontal_inequity", "standardised"] = scale * (GC - numbers.need[:, 1])
    # The index itself needs no model.
    usable = np.isin(numbers.status, USABLE) & (numbers.drawn > 1)
    return {
        quantity: np.where(np.isfinite(value) & (usable | (quantity == (index.name, ""))), value, np.nan)
        for quantity, value in values.items()
    }


def _snapped(means: FloatArray, covariates: Covariates) -> FloatArray:
    """Return the means (r, q) of columns, 0 where they differ from it by rounding only."""
    largest = np.abs(covariates.ranges()).max(axis=0)
    return np.where(abs(means) <= NEARLY * largest, 0.0, means)


def _of_groups(
    contribution: FloatArray, whole: FloatArray, covariates: Covariates
) -> Iterator[tuple[Quantity, FloatArray]]:
    """Yield contribution and share of groups of columns and of the residual.

    Takes the contributions (r, q) of columns, and the index (r,).
    """
    for name, columns in column_groups(covariates).items():
        of_group = contribution[:, columns].sum(axis=1)
        yield ("contribution", name), of_group
        yield ("share", name), 100.0 * of_group / whole
    residual = whole - contribution.sum(axis=1)
    yield ("residual", ""), residual
    yield ("share", "residual"), 100.0 * residual / whole


def column_groups(covariates: Covariates) -> dict[str, list[int]]:
    """Return the columns of each factor that has several, and of need and the rest."""
    of_term: dict[str, list[int]] = {}
    for k, column in enumerate(covariates.columns, start=1):
        of_term.setdefault(f"term {column.term}", []).append(k)
    groups = {name: columns for name, columns in of_term.items() if len(columns) > 1}
    if covariates.is_need.any():
        groups["need"] = np.flatnonzero(covariates.is_need).tolist()
        groups["non-need"] = [int(k) for k in np.flatnonzero(~covariates.is_need) if k > 0]
    return groups
