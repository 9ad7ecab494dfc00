"""The argument `replicate_weights` of the Python functions: the table of the study file, for a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import BeforeValidator, ValidationError

from engine.arrays import ReplicateWeights
from engine.data.design_columns import matching_columns
from engine.data.design_reader import given_weights
from engine.data.frame_reader import number_column
from engine.study import ReplicateWeightsSpec

if TYPE_CHECKING:
    import polars as pl


def _checked(value: object) -> object:
    """Check the keys of a table; lists may stand for tuples here."""
    if not isinstance(value, Mapping):
        return value
    try:
        return ReplicateWeightsSpec.model_validate(dict(value))
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        raise ValueError(f"a table as design.replicate_weights; {item['loc'][0]}: {item['msg']}") from None


ReplicateWeightsTable = Annotated[ReplicateWeightsSpec | None, BeforeValidator(_checked)]


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
