"""The fields and checks of every kind of analysis, and the types of fields that several kinds have."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from engine.study import analysis_checks as check
from engine.study.base import Names, Spec, as_tuple


def _wave_names(value: object) -> object:
    """Accept one wave where several are allowed, and years as numbers."""
    if value in ("all", "each"):
        return value
    names = as_tuple(value)
    if not isinstance(names, tuple):
        return names
    return tuple(str(name) if isinstance(name, int) else name for name in names)


Bounds = Annotated[tuple[float, float] | None, Field(description="Default: those of the variable")]
Parameter = Annotated[
    float | None, Field(gt=1, le=100, description="v of the extended, beta of the symmetric index")
]
Term = str | tuple[str, ...]
"""A variable, or several whose product is meant."""


class AnalysisFields(Spec):
    """The fields and checks of every kind of analysis."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    waves: Annotated[
        Literal["all", "each"] | Annotated[tuple[str, ...], Field(min_length=1)],
        BeforeValidator(_wave_names, json_schema_input_type=str | int | tuple[str | int, ...]),
        Field(
            description="all; each: every wave as if it were alone; a list: these as if there were no others"
        ),
    ] = "all"
    where: Annotated[
        str | None,
        Field(description="Condition like keep of a sample rule: the domain; the whole design still counts"),
    ] = None
    by: Annotated[Names, Field(description="Factors, or 'wave'")] = ()
    conf_level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95

    checks: ClassVar[tuple[check.Check, ...]] = ()
    """What is checked of the raw tables, beside the references that every kind has."""
    terms_may_be_wave: ClassVar[bool] = False
    outcome_may_be_factor: ClassVar[bool] = False
    variables_in: ClassVar[tuple[str, ...]] = ("outcome", "rank_by", "by", "rows", "variables", "terms")
    """Fields that name variables of the study."""
    factors_in: ClassVar[tuple[str, ...]] = ("by", "rows")
    """Those of them that name factors."""
