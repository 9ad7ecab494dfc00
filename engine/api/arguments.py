"""Checks the arguments of the Python functions and turns them into specs and arrays."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from engine.arrays import DesignColumns, SampleArrays, VariableArrays
from engine.data.frame_reader import factor_column, id_column, number_column
from engine.errors import DataError, UsageError
from engine.estimators.sample.sorting import checked_outcome, sort_sample
from engine.study.analyses import IndexName, IntervalName, Points, ReplicateMethod, least_replicates
from engine.study.base import Spec, as_tuple


def _products(value: object) -> object:
    """Accept lists where tuples are meant, and one term where several are allowed."""
    return (
        tuple(tuple(item) if isinstance(item, list) else item for item in value)
        if isinstance(value, (list, tuple))
        else (value,)
    )


class Arguments(Spec):
    """The arguments of a Python function, each of its own type: "5" is no number and True no count."""

    model_config = ConfigDict(strict=True)

    outcome: str
    weight: str | None = None
    stratum: str | None = None
    cluster: str | None = None
    nested: bool = False
    single_psu: Literal["fail", "adjust", "certainty"] = "fail"
    conf_level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95


class RankedArguments(Arguments):
    """The arguments of what ranks people and draws replicates."""

    rank_by: str
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    threads: Annotated[int | None, Field(ge=1)] = None


class LogitArguments(Arguments):
    """The arguments of `logit`."""

    terms: Annotated[tuple[str | tuple[str, ...], ...], BeforeValidator(_products), Field(min_length=1)]
    scores: Annotated[tuple[tuple[str, str], ...], BeforeValidator(_products)] = ()
    references: Annotated[dict[str, str], Field(default_factory=dict)]
    frequency: str | None = None
    covariance: Literal["model", "robust", "cluster", "design"] = "model"
    crude: bool = False


class MixedLogitArguments(Arguments):
    """The arguments of `mixed_logit`."""

    terms: Annotated[tuple[str | tuple[str, ...], ...], BeforeValidator(_products)] = ()
    levels: Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=2)]
    references: Annotated[dict[str, str], Field(default_factory=dict)]
    points: Points = 7
    modes: bool = False
    threads: Annotated[int | None, Field(ge=1)] = None


class IndexArguments(RankedArguments):
    """The arguments of `concentration_index`."""

    index: IndexName = "standard"
    bounds: Annotated[tuple[float, float] | None, Field(strict=False)] = None
    parameter: Annotated[float | None, Field(gt=1, le=100)] = None
    bootstrap: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    method: ReplicateMethod = "auto"
    interval: Annotated[tuple[IntervalName, ...], BeforeValidator(as_tuple), Field(min_length=1)] = (
        "percentile",
    )
    route: Literal["auto", "rows", "cells"] = "auto"


class DecompositionArguments(RankedArguments):
    """The arguments of `decompose`."""

    terms: Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    need: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    references: Annotated[dict[str, str], Field(default_factory=dict)]
    model: Literal["linear", "logit", "probit", "binomial-identity"] = "linear"
    effect: Literal["average", "at-means", "discrete"] = "average"
    index: Literal["standard", "generalized", "erreygers", "wagstaff", "modified"] = "standard"
    bounds: Annotated[tuple[float, float] | None, Field(strict=False)] = None
    bootstrap: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    method: ReplicateMethod = "auto"
    interval: Annotated[
        tuple[Literal["normal", "basic", "percentile"], ...], BeforeValidator(as_tuple), Field(min_length=1)
    ] = ("percentile",)


class CurveArguments(RankedArguments):
    """The arguments of `concentration_curve`."""

    points: Annotated[int, Field(ge=4, le=100)] = 20


def checked(kind: type[Arguments], **given: Any) -> Any:  # noqa: ANN401 - an instance of `kind`
    """Return the arguments, or say what is wrong with the first bad one.

    Raises
    ------
    UsageError
        With the argument's name, what was found and what was expected.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        expected = item["msg"].removeprefix("Input should be ").removeprefix("a valid ")
        raise UsageError(
            f"{item['loc'][0]}: found {item['input']!r:.60}; expected {expected}. Correct the argument."
        ) from None


def check_replicates(arguments: IndexArguments | DecompositionArguments) -> None:
    """Refuse fewer replicates than the interval needs."""
    least = least_replicates(arguments.interval, arguments.conf_level)
    if arguments.method != "jackknife" and 0 < arguments.bootstrap < least:
        wanted = " or ".join(arguments.interval)
        raise UsageError(
            f"bootstrap: found {arguments.bootstrap}; expected 0, or at least {least} for a {wanted} interval of "
            f"{100 * arguments.conf_level:g} %. Ask for 1,000 or more."
        )


def check_bounds(arguments: IndexArguments | DecompositionArguments, *, needed: bool) -> None:
    """Refuse missing or impossible bounds; only the modified index does without an upper one."""
    bounds = arguments.bounds
    if bounds is None:
        if needed:
            raise UsageError(
                f"bounds: found none for the {arguments.index} index; expected the outcome's theoretical bounds, such "
                "as (0, 1) for an event. They are never read off the data."
            )
        return
    finite = math.isfinite(bounds[0]) and (math.isfinite(bounds[1]) or arguments.index == "modified")
    if not (finite and bounds[0] < bounds[1]):
        raise UsageError(
            f"bounds: found {bounds}; expected two finite numbers, low < high. Correct the argument."
        )


def frame_variable(
    data: Any,  # noqa: ANN401 - a Polars frame; polars is not imported here
    name: str,
    reference: str | None,
) -> VariableArrays:
    """Return a covariate of a Polars frame: a factor or a number."""
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


def frame_arrays(
    data: Any,  # noqa: ANN401 - a Polars frame; polars is not imported here
    outcome: str,
    rank_by: str,
    columns: DesignColumns,
    bounds: tuple[float, float] | None,
) -> SampleArrays:
    """Return the sorted sample of one outcome of a Polars frame."""
    values = checked_outcome(outcome, number_column(data, outcome, "outcome"), bounds)
    rank = number_column(data, rank_by, "rank_by")
    return sort_sample(outcomes={outcome: values}, rank=rank, rank_name=rank_by, columns=columns)


def frame_design(data: Any, arguments: Arguments) -> DesignColumns:  # noqa: ANN401 - a Polars frame
    """Return the design columns of a Polars frame."""
    names = {role: getattr(arguments, role) for role in ("weight", "stratum", "cluster")}
    return DesignColumns(
        weight=None if arguments.weight is None else number_column(data, arguments.weight, "weight"),
        stratum=id_column(data, arguments.stratum, "stratum"),
        cluster=id_column(data, arguments.cluster, "cluster"),
        nested=arguments.nested,
        single_psu=arguments.single_psu,
        names={role: name for role, name in names.items() if name},
    )


def number(value: float | None) -> float:
    """Return a number that may be missing as NaN."""
    return float("nan") if value is None else float(value)
