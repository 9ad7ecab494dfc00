"""Coefficients and effects of a decomposition's model as estimands: values, and totals by sampling unit.

A fit solves sum w x r = 0 with the scores r of the rows. So the influence values of its coefficients are
A^-1 x r, where A is the weighted mean of x x' v and v is minus the derivative of r by the linear predictor
(Binder 1983). Those of effects follow by the chain rule; the covariates count as estimated too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray
from engine.estimators.decomposition.covariates import Covariates
from engine.estimators.decomposition.fit import DecompositionModel
from engine.estimators.moments.estimand import Estimand
from engine.estimators.sample.group_sample import GroupSample
from engine.kernels.decomposition import effects
from engine.kernels.index.indices import MIDRANK_FAMILY
from engine.kernels.index.numerators import midrank_influence, numerator, weighted_mean
from engine.kernels.regression import links
from engine.kernels.regression.refit import means_and_slopes
from engine.kernels.regression.small_matrices import inverse, product, times
from engine.kernels.survey.design_variance import add_unit_totals

_LEAST = 1e-300  # probability from which a score is taken
_BLOCK = 65_536  # rows


@dataclass(frozen=True, kw_only=True)
class LinearisedRows:
    """A group's rows sorted by rank; an influence value is kept as its total by sampling unit (m,).

    Attributes
    ----------
    sample, design
        The rows, and the design.
    X
        The columns of the model, the constant first, as `Covariates` scales them.
    """

    sample: GroupSample
    design: DesignArrays
    X: ModelColumns

    def totals(self, z: FloatArray) -> FloatArray:
        """Return the totals (m,) of influence values (n,)."""
        totals = np.zeros(self.design.n_units)
        add_unit_totals(totals, self.sample.unit, self.sample.weight, z, self.sample.W)
        return totals[self.sample.units]

    def mean(self, values: FloatArray) -> Estimand:
        """Return the weighted mean of values (n,)."""
        mean = weighted_mean(self.sample.weight, values)[1]
        return Estimand(np.array(mean), self.totals(values - mean))

    def generalized(self, values: FloatArray) -> Estimand:
        """Return the generalized index of values (n,); its influence goes through the ranks too."""
        rows = (self.sample.weight, values, self.sample.tie_end)
        W, mean, GC = numerator(MIDRANK_FAMILY, 0.0, *rows)
        return Estimand(np.array(GC), self.totals(midrank_influence(*rows, W, mean, GC)))

    @cached_property
    def means(self) -> list[Estimand]:
        """The mean of each column."""
        return [self.mean(column) for column in self.X]


class ModelColumns:
    """The q columns of a model, each made when it is asked for: to keep them all costs 8 bytes each a row."""

    def __init__(self, covariates: Covariates) -> None:
        self.n, self._q = len(covariates.pattern), len(covariates.centre)
        self._variable_of = {int(k): one for one in covariates.variables for k in one.column}

    def __len__(self) -> int:
        return self._q

    def __iter__(self) -> Iterator[FloatArray]:
        return (self[k] for k in range(self._q))

    def __getitem__(self, k: int) -> FloatArray:
        """Return a column (n,)."""
        return self._part(k, slice(0, self.n))

    def block(self, rows: slice) -> FloatArray:
        """Return all columns (q, m) of some rows."""
        return np.array([self._part(k, rows) for k in range(self._q)])

    def _part(self, k: int, rows: slice) -> FloatArray:
        if k == 0:
            return np.ones(len(range(*rows.indices(self.n))))
        variable = self._variable_of[k]
        set_to = np.where(variable.column == k, variable.value, 0.0)
        part: FloatArray = set_to[variable.code[rows]]
        return part


class LinearisedModel:
    """The model of a group; `beta` (q,) are its coefficients."""

    def __init__(self, rows: LinearisedRows, model: DecompositionModel, beta: FloatArray) -> None:
        self._rows, self._model = rows, model
        self._eta = _predictor(rows.X, beta)
        score, information = _scores(model.link, self._eta, rows.sample.outcome)
        moments = _moments(rows.X, rows.sample.weight * information)
        spread, singular = inverse(moments / rows.sample.W)
        self.is_singular = singular >= 0
        self._moved = product(spread, np.array([rows.totals(column * score) for column in rows.X]))
        self.beta = [Estimand(np.array(b), moved) for b, moved in zip(beta, self._moved, strict=True)]

    def effects(self, factor: IntArray) -> list[Estimand]:
        """Return the effect of each column; factor (q,) is -1 where a column is no dummy."""
        if self._model.link in (links.LINEAR, links.IDENTITY):
            return self.beta
        kind = self._model.effect_code
        slope = self._slope_at_means() if kind == effects.AT_MEANS else self._average_slope()
        return [
            self._switched(k) if kind == effects.DISCRETE and factor[k] >= 0 else beta * slope
            for k, beta in enumerate(self.beta)
        ]

    def need_predicted(self, is_need: Sequence[bool]) -> Estimand:
        """Return the generalized index of the outcome predicted from need, other covariates at their means.

        The index is linear in the predictions, so that its derivatives are indices as well.
        """
        rows = self._rows
        others = self._at_means([k for k, need in enumerate(is_need) if not need])
        need = [k for k, stands_for_need in enumerate(is_need) if stands_for_need]
        eta = np.full(rows.X.n, float(others.value))
        for k in need:
            eta += rows.X[k] * float(self.beta[k].value)
        predicted, slope, _ = _curve(self._model.link, eta)
        index = rows.generalized(predicted)
        moved = influence_of(index) + rows.generalized(slope).value * influence_of(others)
        for k in need:
            moved += rows.generalized(slope * rows.X[k]).value * self._moved[k]
        return Estimand(index.value, moved)

    def _at_means(self, columns: Sequence[int]) -> Estimand:
        """Return the sum of coefficients times means of some columns."""
        terms = [self.beta[k] * self._rows.means[k] for k in columns]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def _slope_at_means(self) -> Estimand:
        link = self._model.link
        return self._at_means(range(len(self.beta))).through(
            lambda eta: _curve(link, np.atleast_1d(eta))[1].reshape(()),
            lambda eta: _curve(link, np.atleast_1d(eta))[2].reshape(()),
        )

    def _average_slope(self) -> Estimand:
        _, slope, bend = _curve(self._model.link, self._eta)
        return self._averaged(slope, self._mean_of_columns(bend))

    def _switched(self, column: int) -> Estimand:
        """Return the mean change of the prediction if a dummy alone goes from 0 to 1."""
        X, beta = self._rows.X, float(self.beta[column].value)
        without = self._eta - X[column] * beta
        low, low_slope, _ = _curve(self._model.link, without)
        high, high_slope, _ = _curve(self._model.link, without + beta)
        by_beta = self._mean_of_columns(high_slope - low_slope)
        by_beta[column] = weighted_mean(self._rows.sample.weight, high_slope)[1]
        return self._averaged(high - low, by_beta)

    def _mean_of_columns(self, values: FloatArray) -> FloatArray:
        """Return the weighted mean of values (n,) times each column: (q,)."""
        sample = self._rows.sample
        weighted = sample.weight * values
        return np.concatenate([times(column[None, :], weighted) for column in self._rows.X]) / sample.W

    def _averaged(self, values: FloatArray, by_beta: FloatArray) -> Estimand:
        """Return the mean of values (n,) with these derivatives (q,) by the coefficients."""
        mean = self._rows.mean(values)
        return Estimand(mean.value, influence_of(mean) + product(by_beta[None, :], self._moved)[0])


def influence_of(estimand: Estimand) -> FloatArray:
    """Return the influence of an estimand of a sample, which has one."""
    assert estimand.influence is not None  # noqa: S101 - narrowing for mypy; replicates have none
    return estimand.influence


def _moments(X: ModelColumns, weight: FloatArray) -> FloatArray:
    """Return the sum (q, q) of weight x x' of the rows, in blocks: copies of X cost memory."""
    moments = np.zeros((len(X), len(X)))
    for low in range(0, X.n, _BLOCK):
        block = X.block(slice(low, low + _BLOCK))
        moments += product(block * weight[low : low + _BLOCK], np.ascontiguousarray(block.T))
    return moments


