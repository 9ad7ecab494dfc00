"""The rows that a regression of a 0/1 outcome is fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import (
    FloatArray,
    IntArray,
    ReplicateWeights,
    TableArrays,
    UnitArray,
    VariableArrays,
)
from engine.errors import EstimationError
from engine.estimators.sample.variables import complete_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRows:
    """The n complete rows of a model.

    Attributes
    ----------
    weight
        (n,) float64: the sum of the weights of the people that a row stands for.
    weight_squares
        (n,) float64: the sum of their squared weights.
    y
        (n,) float64: the outcome, 0 or 1.
    people
        (n,) float64: how many they are.
    unit
        (n,) int32: the row's sampling unit.
    replicate_weights
        Replicate weights of these rows; None without any.
    """

    weight: FloatArray
    weight_squares: FloatArray
    y: FloatArray
    people: FloatArray
    unit: UnitArray
    replicate_weights: ReplicateWeights | None = None

    @property
    def n_people(self) -> int:
        """How many people the rows stand for."""
        return round(float(self.people.sum()))

    @property
    def has_likelihood(self) -> bool:
        """Whether the rows count as they are: with weights there is a pseudo-likelihood only."""
        return bool(np.all(self.weight == self.people))


def model_rows(table: TableArrays, kept: IntArray, y: FloatArray, covariance: str) -> ModelRows:
    """Return the rows `kept` (n,) of a table, with their outcome (n,), for a model with this covariance."""
    given = table.replicate_weights if covariance == "design" else None
    return ModelRows(
        weight=table.weight[kept],
        weight_squares=table.weight_squares[kept],
        y=y,
        people=table.count[kept].astype(np.float64),
        unit=table.unit[kept],
        replicate_weights=None if given is None else given.of_rows(kept),
    )


def rows_of_group(
    table: TableArrays,
    group: int,
    outcome: VariableArrays,
    variables: Mapping[str, VariableArrays],
) -> tuple[IntArray, FloatArray]:
    """Return numbers (n,) of a group's rows with outcome and all variables, and their outcome (n,), 0 or 1.

    Parameters
    ----------
    table
        The N rows of the sample.
    group
        Number of the group.
    outcome
        The event.
    variables
        Name -> covariate; none for a model without terms.

    Raises
    ------
    EstimationError
        If no row is complete, or if all have the same outcome.
    """
    assert outcome.values is not None  # noqa: S101 - the study check refuses an outcome without event
    kept = (table.group == group) & ~np.isnan(outcome.values)
    if variables:
        kept &= complete_rows([*variables.values()])
    rows = np.flatnonzero(kept)
    y = outcome.values[rows]
    if len(rows) == 0 or y.min() == y.max():
        finding = "there is no complete row" if len(rows) == 0 else "nobody or everybody has the event"
        raise EstimationError(
            f"outcome '{outcome.name}': {finding} in {table.groups[group].label}; expected people with the "
            "event and people without it."
        )
    return rows, y
