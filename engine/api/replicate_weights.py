"""The argument `replicate_weights` of the Python functions: the table of the study file, for a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import BeforeValidator

from engine.api.tables import table_of
from engine.arrays import ReplicateWeights
from engine.data.design_columns import matching_columns
from engine.data.design_reader import given_weights
from engine.data.frame_reader import number_column
from engine.study import ReplicateWeightsSpec

if TYPE_CHECKING:
    import polars as pl


ReplicateWeightsTable = Annotated[
    ReplicateWeightsSpec | None, BeforeValidator(table_of(ReplicateWeightsSpec, "design.replicate_weights"))
]


def replicate_weights_of(data: pl.DataFrame, given: ReplicateWeightsSpec) -> ReplicateWeights:
    """Return the replicate weights of all rows.

    Raises
    ------
    DataError
        If a column is missing, or a weight is missing or negative.
    """
    names = given.columns
    if isinstance(names, str):
        names = tuple(matching_columns(names, data.columns)) or (names,)
    values = np.empty((len(names), len(data)))
    for of_replicate, name in zip(values, names, strict=True):
        of_replicate[:] = number_column(data, name, "replicate_weights")
    return given_weights(given, values)
