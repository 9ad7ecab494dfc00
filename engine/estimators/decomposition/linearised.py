"""Linearised standard errors of every quantity of a decomposition.

Means, ranks, concentration indices and coefficients are all estimates, with influence values of their own.
Every quantity is arithmetic of these, written as in `quantities`, and its influence values follow by the
chain rule (Deville 1999). The design variance of their totals by sampling unit is the variance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.arrays import FloatArray, SampleArrays
from engine.estimators.decomposition.covariates import Covariates
from engine.estimators.decomposition.fit import DecompositionModel
from engine.estimators.decomposition.linearised_effects import (
    LinearisedModel,
    LinearisedRows,
    ModelColumns,
    influence_of,
)
from engine.estimators.decomposition.quantities import Quantities, Quantity, column_groups
from engine.estimators.index.indices import Index
from engine.estimators.moments.estimand import Estimand
from engine.estimators.sample.design_variance import covariance_of_units
from engine.estimators.sample.group_sample import GroupSample
from engine.kernels.index.numerators import weighted_mean

_OF_A_CHANGE = ("elasticity", "concentration_index", "contribution", "residual")


@dataclass(frozen=True, slots=True, kw_only=True)
class Linearised:
    """What is linearised of a group.

    Attributes
    ----------
    std_errors
        The standard error of each quantity that has one.
    parts, factor
        For the change between groups: the quantities that it is made of, and what elasticity times
        concentration index is multiplied by; with totals (u,) of all sampling units. Empty and None where no
        change is asked for, and without a model.
    """

    std_errors: Mapping[Quantity, float] = field(default_factory=dict)
    parts: Mapping[Quantity, Estimand] = field(default_factory=dict)
    factor: Estimand | None = None


class LinearisedDecomposition:
    """The decomposition of one group; `quantities` are its estimates."""

    def __init__(
        self,
        arrays: SampleArrays,
        sample: GroupSample,
        covariates: Covariates,
        index: Index,
        quantities: Quantities,
    ) -> None:
        self._sample, self._design = sample, arrays.design
        self._covariates, self._index, self._known = covariates, index, quantities
        self._rows = LinearisedRows(sample=sample, design=arrays.design, X=ModelColumns(covariates))

    def linearised(
        self, model: DecompositionModel | None, beta: FloatArray, *, keeps_parts: bool
    ) -> Linearised:
        """Return the standard error of each quantity that has one; of the index alone without a model."""
        std_errors: dict[Quantity, float] = {}
        parts: dict[Quantity, Estimand] = {}
        for quantity, found in self._linearised(model, beta):
            if np.isfinite(self._known[quantity][0]) and np.isfinite(found.value):
                std_errors[quantity] = self._std_error(found)
            if keeps_parts and quantity[0] in (self._index.name, *_OF_A_CHANGE):
                parts[quantity] = self._of_all_units(found)
        if ("residual", "") not in parts:
            return Linearised(std_errors=std_errors)
        mu, scale, _ = self._outcome()
        return Linearised(std_errors=std_errors, parts=parts, factor=self._of_all_units(scale * mu))

    def _of_all_units(self, found: Estimand) -> Estimand:
        totals = np.zeros(self._design.n_units)
        totals[self._sample.units] = influence_of(found)
        return Estimand(found.value, totals)

    def _std_error(self, found: Estimand) -> float:
        totals = influence_of(found)[None, :]
        return float(np.sqrt(covariance_of_units(self._sample.units, totals, self._design)[0, 0]))

    def _linearised(
        self, model: DecompositionModel | None, beta: FloatArray
    ) -> Iterator[tuple[Quantity, Estimand]]:
        """Yield each quantity; one at a time, because each holds a number for every sampling unit."""
        mu, scale, GC = self._outcome()
        whole = scale * GC
        yield (self._index.name, ""), whole
        fitted = None if model is None else LinearisedModel(self._rows, model, beta)
        if model is None or fitted is None or fitted.is_singular:
            return
        contributions: dict[int, Estimand] = {}
        effects = fitted.effects(self._covariates.factor)
        for k in range(1, len(effects)):
            spread = float(self._covariates.spread[k])
            effect = effects[k].times(1.0 / spread)
            mean = Estimand(self._known["mean", k][0], self._rows.means[k].times(spread).influence)
            ranked = self._rows.generalized(self._rows.X[k]).times(spread)
            contributions[k] = scale * effect * ranked
            yield ("mean", k), mean
            yield ("effect", k), effect
            yield ("elasticity", k), effect * mean / mu
            yield ("concentration_index", k), ranked / mean
            yield ("contribution", k), contributions[k]
            yield ("share", k), (contributions[k] / whole).times(100.0)
        yield from self._of_groups(contributions, whole)
        if model.predicts_need:
            predicted = fitted.need_predicted(self._covariates.is_need.tolist())
            yield ("horizontal_inequity", "standardised"), scale * (GC - predicted)

    def _outcome(self) -> tuple[Estimand, Estimand, Estimand]:
        """Return the mean of the outcome, the factor that turns GC into the index, and GC."""
        sample, index = self._sample, self._index
        values = sample.without_offset
        centre = weighted_mean(sample.weight, values)[1]
        mean = index.snapped(np.array([sample.mu]), sample.largest)[0]
        mu = Estimand(np.array(mean), self._rows.totals(values - centre))
        scale = mu.through(
            lambda at: _defined(index.value(1.0, float(at))),
            lambda at: _defined(index.gradient(1.0, float(at))[1]),
        )
        return mu, scale, self._rows.generalized(values)

    def _of_groups(
        self, contributions: dict[int, Estimand], whole: Estimand
    ) -> Iterator[tuple[Quantity, Estimand]]:
        """Yield contribution and share of groups of columns and of the residual, and the inequity."""
        for name, columns in column_groups(self._covariates).items():
            of_group = _sum_of([contributions[k] for k in columns], whole)
            yield ("contribution", name), of_group
            yield ("share", name), (of_group / whole).times(100.0)
            if name == "need":
                yield ("horizontal_inequity", "difference"), whole - of_group
        residual = whole - _sum_of([*contributions.values()], whole)
        yield ("residual", ""), residual
        yield ("share", "residual"), (residual / whole).times(100.0)


def _defined(value: float) -> FloatArray:
    """Return a number; NaN where it is infinite, as an index of a mean of 0 is."""
    return np.array(value if np.isfinite(value) else np.nan)


def _sum_of(parts: list[Estimand], like: Estimand) -> Estimand:
    """Return the sum of estimands; that of none is 0, with as many totals as another."""
    total = like.times(0.0)
    for part in parts:
        total = total + part
    return total
