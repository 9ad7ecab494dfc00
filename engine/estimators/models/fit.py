"""One model fitted to the rows of a group, in the units of the study."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray, UnitArray
from engine.estimators.models.covariance import Covariances, covariances
from engine.estimators.models.families import Family
from engine.estimators.models.maximum import Estimable, maximise
from engine.estimators.regression.model_frame import ModelFrame
from engine.estimators.regression.model_rows import ModelRows
from engine.estimators.regression.patterns import standardised, sums_by_key
from engine.estimators.sample.sampling_units import units_and_degrees
from engine.estimators.sample.variables import distinct
from engine.kernels.regression.small_matrices import product, times


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFit:
    """A fitted model.

    Attributes
    ----------
    found
        Its maximum, in standard units.
    parameters
        (q + k,) coefficients of all columns, NaN where there is no estimate, then the further parameters.
    covariances
        Of these, (q + k, q + k), NaN where there is no estimate.
    status
        (q + k,) ``ok``, or why there is no estimate.
    Z, n, y, offset
        The c cells, for further fits.
    n_clusters
        Sampling clusters with rows of the model; None without clusters.
    n_replicates
        Replicates behind the covariance; None where it needs none.
    """

    found: Estimable
    parameters: FloatArray
    covariances: Covariances
    status: tuple[str, ...]
    Z: FloatArray
    n: FloatArray
    y: FloatArray
    offset: FloatArray
    n_clusters: int | None
    n_replicates: int | None


def fit_model(
    family: Family, frame: ModelFrame, rows: ModelRows, offset: FloatArray, design: DesignArrays, kind: str
) -> ModelFit:
    """Fit a model by maximum likelihood.

    Parameters
    ----------
    family
        The model.
    frame
        The design matrix by pattern.
    rows
        The n rows of the model.
    offset
        (n,) what is added to the linear predictor of each row.
    design
        The survey design of the sample.
    kind
        The covariance: ``model``, ``robust``, ``cluster`` or ``design``.
    """
    cell, example = _cells(frame.pattern, rows.y, offset)
    n, _ = sums_by_key(cell, rows.weight, np.zeros(len(cell)), len(example))
    of_pattern, _ = sums_by_key(frame.pattern, rows.weight, np.zeros(len(cell)), len(frame.X))
    Z_of_pattern, A = standardised(frame.X, of_pattern, is_centred=not family.is_through_origin)
    Z = np.ascontiguousarray(Z_of_pattern[frame.pattern[example]])
    y, of_cell = rows.y[example], offset[example]
    found = maximise(family, Z, n, y, of_cell)
    given = covariances(kind, found, cell, rows, design)
    T = _to_units(found, A)
    maximum = found.maximum
    estimates = times(T, np.concatenate([maximum.beta, maximum.extra]))
    places = _places(found, len(A))
    size = len(A) + len(maximum.extra)
    parameters = np.full(size, np.nan)
    parameters[places] = estimates
    in_units = replace(
        given,
        V=_moved(given.V, T, places, size),
        of_model=_moved(given.of_model, T, places, size),
        joint=replace(given.joint, V=_moved(given.joint.V, T, places, size)),
    )
    fails = {status for status in found.status if status != "ok"} if "ok" not in found.status else set()
    of_extra = fails.pop() if len(fails) == 1 else "ok"
    return ModelFit(
        found=found,
        parameters=parameters,
        covariances=in_units,
        status=(*found.status, *[of_extra] * len(maximum.extra)),
        Z=Z,
        n=n,
        y=y,
        offset=of_cell,
        n_clusters=units_and_degrees([rows.unit], design)[0] if design.has_clusters else None,
        n_replicates=None
        if given.n_failed is None or rows.replicate_weights is None
        else len(rows.replicate_weights.factors),
    )


def _cells(pattern: UnitArray, y: FloatArray, offset: FloatArray) -> tuple[UnitArray, IntArray]:
    """Number the rows' combinations of pattern, outcome and offset; return a row with each of them."""
    codes = (np.unique(each, return_inverse=True)[1] for each in (y, offset))
    return distinct([pattern, *codes])


def _places(found: Estimable, q: int) -> IntArray:
    """Return where the P estimated parameters stand among the q columns and the further parameters."""
    return np.concatenate([found.kept, q + np.arange(len(found.maximum.extra))])


def _to_units(found: Estimable, A: FloatArray) -> FloatArray:
    """Return the matrix (P, P) from standard units to those of the study; A (q, q) is of `standardised`.

    A centred column moves the constant, and in its absence the thresholds, which have the other sign.
    """
    e, k = len(found.kept), len(found.maximum.extra)
    T = np.eye(e + k)
    T[:e, :e] = A[np.ix_(found.kept, found.kept)]
    if found.family.has_thresholds:
        T[e:, :e] = -A[0, found.kept]
    return T


def _moved(V: FloatArray, T: FloatArray, places: IntArray, size: int) -> FloatArray:
    """Return a covariance (P, P) in the units of the study, at its places among all parameters."""
    out = np.full((size, size), np.nan)
    out[np.ix_(places, places)] = product(product(T, V), np.ascontiguousarray(T.T))
    return out
