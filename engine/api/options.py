"""The options of functions whose result depends on `by`, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from engine.arrays import SinglePsu
from engine.study.analyses import DecomposableIndex, EffectName, ModelName
from engine.study.bootstrap import IntervalName, ReplicateMethod
from engine.study.disparity_measures import LinkName
from engine.study.indices import IndexName

DecompositionInterval = Literal["normal", "basic", "percentile"]
Route = Literal["auto", "rows", "cells"]


class SampleOptions(TypedDict, total=False):
    """Options of functions that draw random numbers."""

    conf_level: float
    nested: bool
    single_psu: SinglePsu
    replicate_weights: Mapping[str, object] | None
    seed: int


class CurveOptions(SampleOptions, total=False):
    """Options of `concentration_curve`."""

    points: int


class DrawOptions(SampleOptions, total=False):
    """Options of functions that make replicates."""

    bootstrap: int
    method: ReplicateMethod
    threads: int | None


class InequalityOptions(DrawOptions, total=False):
    """Options of `inequality`."""

    ordered: bool
    favourable: bool
    reference: str | None
    link: LinkName
    parameter: float | None
    decompose_by: str | None
    standardise: Mapping[str, object] | None
    interval: DecompositionInterval | Sequence[DecompositionInterval]


class ReplicateOptions(DrawOptions, total=False):
    """Options of functions that make replicates of an outcome with bounds."""

    bounds: tuple[float, float] | None


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
