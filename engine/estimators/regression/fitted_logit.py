"""A logit fitted to one group, with what its rows of results need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.arrays import TableArrays, VariableArrays
from engine.estimators.regression.coefficient_rows import Coefficients
from engine.estimators.regression.logit import LogitFit, fit_logit
from engine.estimators.regression.model_frame import ModelFrame, model_frame
from engine.estimators.regression.model_rows import ModelRows, model_rows, rows_of_group
from engine.estimators.regression.terms import ModelTerm
from engine.estimators.replicates.replicate_weights import failed_status
from engine.results import TidyRow
from engine.study import LogitSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class LogitInputs:
    """What a logit is fitted to, in every group.

    Attributes
    ----------
    table
        Weights, units and groups of the N rows.
    outcome
        The event.
    variables
        Name -> covariate, every name of the terms.
    terms
        The terms of the model.
    spec
        The analysis; its covariance is settled.
    """

    table: TableArrays
    outcome: VariableArrays
    variables: Mapping[str, VariableArrays]
    terms: tuple[ModelTerm, ...]
    spec: LogitSpec

    def alone(self, term: ModelTerm) -> LogitInputs:
        """Return the inputs of the crude model: one variable and nothing else."""
        name = term.names[0]
        return replace(self, terms=(term,), variables={name: self.variables[name]})


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedLogit:
    """A logit of one group; `base` holds the labels and counts that all its tidy rows share."""

    frame: ModelFrame
    rows: ModelRows
    fit: LogitFit
    base: TidyRow
    spec: LogitSpec

    @property
    def coefficients(self) -> Coefficients:
        """The coefficients with their covariance and statuses."""
        return Coefficients(
            beta=self.fit.beta,
            covariance=self.fit.covariance,
            degrees=self.fit.degrees,
            status=self.fit.status,
            conf_level=self.spec.conf_level,
            error_status=failed_status(self.fit.n_failed or 0, self.fit.n_replicates or 1),
        )

    @property
    def has_all_estimates(self) -> bool:
        """Whether every column has an estimate."""
        return all(status == "ok" for status in self.fit.status)


def fit_logit_in_group(inputs: LogitInputs, group: int, base: TidyRow) -> FittedLogit:
    """Fit a logit to the complete rows of one group.

    Raises
    ------
    EstimationError
        If no row is complete, all have the same outcome, or a variable does not vary.
    """
    table, spec = inputs.table, inputs.spec
    kept, y = rows_of_group(table, group, inputs.outcome, inputs.variables)
    frame = model_frame(inputs.terms, inputs.variables, kept)
    rows = model_rows(table, kept, y, spec.covariance)
    fit = fit_logit(frame, rows, table.design, spec.covariance)
    base = replace(
        base,
        n_obs=rows.n_people,
        n_events=round(float(rows.people @ y)),
        n_clusters=fit.n_clusters,
        sum_weights=math.fsum(rows.weight),
        n_replicates=fit.n_replicates,
        n_failed=fit.n_failed,
    )
    return FittedLogit(frame=frame, rows=rows, fit=fit, base=base, spec=spec)
