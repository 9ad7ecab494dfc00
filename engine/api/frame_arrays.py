"""A frame and the arguments of a function -> the arrays that estimators take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.api.arguments import Arguments, MultilevelArguments, RankedArguments
from engine.api.replicate_weights import replicate_weights_of
from engine.arrays import (
    DesignColumns,
    FloatArray,
    Group,
    IntArray,
    SampleArrays,
    TableArrays,
    VariableArrays,
)
from engine.data.frame_reader import factor_column, id_column, number_column
from engine.data.series import as_codes
from engine.errors import DataError
from engine.estimators.sample.sorting import checked_outcome, sort_sample, table_arrays
from engine.estimators.sample.standard import Standard, standard_of
from engine.estimators.sample.variables import complete_rows, sort_keys
from engine.study.standard import StandardSpec

if TYPE_CHECKING:
    import polars as pl


def ranked_sample(
    data: pl.DataFrame,
    given: RankedArguments,
    bounds: tuple[float, float] | None,
    terms: Sequence[VariableArrays] = (),
    last: Sequence[VariableArrays] = (),
) -> SampleArrays:
    """Return the rows sorted by rank, then by `last`; the outcome is missing where a term is."""
    values = checked_outcome(given.outcome, number_column(data, given.outcome, "outcome"), bounds)
    if terms:
        values = np.where(complete_rows(terms), values, np.nan)
    group, groups = groups_of(data, given.by)
    return sort_sample(
        group=group,
        groups=groups,
        outcomes={given.outcome: values},
        rank=number_column(data, given.rank_by, "rank_by"),
        rank_name=given.rank_by,
        columns=design_columns(data, given),
        last=sort_keys(last),
    )


def table(data: pl.DataFrame, given: Arguments) -> TableArrays:
    """Return the rows by group, for tables and models on covariate patterns."""
    group, groups = groups_of(data, given.by)
    return table_arrays(design_columns(data, given), group, groups)


def table_of_people(data: pl.DataFrame, given: Arguments, frequency: str | None) -> TableArrays:
    """Return the rows by group, where a row stands for as many people as the column `frequency` says.

    Raises
    ------
    DataError
        If a column of the design, or the frequency of a row, cannot be used.
    """
    rows = table(data, given)
    if frequency is None:
        return rows
    people = _frequencies(data, frequency)
    weights = rows.replicate_weights
    return replace(
        rows,
        weight=rows.weight * people,
        weight_squares=rows.weight_squares * people,
        count=people,
        group=np.where(people > 0, rows.group, -1).astype(np.int32),
        replicate_weights=None if weights is None else replace(weights, values=weights.values * people),
    )


def groups_of(data: pl.DataFrame, by: Sequence[str]) -> tuple[IntArray, tuple[Group, ...]]:
    """Return each row's group (N,), -1 for none, and the groups; a column called ``wave`` is the wave."""
    number = np.zeros(len(data), np.int64)
    groups: list[Group] = [Group()]
    is_missing = np.zeros(len(data), bool)
    for name in by:
        levels, codes = _levels(data, name, "by")
        is_missing |= codes < 0
        number = number * len(levels) + codes
        groups = [group.refined(name, level) for group in groups for level in levels]
    return np.where(is_missing, -1, number), tuple(groups)


def _levels(data: pl.DataFrame, name: str, role: str) -> tuple[tuple[str, ...], IntArray]:
    """Return the levels of any column, in their order, and the level of each row."""
    import polars as pl

    levels, codes, _ = factor_column(data, name, role)
    if codes is not None:
        return levels, codes
    values = data[name].fill_nan(None) if data[name].dtype.is_float() else data[name]
    whole = values.cast(pl.Int64) if values.dtype.is_float() and (values == values.round(0)).all() else values
    texts = [str(value) for value in whole.drop_nulls().unique().sort()]
    as_text = (
        whole.cast(pl.String)
        if whole.dtype != pl.Boolean
        else whole.replace_strict({True: "True", False: "False"}, return_dtype=pl.String)
    )
    return tuple(texts), as_codes(as_text.cast(pl.Enum(texts)))


