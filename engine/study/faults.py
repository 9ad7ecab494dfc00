"""Validation errors of pydantic as faults with their TOML path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.errors import Fault, nearest
from engine.study.analyses import ANALYSES
from engine.study.bootstrap import BootstrapSpec
from engine.study.design import DesignSpec, ReplicateWeightsSpec
from engine.study.source import MergeSpec, SourceSpec, StudyInfo
from engine.study.study_spec import SampleRule, StudySpec
from engine.study.variables import VariableSpec

_TABLES: dict[str, type[BaseModel]] = {
    "study": StudyInfo,
    "source": SourceSpec,
    "design": DesignSpec,
    "variables": VariableSpec,
    "sample": SampleRule,
    "merge": MergeSpec,
    "bootstrap": BootstrapSpec,
    "replicate_weights": ReplicateWeightsSpec,
    **ANALYSES,
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
    return step in {"str", "int", "float", "bool"} or "[" in step or step in ANALYSES


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] = StudySpec
    for step in location[:-1]:
        model = _TABLES.get(str(step), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def faults_of(error: ValidationError, raw: Mapping[str, Any]) -> list[Fault]:
    """Turn a validation error into faults, one for each place in the file."""
    faults: dict[str, Fault] = {}
    for item in error.errors(include_url=False):
        if item["type"] == "too_short" and item["loc"] == ("analysis",) and raw.get("analysis"):
            continue  # every analysis has a fault, and pydantic counts none of them
        fault = _fault_of(item, toml_path(item["loc"], raw))
        faults.setdefault(fault.place, fault)
    return list(faults.values())


def _fault_of(item: ErrorDetails, path: str) -> Fault:
    kind, key, value = item["type"], str(item["loc"][-1]) if item["loc"] else "", item.get("input")
    if kind == "extra_forbidden":
        return Fault(path, f"the unknown key '{key}'", "a known key", nearest(key, _known_keys(item["loc"])))
    if kind == "missing":
        return Fault(path, "nothing", "a value", f"Add '{key}'.")
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        given = value.get("kind") if isinstance(value, Mapping) else None
        found = "nothing" if given is None else f"{given!r}"
        expected = f"one of {', '.join(ANALYSES)}"
        return Fault(f"{path}.kind", found, expected, nearest(str(given), list(ANALYSES)))
    found = f"{value!r:.60}" if "input" in item else "nothing"
    if kind == "string_pattern_mismatch":
        return Fault(path, found, "a name of letters, digits and underscores", "Rename it.")
    expected = item["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if kind == "literal_error" and isinstance(value, str):
        allowed = [part.strip(" '") for part in item["ctx"]["expected"].replace(" or ", ",").split(",")]
        return Fault(path, found, expected, nearest(value, allowed))
    return Fault(path, found, expected, "`equirank schema` lists what is allowed.")
