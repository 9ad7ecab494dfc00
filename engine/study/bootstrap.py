"""How many replicates an analysis makes, how they are drawn, and which intervals come of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.errors import Fault
from engine.study.base import Spec, as_tuple

ReplicateMethod = Literal["auto", "iid", "cluster", "rao-wu", "poisson", "replicate-weights", "jackknife"]
IntervalName = Literal["normal", "basic", "percentile", "bca", "studentized"]
NEEDS_INFLUENCE = ("bca", "studentized")
"""Intervals that need influence values, which decompositions and RIF regressions do not have."""
WITH_REPLICATE_WEIGHTS = ("auto", "replicate-weights")
"""Methods of a study whose data bring replicate weights: these stand for the whole design."""


MOST_AUTO = 40_960
"""Replicates after which `auto` stops in any case."""


class BootstrapSpec(Spec):
    """Replicates behind an analysis.

    `auto` takes the study's replicate weights, else the Rao-Wu bootstrap where there are strata or clusters,
    else the ordinary bootstrap. As a number of replicates, `auto` goes on until the Monte-Carlo error of
    every bound is below 2 % of the standard error.
    """

    replicates: Annotated[int, Field(ge=0, le=1_000_000)] | Literal["auto"] = 2000
    method: ReplicateMethod = "auto"
    interval: Annotated[
        tuple[IntervalName, ...],
        BeforeValidator(as_tuple, json_schema_input_type=IntervalName | tuple[IntervalName, ...]),
        Field(min_length=1, description="One, or several from the same replicates"),
    ] = ("percentile",)
    route: Annotated[
        Literal["auto", "rows", "cells"],
        Field(description="How rows are drawn: one by one, or those alike together; auto takes the cheaper"),
    ] = "auto"

    @property
    def makes_replicates(self) -> bool:
        """Whether there are any: the jackknife deletes each unit once, whatever number is given."""
        return self.most_replicates > 0 or self.method == "jackknife"

    @property
    def most_replicates(self) -> int:
        """How many there can be: `auto` stops before where the bounds of all intervals stand still."""
        return MOST_AUTO if self.replicates == "auto" else self.replicates


def least_replicates(intervals: Iterable[str], conf_level: float) -> int:
    """Return how many replicates intervals need at least: (b + 1) times a tail is one replicate.

    Examples
    --------
    >>> least_replicates(["percentile", "normal"], 0.95), least_replicates(["normal"], 0.95)
    (39, 20)
    """
    return 20 if {*intervals} <= {"normal"} else round(2.0 / (1.0 - conf_level)) - 1


def too_few_replicates(
    path: str, replicates: int, intervals: tuple[str, ...], conf_level: float
) -> Fault | None:
    """Return the fault of a number of replicates that the intervals cannot be made from; 0 means none at all.

    Examples
    --------
    >>> print(too_few_replicates("bootstrap", 30, ("percentile",), 0.95))
    bootstrap: found 30; expected 0, or at least 39 for a 95 % percentile interval. Ask for 1,000 or more.
    """
    least = least_replicates(intervals, conf_level)
    if isinstance(replicates, int) and (replicates == 0 or replicates >= least):
        return None
    expected = f"0, or at least {least} for a {100 * conf_level:g} % {' or '.join(intervals)} interval"
    return Fault(path, f"{replicates!r}", expected, "Ask for 1,000 or more.")
