"""Covariances of a model's parameters: model-based, robust, clustered, design-based, by replicate weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.arrays import DesignArrays, FloatArray, ReplicateWeights, UnitArray
from engine.estimators.models.maximum import Estimable
from engine.estimators.models.newton import Cells, climb, moments
from engine.estimators.regression.logit_covariance import FEW_DEGREES, JointCovariance
from engine.estimators.regression.model_rows import ModelRows
from engine.estimators.regression.patterns import sums_by_key
from engine.estimators.replicates.replicate_weights import replicate_covariance
from engine.estimators.sample.degrees import replicate_degrees
from engine.estimators.sample.design_variance import covariance_of
from engine.estimators.sample.sampling_units import units_and_degrees
from engine.kernels.regression.few_units import raised_totals
from engine.kernels.regression.small_matrices import inverse, lower_root, product

_NOTHING_LEFT = 1e-12  # of the largest curvature of a cell: less is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariances:
    """The covariances of P parameters in standard units.

    Attributes
    ----------
    V
        (P, P) that the study asks for, and `degrees` of Student's t; infinite for the normal distribution.
    of_model
        (P, P) the inverse information, whatever the study asks for.
    joint
        For tests of several coefficients.
    n_failed
        Replicates that are undefined; None without replicate weights.
    """

    V: FloatArray
    degrees: float
    of_model: FloatArray
    joint: JointCovariance
    n_failed: int | None = None


def covariances(
    kind: str, found: Estimable, cell: UnitArray, rows: ModelRows, design: DesignArrays
) -> Covariances:
    """Return the covariances of the parameters.

    Parameters
    ----------
    kind
        As in `logit_covariance`. A linear model has Student's t with n - e degrees of freedom in place of the
        normal distribution where it is ``model`` or ``robust``, and units - 1 where it is ``cluster``.
    found
        The maximum.
    cell
        (n,) int32: each row's cell, used or not.
    rows
        The n rows of the model.
    design
        The survey design of the sample.
    """
    cells, at, people = found.cells, found.maximum.at, float(rows.people.sum())
    e = len(found.kept) + found.family.has_thresholds
    inverted, singular = inverse(cells.information(at))
    of_model = inverted * _residual_variance(found, people - e) if found.family.has_scale else inverted
    normal = people - e if found.family.has_scale else np.inf
    if singular >= 0 or len(found.kept) == 0:
        return _plain(of_model, normal, of_model)
    if kind == "design" and rows.replicate_weights is not None:
        return _replicated(found, cell, rows.replicate_weights, of_model, e)
    if kind == "model":
        return _plain(of_model, normal, of_model)
    place = np.full(int(cell.max()) + 1, -1, np.int32)
    place[found.used] = np.arange(len(found.used))
    at_cell = place[cell]
    is_used = at_cell >= 0
    scores = cells.scores(at)
    if kind == "robust":
        squares = rows.weight_squares[is_used]
        sums, _ = sums_by_key(at_cell[is_used], squares, np.zeros(len(squares)), len(cells.n))
        V = product(product(inverted, moments(scores, sums)), inverted) * people / (people - e)
        return _plain(V, normal, of_model)
    sums_of = _UnitSums.of(at_cell[is_used], rows.unit[is_used], rows.weight[is_used], len(cells.n))
    unit_scores = sums_of.scores(scores, design.n_units)
    totals = product(inverted, unit_scores)
    units, degrees = units_and_degrees([rows.unit], design)
    if kind == "cluster":
        factor = units / (units - 1.0) * (people - 1.0) / (people - e)
        V, of_t = _squared(totals) * factor, units - 1.0 if found.family.has_scale else np.inf
        degrees = units - 1
    else:
        V, of_t = covariance_of(totals, design), float(degrees + 1 - e)
    joint = JointCovariance(V=V, degrees=float(degrees))
    if design.has_clusters and degrees < FEW_DEGREES and design.calibration is None:
        raised = _raised(found, sums_of, inverted, unit_scores)
        of_joint = _squared(raised) if kind == "cluster" else covariance_of(raised, design)
        joint = JointCovariance(V=of_joint, degrees=float(degrees), is_raised=True)
    return Covariances(V=V, degrees=of_t, of_model=of_model, joint=joint)


def _plain(V: FloatArray, degrees: float, of_model: FloatArray) -> Covariances:
    joint = JointCovariance(V=V, degrees=degrees)
    return Covariances(V=V, degrees=degrees, of_model=of_model, joint=joint)


def _squared(totals: FloatArray) -> FloatArray:
    return product(totals, np.ascontiguousarray(totals.T))


def _residual_variance(found: Estimable, degrees: float) -> float:
    """Return the residual variance in the scale of the weights, as R's lm has it."""
    return float("nan") if degrees <= 0 else -2.0 * found.log_likelihood / degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class _UnitSums:
    """Sums of weights by sampling unit and cell, in an order that does not depend on that of the rows."""

    cell: UnitArray
    unit: UnitArray
    weight: FloatArray

    @classmethod
    def of(cls, cell: UnitArray, unit: UnitArray, weight: FloatArray, n_cells: int) -> _UnitSums:
        """Add the weights (n,) of rows up."""
        key, place = np.unique(unit.astype(np.int64) * n_cells + cell, return_inverse=True)
        sums, _ = sums_by_key(place, weight, np.zeros(len(weight)), len(key))
        units, cells = (part.astype(np.int32) for part in np.divmod(key, n_cells))
        return cls(cell=cells, unit=units, weight=sums)

    def scores(self, scores: FloatArray, n_units: int) -> FloatArray:
        """Return the sums (P, u) of the scores of cells (c, P) by unit."""
        return np.ascontiguousarray(
            [
                np.bincount(self.unit, self.weight * column[self.cell], minlength=n_units)
                for column in scores.T
            ]
        )


