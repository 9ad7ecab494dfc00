"""RIF regression of an index: what moves with inequality, by covariate (Heckley, Gerdtham, Kjellsson 2016).

The recentered influence function of a row is the index plus the row's influence value; its weighted mean is
the index. It is regressed on the terms by weighted least squares: a coefficient is the change of the index,
to first order, for a small rise of the term's mean in the population.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import DesignArrays, FloatArray, IntArray, SampleArrays, VariableArrays
from engine.errors import EstimationError
from engine.estimators.index.indices import Index, requested_index
from engine.estimators.regression.coefficient_rows import NO_DEGREES
from engine.estimators.regression.model_frame import ModelFrame, model_frame
from engine.estimators.regression.terms import model_terms
from engine.estimators.sample.design_variance import covariance_of, t_interval
from engine.estimators.sample.group_sample import GroupSample, group_sample
from engine.estimators.sample.groups import in_groups
from engine.kernels.index.numerators import numerator, numerator_influence
from engine.kernels.survey.design_variance import add_unit_totals
from engine.results import TidyRow
from engine.study import RifSpec

_NEARLY_SINGULAR = 1e-11  # smallest eigenvalue of the moments of columns scaled to a mean square of 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _RifInputs:
    """What a RIF regression is fitted to, in every group."""

    arrays: SampleArrays
    variables: Mapping[str, VariableArrays]
    spec: RifSpec
    index: Index


def estimate_rif(
    arrays: SampleArrays,
    variables: Mapping[str, VariableArrays],
    spec: RifSpec,
    bounds: tuple[float, float] | None,
) -> tuple[TidyRow, ...]:
    """Regress the recentered influence function of an index in every group.

    Parameters
    ----------
    arrays
        The sorted sample with the outcome, missing where a covariate is.
    variables
        Name -> covariate, of the rows as read.
    spec
        The analysis.
    bounds
        Theoretical bounds of the outcome; those of the analysis come first.

    Returns
    -------
    tuple of TidyRow
        The index, and ``rif_coefficient`` of every column, the constant first. Errors are linearised through
        the design and take the influence values as they are (as Stata's `rifreg` with `vce(robust)`).

    Raises
    ------
    EstimationError
        If the index does not exist, or the terms are combinations of each other, in every group.
    """
    index = requested_index(spec.index, bounds, spec.parameter)
    inputs = _RifInputs(arrays=arrays, variables=variables, spec=spec, index=index)
    base = TidyRow(
        measure="rif_coefficient",
        outcome=spec.outcome,
        rank_by=arrays.rank_name,
        conf_level=spec.conf_level,
        method="linearised",
    )

    def estimate(group: int, base: TidyRow) -> list[TidyRow]:
        return [*_group_rows(inputs, group, base)]

    return in_groups(spec.name, arrays.groups, estimate, base)


def _group_rows(inputs: _RifInputs, group: int, base: TidyRow) -> Iterator[TidyRow]:
    """Yield the index and the coefficients of one group."""
    arrays, spec = inputs.arrays, inputs.spec
    piece = group_sample(arrays, 0, group)
    if piece.status != "ok":
        raise EstimationError(f"outcome '{spec.outcome}': {piece.status} in {arrays.groups[group].label}.")
    value, rif = recentered_influence(inputs.index, piece)
    if not np.isfinite(value):
        raise EstimationError(
            f"outcome '{spec.outcome}': the {spec.index} index is undefined; its mean is 0."
        )
    frame = model_frame(model_terms(spec.terms), inputs.variables, _rows_as_read(arrays, group))
    beta, covariance = _weighted_least_squares(frame, piece, rif, arrays.design)
    base = replace(
        base,
        n_obs=len(piece.weight),
        n_events=piece.n_events,
        n_clusters=piece.n_clusters,
        sum_weights=piece.sum_weights,
    )
    yield replace(base, measure=spec.index, estimate=value)
    for k, (term, level) in enumerate(frame.labels):
        row = replace(base, term=term, level=level, estimate=float(beta[k]))
        yield _with_interval(row, beta[k], float(np.sqrt(covariance[k, k])), piece.degrees, spec.conf_level)


def _with_interval(row: TidyRow, value: float, std_error: float, degrees: int, conf_level: float) -> TidyRow:
    """Return a row with standard error, interval and test against 0; without degrees of freedom as it is."""
    low, high, p = t_interval(value, std_error, degrees, conf_level)
    if not np.isfinite(low):
        return replace(row, status=NO_DEGREES)
    return replace(row, std_error=std_error, conf_low=low, conf_high=high, p_value=p)


def _rows_as_read(arrays: SampleArrays, group: int) -> IntArray:
    """Return the complete rows of a group (n,), by their numbers in the sample as read."""
    group_rows = slice(int(arrays.group_start[group]), int(arrays.group_start[group + 1]))
    return arrays.order[group_rows][~np.isnan(arrays.outcomes[0, group_rows])]


def recentered_influence(index: Index, piece: GroupSample) -> tuple[float, FloatArray]:
    """Return the index, and index + influence value of each row (n,)."""
    W, mu, N = numerator(index.family, index.parameter, piece.weight, piece.outcome, piece.tie_end)
    value = float(index.value(N, mu))
    z = numerator_influence(
        index.family, index.parameter, piece.weight, piece.outcome, piece.tie_end, W, mu, N
    )
    by_N, by_mu = index.gradient(N, mu)
    rif: FloatArray = value + by_N * z + by_mu * (piece.outcome - mu)
    return value, rif


def _weighted_least_squares(
    frame: ModelFrame, piece: GroupSample, rif: FloatArray, design: DesignArrays
) -> tuple[FloatArray, FloatArray]:
    """Return coefficients (q,) and their design covariance (q, q)."""
    X = frame.X[frame.pattern]
    scale = np.sqrt((X * X).mean(axis=0))
    Z = X / scale
    bread = Z.T @ (piece.weight[:, None] * Z) / piece.W
    if np.linalg.eigvalsh(bread)[0] < _NEARLY_SINGULAR:
        raise EstimationError(
            "terms: some are combinations of others; expected different information. Leave one out."
        )
    inverse = np.linalg.inv(bread)
    beta = inverse @ (Z.T @ (piece.weight * rif)) / piece.W
    influence = (Z * (rif - Z @ beta)[:, None]) @ inverse
    totals = np.zeros((Z.shape[1], design.n_units))
    for k in range(Z.shape[1]):
        add_unit_totals(totals[k], piece.unit, piece.weight, np.ascontiguousarray(influence[:, k]), piece.W)
    return beta / scale, covariance_of(totals, design) / np.outer(scale, scale)