def _predictor(X: ModelColumns, beta: FloatArray) -> FloatArray:
    """Return the linear predictor (n,): a sum in the order of the columns."""
    eta = np.zeros(X.n)
    for b, column in zip(beta, X, strict=True):
        eta += b * column
    return eta


def _curve(link: int, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the means at linear predictors (n,), with their first and second derivatives."""
    mu, slope = np.empty_like(eta), np.empty_like(eta)
    means_and_slopes(link, np.ascontiguousarray(eta), mu, slope)
    if link == links.LOGIT:
        return mu, slope, slope * (1.0 - 2.0 * mu)
    return mu, slope, -eta * slope if link == links.PROBIT else np.zeros_like(eta)


def _scores(link: int, eta: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the scores of rows (n,) by their linear predictor, and minus the derivatives of these."""
    mu, slope, _ = _curve(link, eta)
    if link == links.LINEAR:
        return y - mu, np.ones_like(mu)
    if link == links.LOGIT:
        return y - mu, slope
    event = slope / np.maximum(mu, _LEAST)
    none = slope / np.maximum(1.0 - mu, _LEAST)
    score = y * event - (1.0 - y) * none
    if link == links.PROBIT:
        return score, y * event * (event + eta) + (1.0 - y) * none * (none - eta)
    return score, y * event * event + (1.0 - y) * none * none
