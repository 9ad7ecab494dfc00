"""The options of functions whose result depends on `by`, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from engine.arrays import SinglePsu
from engine.study.analyses import DecomposableIndex, EffectName, ModelName
from engine.study.bootstrap import IntervalName, ReplicateMethod
from engine.study.indices import IndexName

DecompositionInterval = Literal["normal", "basic", "percentile"]
Route = Literal["auto", "rows", "cells"]


class ReplicateOptions(TypedDict, total=False):
    """Options of functions that make replicates."""

    bounds: tuple[float, float] | None
    bootstrap: int
    method: ReplicateMethod
    conf_level: float
    nested: bool
    single_psu: SinglePsu
    replicate_weights: Mapping[str, object] | None
    seed: int
    threads: int | None


class IndexOptions(ReplicateOptions, total=False):
    """Options of `concentration_index`."""

    index: IndexName
    parameter: float | None
    interval: IntervalName | Sequence[IntervalName]
    route: Route


class DecompositionOptions(ReplicateOptions, total=False):
    """Options of `decompose`."""

    model: ModelName
    effect: EffectName
    index: DecomposableIndex
    references: Mapping[str, str] | None
    interval: DecompositionInterval | Sequence[DecompositionInterval]
