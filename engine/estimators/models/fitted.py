"""A model fitted to one group, with what its rows of results need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.arrays import FloatArray, IntArray, TableArrays, VariableArrays
from engine.errors import DataError, EstimationError
from engine.estimators.models.families import Family, family_of
from engine.estimators.models.fit import ModelFit, fit_model
from engine.estimators.regression.coefficient_rows import Coefficients
from engine.estimators.regression.model_frame import ModelFrame, model_frame
from engine.estimators.regression.model_rows import ModelRows, model_rows
from engine.estimators.regression.terms import ModelTerm
from engine.estimators.replicates.replicate_weights import failed_status
from engine.estimators.sample.sorting import checked_outcome
from engine.estimators.sample.variables import complete_rows
from engine.results import TidyRow
from engine.study.regression import RegressionSpec

MOST_COUNTED = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInputs:
    """What a model is fitted to, in every group.

    Attributes
    ----------
    table
        Weights, units and groups of the N rows.
    outcome
        The outcome: a number, an event, or a factor whose levels are ordered.
    variables
        Name -> covariate, every name of the terms.
    exposure
        (N,) float64 time or people at risk behind each count; None for one each.
    terms
        The terms of the model.
    spec
        The analysis; its covariance is settled.
    """

    table: TableArrays
    outcome: VariableArrays
    variables: Mapping[str, VariableArrays]
    exposure: FloatArray | None
    terms: tuple[ModelTerm, ...]
    spec: RegressionSpec

    @property
    def family(self) -> Family:
        """The model."""
        return family_of(self.spec)

    @property
    def categories(self) -> tuple[str, ...]:
        """The levels of an ordered outcome, lowest first; those of an event are 0 and 1."""
        if self.outcome.codes is None or self.outcome.values is not None:
            return ("0", "1")
        return tuple(self.outcome.levels[code] for code in np.argsort(self.outcome.scores, kind="stable"))

    def values(self) -> FloatArray:
        """Return the outcome (N,) as a number, NaN where missing; of an ordered factor its place."""
        if self.outcome.values is not None:
            return checked_outcome(self.outcome.name, self.outcome.values, None)
        assert self.outcome.codes is not None  # noqa: S101 - a variable has codes or values
        place = np.argsort(np.argsort(self.outcome.scores, kind="stable"), kind="stable")
        known = self.outcome.codes >= 0
        return np.where(known, place[np.where(known, self.outcome.codes, 0)], np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedModel:
    """A model of one group; `base` holds the labels and counts that all its tidy rows share.

    `offset` (n,) is what is added to the linear predictor of each row.
    """

    frame: ModelFrame
    rows: ModelRows
    offset: FloatArray
    fit: ModelFit
    base: TidyRow
    spec: RegressionSpec
    categories: tuple[str, ...]

    @property
    def family(self) -> Family:
        """The model that the study asks for."""
        return family_of(self.spec)

    @property
    def coefficients(self) -> Coefficients:
        """All parameters with their covariance and statuses."""
        fit = self.fit
        return Coefficients(
            beta=fit.parameters,
            covariance=fit.covariances.V,
            degrees=fit.covariances.degrees,
            status=fit.status,
            conf_level=self.spec.conf_level,
            error_status=failed_status(fit.covariances.n_failed or 0, fit.n_replicates or 1),
        )

    @property
    def has_all_estimates(self) -> bool:
        """Whether every column has an estimate."""
        return all(status == "ok" for status in self.fit.status)


def fit_in_group(inputs: ModelInputs, group: int, base: TidyRow) -> FittedModel:
    """Fit a model to the complete rows of one group.

    Raises
    ------
    DataError
        If a count is negative or no whole number, or an exposure is not above 0.
    EstimationError
        If no row is complete, all have the same outcome, or a variable does not vary.
    """
    table, spec = inputs.table, inputs.spec
    kept, y = _rows(inputs, group)
    if inputs.family.is_count:
        _check_counts(inputs, y)
    frame = model_frame(inputs.terms, inputs.variables, kept)
    rows = model_rows(table, kept, y, spec.covariance)
    offset = np.zeros(len(kept)) if inputs.exposure is None else _log_exposure(inputs, kept)
    fit = fit_model(inputs.family, frame, rows, offset, table.design, spec.covariance)
    base = replace(
        base,
        n_obs=rows.n_people,
        n_clusters=fit.n_clusters,
        sum_weights=math.fsum(rows.weight),
        n_replicates=fit.n_replicates,
        n_failed=fit.covariances.n_failed,
    )
    return FittedModel(
        frame=frame,
        rows=rows,
        offset=offset,
        fit=fit,
        base=base,
        spec=spec,
        categories=inputs.categories,
    )


def _rows(inputs: ModelInputs, group: int) -> tuple[IntArray, FloatArray]:
    """Return numbers (n,) of a group's complete rows, and their outcome (n,)."""
    values = inputs.values()
    is_kept = (inputs.table.group == group) & ~np.isnan(values)
    is_kept &= complete_rows([*inputs.variables.values()])
    if inputs.exposure is not None:
        is_kept &= ~np.isnan(inputs.exposure)
    kept = np.flatnonzero(is_kept)
    y = values[kept]
    if len(kept) == 0 or y.min() == y.max():
        finding = "there is no complete row" if len(kept) == 0 else "all have the same value"
        raise EstimationError(
            f"outcome '{inputs.outcome.name}': {finding} in {inputs.table.groups[group].label}; expected "
            "people with different values."
        )
    return kept, y


def _check_counts(inputs: ModelInputs, y: FloatArray) -> None:
    name = inputs.outcome.name
    for is_bad, what in ((y < 0.0, "are negative"), (y != np.floor(y), "are no whole numbers")):
        if count := int(is_bad.sum()):
            raise DataError(
                f"outcome '{name}': {count:,} values {what}; expected counts, whole numbers of 0 or more, "
                f"for model = '{inputs.spec.model}'. Correct them, or use model = 'linear'."
            )
    if count := int((y > MOST_COUNTED).sum()):
        raise DataError(
            f"outcome '{name}': {count:,} values are above {MOST_COUNTED:,}; expected smaller counts. Count "
            "in a larger unit."
        )


def _log_exposure(inputs: ModelInputs, kept: IntArray) -> FloatArray:
    assert inputs.exposure is not None  # noqa: S101 - asked before
    exposure = inputs.exposure[kept]
    bad = ~(exposure > 0.0) | ~np.isfinite(exposure)
    if count := int(bad.sum()):
        raise DataError(
            f"exposure '{inputs.spec.exposure}': {count:,} values are 0, negative or infinite; expected time "
            "or people above 0. Set them to missing, or leave these rows out by a sample rule."
        )
    return np.log(exposure)