def factor(data: pl.DataFrame, name: str, role: str) -> VariableArrays:
    """Return any column as a factor."""
    levels, codes = _levels(data, name, role)
    return VariableArrays(
        name=name,
        levels=levels,
        codes=codes.astype(np.int32),
        values=None,
        missing=(codes < 0).astype(np.uint8),
        scores=tuple(range(len(levels))),
    )


def standard_in(data: pl.DataFrame, given: StandardSpec | None) -> Standard | None:
    """Return the standard population of an argument, and each row's cell in it."""
    if given is None:
        return None
    return standard_of(given, [factor(data, name, "standardise") for name in given.by])


def described(data: pl.DataFrame, name: str) -> VariableArrays:
    """Return a column to be described: a factor if it holds text or booleans, else a number."""
    import polars as pl

    if name in data.columns and data[name].dtype == pl.Boolean:
        return factor(data, name, "variables")
    found = covariate(data, name, None)
    is_missing = (
        found.codes < 0 if found.codes is not None else np.isnan(number_column(data, name, "variables"))
    )
    return replace(found, missing=is_missing.astype(np.uint8))


def design_columns(data: pl.DataFrame, given: Arguments) -> DesignColumns:
    """Return the design columns."""
    names = {role: getattr(given, role) for role in ("weight", "stratum", "cluster")}
    weights = given.replicate_weights
    return DesignColumns(
        replicate_weights=None if weights is None else replicate_weights_of(data, weights),
        weight=None if given.weight is None else number_column(data, given.weight, "weight"),
        stratum=id_column(data, given.stratum, "stratum"),
        cluster=id_column(data, given.cluster, "cluster"),
        nested=given.nested,
        single_psu=given.single_psu,
        names={role: name for role, name in names.items() if name},
    )


def covariate(data: pl.DataFrame, name: str, reference: str | None) -> VariableArrays:
    """Return a covariate: a factor or a number.

    Raises
    ------
    DataError
        If there is no such column, or a number is infinite.
    """
    levels, codes, scores = factor_column(data, name, "terms", reference)
    values = number_column(data, name, "terms") if codes is None else None
    if values is not None and (count := int(np.isinf(values).sum())):
        raise DataError(
            f"terms '{name}': found {count:,} infinite values; expected numbers. Set them to missing."
        )
    return VariableArrays(
        name=name,
        levels=levels,
        codes=None if codes is None else codes.astype(np.int32),
        values=values,
        missing=np.zeros(len(data), np.uint8),
        scores=scores,
    )


def event(data: pl.DataFrame, outcome: str) -> VariableArrays:
    """Return a column of 0 and 1 as an event.

    Raises
    ------
    DataError
        If it holds other values.
    """
    values = checked_outcome(outcome, number_column(data, outcome, "outcome"), (0.0, 1.0))
    if count := int((~np.isnan(values) & (values != 0.0) & (values != 1.0)).sum()):
        raise DataError(
            f"outcome '{outcome}': {count:,} values are neither 0 nor 1; expected an event. Recode it."
        )
    missing = np.zeros(len(data), np.uint8)
    codes = np.where(np.isnan(values), -1, values).astype(np.int32)
    return VariableArrays(name=outcome, levels=("0", "1"), codes=codes, values=values, missing=missing)


def weights_of_levels(data: pl.DataFrame, given: MultilevelArguments) -> dict[str, FloatArray]:
    """Return the weight of each row's cluster (N,) of the levels that have weights."""
    return {name: number_column(data, own, "level_weights") for name, own in given.level_weights.items()}


def _frequencies(data: pl.DataFrame, name: str) -> FloatArray:
    """Return how many people each row stands for (N,).

    Raises
    ------
    DataError
        If one is missing or negative.
    """
    values = number_column(data, name, "frequency")
    bad = ~(values >= 0) | ~np.isfinite(values)
    if count := int(bad.sum()):
        raise DataError(
            f"frequency: {count:,} rows are missing or negative; expected 0 or more. Correct the column."
        )
    return values