def _raised(
    found: Estimable, sums_of: _UnitSums, inverted: FloatArray, unit_scores: FloatArray
) -> FloatArray:
    """Return linearised totals (P, u) of scores raised as `few_units` does.

    The information of a cell is a sum of squares along axes; an axis along which the likelihood bends
    upwards, as a negative binomial may, adds nothing.
    """
    cells, curvature = found.cells, found.maximum.at.curvature
    spreads, axes = _axes(curvature)
    c, m = spreads.shape
    along = np.concatenate([np.hstack([axes[:, j, :1] * cells.X, axes[:, j, 1:]]) for j in range(m)])
    copies = [(sums_of.cell + axis * c).astype(np.int32) for axis in range(m)]
    return np.ascontiguousarray(
        raised_totals(
            np.ascontiguousarray(along),
            np.ascontiguousarray(spreads.T.ravel()),
            np.concatenate(copies),
            np.tile(sums_of.weight, m),
            np.tile(sums_of.unit, m),
            lower_root(inverted),
            unit_scores,
        )
    )


def _axes(curvature: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return spreads d (c, m) and axes v (c, m, m) with the sum of d v v' the curvature (c, m, m).

    By elimination without roots, so that the bits are the same on any processor. Negative spreads become 0.
    """
    rest = curvature.copy()
    c, m = rest.shape[:2]
    spreads, axes = np.zeros((c, m)), np.zeros((c, m, m))
    smallest = _NOTHING_LEFT * np.abs(np.einsum("cii->ci", curvature)).max(axis=1)
    for j in range(m):
        pivot = rest[:, j, j].copy()
        has_any = pivot > smallest
        axis = np.where(has_any[:, None], rest[:, :, j] / np.where(has_any, pivot, 1.0)[:, None], 0.0)
        spreads[:, j], axes[:, j] = np.where(has_any, pivot, 0.0), axis
        rest -= spreads[:, j, None, None] * axis[:, :, None] * axis[:, None, :]
    return spreads, axes


def _replicated(
    found: Estimable, cell: UnitArray, given: ReplicateWeights, of_model: FloatArray, e: int
) -> Covariances:
    """Fit the model again with the weights of each replicate, from its maximum."""
    maximum, cells = found.maximum, found.cells
    start = np.concatenate([maximum.beta, maximum.extra])
    values = np.full((len(start), len(given.factors)), np.nan)
    for r, weight in enumerate(given.values):
        sums = np.bincount(cell, weight)[found.used]
        n = sums.astype(np.float64) * (len(sums) / max(float(sums.sum()), 1e-300))
        again = climb(
            found.family.likelihood,
            Cells(X=cells.X, n=n, y=cells.y, offset=cells.offset),
            maximum.beta,
            maximum.extra,
        )
        if again.has_converged:
            values[:, r] = [*again.beta, *again.extra]
    V, n_failed = replicate_covariance(values, start, given)
    degrees = float(replicate_degrees(given.values))
    joint = JointCovariance(V=V, degrees=degrees)
    return Covariances(V=V, degrees=degrees + 1.0 - e, of_model=of_model, joint=joint, n_failed=n_failed)
