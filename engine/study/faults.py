"""Validation errors of pydantic, told as faults with their TOML path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from engine.errors import Fault, nearest
from engine.study.analyses import (
    BootstrapSpec,
    ConcentrationSpec,
    CurveSpec,
    DecompositionSpec,
    DescribeSpec,
    LogitSpec,
    MultilevelSpec,
    RatesSpec,
    RifSpec,
)
from engine.study.models import (
    DesignSpec,
    MergeSpec,
    ReplicateWeightsSpec,
    SampleRule,
    SourceSpec,
    StudyInfo,
    StudySpec,
    VariableSpec,
)

ANALYSIS_KINDS: dict[str, type[BaseModel]] = {
    "describe": DescribeSpec,
    "rates": RatesSpec,
    "concentration": ConcentrationSpec,
    "curve": CurveSpec,
    "decomposition": DecompositionSpec,
    "logit": LogitSpec,
    "multilevel": MultilevelSpec,
    "rif": RifSpec,
}
_TABLES: dict[str, type[BaseModel]] = {
    "study": StudyInfo,
    "source": SourceSpec,
    "design": DesignSpec,
    "variables": VariableSpec,
    "sample": SampleRule,
    "merge": MergeSpec,
    "bootstrap": BootstrapSpec,
    "replicate_weights": ReplicateWeightsSpec,
    **ANALYSIS_KINDS,
}


def toml_path(location: tuple[str | int, ...], raw: object) -> str:
    """Write a location as a TOML path, keeping only the steps that exist in the file."""
    path, here = "", raw
    for position, step in enumerate(location):
        last = position == len(location) - 1
        if isinstance(step, int):
            if isinstance(here, list):
                path += f"[{step + 1}]"
                here = here[step] if step < len(here) else None
        elif isinstance(here, Mapping) and (step in here or (last and not _is_type_name(step))):
            path += f".{step}" if path else step
            here = here.get(step)
    return path or "study file"


def _is_type_name(step: str) -> bool:
    """Pydantic adds the branch of a union to the location; it is no part of the file."""
    return step in {"str", "int", "float", "bool"} or "[" in step or step in ANALYSIS_KINDS


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] = StudySpec
    for step in location[:-1]:
        model = _TABLES.get(str(step), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def faults_of(error: ValidationError, raw: Mapping[str, Any]) -> list[Fault]:
    """Turn a validation error into faults, one for each place in the file."""
    told: dict[str, Fault] = {}
    for item in error.errors(include_url=False):
        location, kind = item["loc"], item["type"]
        path = toml_path(location, raw)
        if kind == "too_short" and location == ("analysis",) and raw.get("analysis"):
            continue  # every analysis has a fault of its own; they are told
        found = f"{item['input']!r:.60}" if "input" in item else "nothing"
        expected = item["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        remedy = "`equirank schema` lists what is allowed."
        if kind == "extra_forbidden":
            found, expected = f"the unknown key '{location[-1]}'", "a known key"
            remedy = nearest(str(location[-1]), _known_keys(location))
        elif kind == "missing":
            found, expected, remedy = "nothing", "a value", f"Add '{location[-1]}'."
        elif kind == "literal_error" and isinstance(item["input"], str):
            allowed = [part.strip(" '") for part in item["ctx"]["expected"].replace(" or ", ",").split(",")]
            remedy = nearest(item["input"], allowed)
        elif kind in {"union_tag_invalid", "union_tag_not_found"}:
            path = f"{path}.kind"
            given = item["input"].get("kind") if isinstance(item["input"], Mapping) else None
            found = f"{given!r}" if given is not None else "nothing"
            expected = f"one of {', '.join(ANALYSIS_KINDS)}"
            remedy = nearest(str(given), list(ANALYSIS_KINDS))
        elif kind == "string_pattern_mismatch":
            expected = "a name of letters, digits and underscores"
            remedy = "Rename it."
        told.setdefault(path, Fault(path, found, expected, remedy))
    return list(told.values())
