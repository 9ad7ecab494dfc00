"""RIF regression of an index: what moves with inequality, by covariate (Heckley, Gerdtham and Kjellsson 2016).

The recentered influence function of a row is the index plus the row's influence value; its weighted mean is the index.
It is regressed on the terms by weighted least squares: a coefficient is by how much the index would change, to first
order, with a small rise of the term's mean in the population.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from engine.arrays import FloatArray, IntArray, SampleArrays, VariableArrays
from engine.errors import EstimationError
from engine.estimators.index.indices import Index, requested_index
from engine.estimators.regression.model_frame import ModelFrame, model_frame, model_terms
from engine.estimators.sample.design_variance import covariance_of, t_interval
from engine.estimators.sample.group_sample import GroupSample, group_sample
from engine.estimators.sample.groups import in_groups
from engine.kernels.index.numerators import numerator, numerator_influence
from engine.kernels.survey.design_variance import add_unit_totals
from engine.results import TidyRow
from engine.study import RifSpec

_NEARLY_SINGULAR = 1e-11


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
        Theoretical bounds of the outcome.

    Returns
    -------
    tuple of TidyRow
        The index, and ``rif_coefficient`` of every column, the constant first. Errors are linearised through the
        design and take the influence values as they are (as Stata's `rifreg` with `vce(robust)`).

    Raises
    ------
    EstimationError
        If the index does not exist, or the terms are combinations of each other, in every group.
    """
    index = requested_index(spec.index, bounds, spec.parameter)
    base = TidyRow(
        measure="rif_coefficient",
        outcome=spec.outcome,
        rank_by=arrays.rank_name,
        conf_level=spec.conf_level,
        method="linearised",
    )

    def estimate(g: int, own: TidyRow) -> list[TidyRow]:
        return [*_group_rows(arrays, variables, spec, index, g, own)]

    return in_groups(spec.name, arrays.groups, estimate, base)


def _group_rows(
    arrays: SampleArrays,
    variables: Mapping[str, VariableArrays],
    spec: RifSpec,
    index: Index,
    g: int,
    base: TidyRow,
) -> Iterator[TidyRow]:
    piece = group_sample(arrays, 0, g)
    if piece.status != "ok":
        raise EstimationError(f"outcome '{spec.outcome}': {piece.status} in {arrays.groups[g].label}.")
    value, rif = recentered_influence(index, piece)
    if not np.isfinite(value):
        raise EstimationError(
            f"outcome '{spec.outcome}': the {spec.index} index is undefined; its mean is 0."
        )
    frame = model_frame(model_terms(spec.terms), variables, _rows(arrays, g))
    beta, covariance = _regress(frame, piece, rif, arrays)
    base = replace(
        base,
        n_obs=len(piece.weight),
        n_events=piece.n_events,
        n_clusters=piece.n_clusters,
        sum_weights=piece.W,
    )
    yield replace(base, measure=spec.index, estimate=value)
    names = [("(constant)", None), *((column.term, column.level) for column in frame.columns)]
    for k, (term, level) in enumerate(names):
        std_error = float(np.sqrt(covariance[k, k]))
        low, high, p = t_interval(beta[k], std_error, piece.degrees, spec.conf_level)
        row = replace(base, term=term, level=level, estimate=float(beta[k]))
        yield (
            row
            if not np.isfinite(low)
            else replace(row, std_error=std_error, conf_low=low, conf_high=high, p_value=p)
        )


def _rows(arrays: SampleArrays, g: int) -> IntArray:
    """Return which rows, as read, are complete in a group."""
    own = slice(int(arrays.group_start[g]), int(arrays.group_start[g + 1]))
    return arrays.order[own][~np.isnan(arrays.outcomes[0, own])]


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


def _regress(
    frame: ModelFrame, piece: GroupSample, rif: FloatArray, arrays: SampleArrays
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
    totals = np.zeros((Z.shape[1], arrays.design.n_units))
    for k in range(Z.shape[1]):
        add_unit_totals(totals[k], piece.unit, piece.weight, np.ascontiguousarray(influence[:, k]), piece.W)
    return beta / scale, covariance_of(totals, arrays.design) / np.outer(scale, scale)
