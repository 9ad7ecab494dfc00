"""The arguments of the Python functions: checked one by one, and turned into the spec of an analysis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from engine.api.replicate_weights import ReplicateWeightsTable
from engine.batch.forked import refuse_fork
from engine.errors import UsageError, nearest
from engine.estimators.replicates.settings import ReplicateSettings
from engine.study.analyses import DecomposableIndex, EffectName, LevelScaling, ModelName, QuadraturePoints
from engine.study.base import Spec, as_tuple
from engine.study.bootstrap import BootstrapSpec, IntervalName, ReplicateMethod, too_few_replicates
from engine.study.indices import NEEDS_BOUNDS, NEEDS_PARAMETER, IndexName

A = TypeVar("A", bound="Arguments")
S = TypeVar("S", bound=Spec)


def products_in(value: object) -> object:
    """Accept lists where tuples are meant, and one term where several are allowed."""
    if not isinstance(value, (list, tuple)):
        return (value,)
    return tuple(tuple(item) if isinstance(item, list) else item for item in value)


def _as_dict(value: object) -> object:
    """Accept None and any mapping where a dictionary is meant."""
    return dict(value) if isinstance(value, Mapping) else {} if value is None else value


Bounds = Annotated[tuple[float, float] | None, Field(strict=False)]
Replicates = Annotated[int, Field(ge=0, le=1_000_000)]
References = Annotated[dict[str, str], BeforeValidator(_as_dict), Field(default_factory=dict)]
Threads = Annotated[int | None, Field(ge=1)]


class Arguments(Spec):
    """The arguments of every function. Types are strict: "5" is no number and True no count."""

    model_config = ConfigDict(strict=True)

    by: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    weight: str | None = None
    stratum: str | None = None
    cluster: str | None = None
    nested: bool = False
    single_psu: Literal["fail", "adjust", "certainty"] = "fail"
    replicate_weights: ReplicateWeightsTable = None
    conf_level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95

    function: ClassVar[str]

    def spec(self, kind: type[S], **others: object) -> S:
        """Return the analysis of a kind: fields of the same name, and others."""
        shared = {name: getattr(self, name) for name in kind.model_fields if hasattr(self, name)}
        label = get_args(kind.model_fields["kind"].annotation)[0]
        return kind(**{**shared, "name": self.function, "kind": label, **others})


class OutcomeArguments(Arguments):
    """The arguments of functions of an outcome."""

    outcome: str


class RankedArguments(OutcomeArguments):
    """The arguments of functions that rank people and draw random numbers."""

    rank_by: str
    bounds: Bounds = None
    parameter: Annotated[float | None, Field(gt=1, le=100)] = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    threads: Threads = None

    @property
    def replicate_settings(self) -> ReplicateSettings:
        """How replicates are computed."""
        return ReplicateSettings(seed=self.seed, threads=self.threads)

    def refuse_bounds(self, index: str) -> None:
        """Refuse missing or impossible bounds; only the modified index does without an upper one."""
        if self.bounds is None:
            if index in NEEDS_BOUNDS:
                raise UsageError(
                    f"bounds: found none for the {index} index; expected the smallest and the largest value "
                    "that the outcome can have, such as (0, 1) for an event. The program never takes them "
                    "from the data."
                )
            return
        low, high = self.bounds
        finite = math.isfinite(low) and (math.isfinite(high) or index == "modified")
        if not (finite and low < high):
            raise UsageError(
                f"bounds: found {self.bounds}; expected two finite numbers, low < high. Correct the argument."
            )

    def refuse_missing_parameter(self, index: str) -> None:
        """Refuse an index without the parameter it needs."""
        if index in NEEDS_PARAMETER and self.parameter is None:
            raise UsageError(
                f"parameter: found none for the {index} index; expected a number above 1, such as 3."
            )


class ReplicatedArguments(RankedArguments):
    """The arguments of functions that make replicates."""

    bootstrap: Replicates = 0
    method: ReplicateMethod = "auto"
    interval: Annotated[tuple[IntervalName, ...], BeforeValidator(as_tuple), Field(min_length=1)] = (
        "percentile",
    )
    route: Literal["auto", "rows", "cells"] = "auto"

    def spec(self, kind: type[S], **others: object) -> S:
        """Return the analysis of a kind, with a bootstrap table where replicates are asked for."""
        bootstrap = BootstrapSpec(
            replicates=self.bootstrap, method=self.method, interval=self.interval, route=self.route
        )
        made = bootstrap if bootstrap.makes_replicates else None
        return super().spec(kind, bootstrap=made, **others)

    def refuse_too_few_replicates(self) -> None:
        """Refuse fewer replicates than the intervals need; the jackknife takes no number."""
        fault = too_few_replicates("bootstrap", self.bootstrap, self.interval, self.conf_level)
        if fault is not None and self.method != "jackknife":
            raise UsageError(str(fault))


class IndexArguments(ReplicatedArguments):
    """The arguments of `concentration_index`."""

    function = "concentration_index"

    index: IndexName = "standard"
    compare: bool = False


class DecompositionArguments(ReplicatedArguments):
    """The arguments of `decompose`."""

    function = "decompose"

    terms: Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    need: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    references: References
    model: ModelName = "linear"
    effect: EffectName = "average"
    index: DecomposableIndex = "standard"
    change: bool = False
    interval: Annotated[
        tuple[Literal["normal", "basic", "percentile"], ...], BeforeValidator(as_tuple), Field(min_length=1)
    ] = ("percentile",)

    def refuse_terms(self) -> None:
        """Refuse need or references that are no terms, and terms that stand twice."""
        for role, names in (("need", self.need), ("references", self.references)):
            for name in names:
                if name not in self.terms:
                    raise UsageError(
                        f"{role}: found '{name}', which is none of the terms; expected some of them. "
                        f"{nearest(name, [*self.terms])}"
                    )
        for name in (self.outcome, *self.terms):
            if self.terms.count(name) + (name == self.outcome) > 1:
                raise UsageError(
                    f"terms: found '{name}' twice, or the outcome itself; expected other variables. "
                    "Leave it out."
                )


class CurveArguments(RankedArguments):
    """The arguments of `concentration_curve`."""

    function = "concentration_curve"

    points: Annotated[int, Field(ge=4, le=100)] = 20


class RegressionArguments(OutcomeArguments):
    """The arguments of regressions on terms and their products."""

    terms: Annotated[tuple[str | tuple[str, ...], ...], BeforeValidator(products_in)] = ()
    scores: Annotated[tuple[tuple[str, str], ...], BeforeValidator(products_in)] = ()
    references: References

    @property
    def single_terms(self) -> list[str]:
        """The terms that are no products."""
        return [term for term in self.terms if isinstance(term, str)]

    def refuse_terms(self) -> None:
        """Refuse names that stand twice, and products and references of what is no term."""
        single = self.single_terms
        if len(set(single)) < len(single) or self.outcome in single:
            raise UsageError(
                "terms: found a name twice, or the outcome itself; expected other variables. Leave it out."
            )
        products = [*(term for term in self.terms if not isinstance(term, str)), *self.scores]
        for product in products:
            if len(set(product)) < max(len(product), 2):
                raise UsageError(
                    f"terms: found the product {product}; expected two or more different variables. Correct "
                    "it."
                )
        for role, names in (
            ("a product", [name for product in products for name in product]),
            ("references", [*self.references]),
        ):
            for name in names:
                if name not in single:
                    raise UsageError(
                        f"terms: {role} names '{name}', which is no term; expected one. "
                        f"{nearest(name, single)}"
                    )


class MultilevelArguments(RegressionArguments):
    """The arguments of `mixed_linear`, and those that `mixed_logit` shares with it."""

    function = "mixed_linear"

    levels: Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=2)]
    level_weights: References
    scaling: LevelScaling = "cluster-size"

    @property
    def weights(self) -> str:
        """How weights count; ``none`` without any."""
        return "none" if self.weight is None and not self.level_weights else self.scaling

    def refuse_levels(self) -> None:
        """Refuse levels that stand twice, or that are the outcome or a term."""
        others = {self.outcome, *self.single_terms}
        if len(set(self.levels)) < len(self.levels) or {*self.levels} & others:
            raise UsageError(
                "levels: found a name twice, or the outcome or a term; expected columns of cluster ids. "
                "Correct the list."
            )
        for name in self.level_weights:
            if name not in self.levels:
                raise UsageError(
                    f"level_weights: found '{name}', which is none of the levels; expected some of them. "
                    f"{nearest(name, [*self.levels])}"
                )
        if self.weights == "none" and self.scaling != "cluster-size":
            raise UsageError(
                f"scaling: found '{self.scaling}' without weights; expected both. Give weight, or drop it."
            )


class MixedLogitArguments(MultilevelArguments):
    """The arguments of `mixed_logit`."""

    function = "mixed_logit"

    points: QuadraturePoints = "auto"
    modes: bool = False
    threads: Threads = None


def checked(kind: type[A], given: Mapping[str, Any]) -> A:
    """Return the arguments of a call, given by name with the frame among them.

    Raises
    ------
    UsageError
        For the first bad argument: its name, what was found and what was expected.
    """
    refuse_fork()
    named = {name: value for name, value in given.items() if name != "frame"}
    if named.get("by") is None:
        named["by"] = ()
    try:
        return kind(**named)
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        expected = item["msg"].removeprefix("Input should be ").removeprefix("a valid ")
        raise UsageError(
            f"{item['loc'][0]}: found {item['input']!r:.60}; expected {expected}. Correct the argument."
        ) from None


def number(value: float | None) -> float:
    """Return a number that may be missing as NaN."""
    return float("nan") if value is None else float(value)
