"""Balance of covariates: weights with which waves or groups have the covariates of a reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from engine.errors import Fault, nearest
from engine.study.base import Names, Spec
from engine.study.raw_tables import RawStudy, as_names, as_table, is_factor

PLACE = "design.balance"
ALL = "all"


def _as_level(value: object) -> object:
    """Accept a year as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _with_variables(names: Names) -> Names:
    if not names:
        raise ValueError("should name one or more covariates")
    return names


class BalanceSpec(Spec):
    """Weights with which the records of each wave or group have the covariates of a reference.

    They are those of the sample, after its rules. Every estimate uses the adjusted weights. Linearised errors
    count that the factors are estimated, and every replicate is balanced again.
    """

    by: Annotated[str, Field(description="Factor, or `wave`, whose levels are made alike")]
    to: Annotated[
        str,
        BeforeValidator(_as_level, json_schema_input_type=str | int),
        Field(description="Level whose covariates the others get, or all: those of all levels together"),
    ] = ALL
    variables: Annotated[
        Names, AfterValidator(_with_variables), Field(description="Covariates: shares of levels, and means")
    ]
    method: Annotated[
        Literal["entropy", "ipw"],
        Field(description="entropy: shares and means are met exactly; ipw: inverse probabilities of a logit"),
    ] = "entropy"
    where: Annotated[
        str | None,
        Field(description="Records of the sample that are balanced; the others keep their weight"),
    ] = None


def check_balance(study: RawStudy) -> Iterator[Fault]:
    """Groups and covariates are variables of the study, and weights are adjusted once."""
    table = as_table(study.design.get("balance"))
    if not table:
        return
    if not study.design.get("weight"):
        yield Fault(PLACE, "no design.weight", "the weight to adjust", "Name its column, or one of ones.")
    if study.design.get("calibration"):
        found = "a balance beside design.calibration, and each would undo the other"
        yield Fault(PLACE, found, "one adjustment of the weights", "Leave one of the two out.")
    by, covariates = table.get("by"), as_names(table.get("variables", ()))
    if by == "wave":
        if not study.has_waves:
            yield Fault(f"{PLACE}.by", "'wave'", "a study with waves", "Give source.wave.")
    elif isinstance(by, str):
        yield from _variable(f"{PLACE}.by", by, study, only_factors=True)
        yield from _level(by, table.get("to", ALL), study)
    for name in covariates:
        yield from _variable(f"{PLACE}.variables", name, study, only_factors=False)
    if by in covariates:
        found = f"'{by}', which stands under by"
        yield Fault(f"{PLACE}.variables", found, "covariates of the groups", "Leave it out.")
    if len({*covariates}) < len(covariates):
        yield Fault(f"{PLACE}.variables", "a name twice", "each name once", "Delete one of the two.")


def _variable(place: str, name: str, study: RawStudy, *, only_factors: bool) -> Iterator[Fault]:
    if name not in study.variables:
        yield Fault(
            place, f"the unknown variable '{name}'", "one of the study", nearest(name, [*study.variables])
        )
        return
    variable = study.variables[name]
    if variable.get("quantiles") or variable.get("impute"):
        found = f"'{name}', whose values are made with the weights"
        yield Fault(place, found, "a variable that is in the records", "Use another variable.")
    elif only_factors and not is_factor(variable):
        found, remedy = f"'{name}', which is a number", f"Give variables.{name} levels or cut."
        yield Fault(place, found, "a factor", remedy)


def _level(by: str, to: object, study: RawStudy) -> Iterator[Fault]:
    levels = as_table(study.variables.get(by, {}).get("levels"))
    is_by_wave = any(isinstance(codes, Mapping) for codes in levels.values())
    if to == ALL and ALL in levels:
        found = f"'{ALL}', which is a level of {by} and means all groups together"
        yield Fault(f"{PLACE}.to", found, "one of the two", f"Give the level of {by} another name.")
    if levels and not is_by_wave and isinstance(to, str) and to != ALL and to not in levels:
        found = f"'{to}', which is no level of {by}"
        yield Fault(f"{PLACE}.to", found, "a level, or 'all'", nearest(to, [*levels]))
