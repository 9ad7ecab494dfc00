"""Validation errors of pydantic as faults with their TOML path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.errors import Fault, nearest
from engine.study.analyses import ANALYSES
from engine.study.bootstrap import BootstrapSpec
from engine.study.design import DesignSpec, ReplicateWeightsSpec
from engine.study.imputations import ImputationsSpec
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
    "imputations": ImputationsSpec,
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
    """Turn a validation error into faults, one for each place in the file.

    A value that may be of several kinds has an error for each; their expectations are joined.
    """
    faults: dict[str, Fault] = {}
    for item in error.errors(include_url=False):
        if item["type"] == "too_short" and item["loc"] == ("analysis",) and raw.get("analysis"):
            continue  # every analysis has a fault, and pydantic counts none of them
        fault = _fault_of(item, toml_path(item["loc"], raw))
        first = faults.get(fault.place)
        if first is None:
            faults[fault.place] = fault
        elif fault.expected not in first.expected and fault.found == first.found:
            faults[fault.place] = replace(first, expected=f"{first.expected}, or {fault.expected}")
    return list(faults.values())


def with_name(fault: Fault, raw: Mapping[str, Any]) -> Fault:
    """Return a fault of an analysis with the name that the reader gave it.

    Examples
    --------
    >>> fault = Fault("analysis[1].rank_by", "nothing", "a value", "Add it.")
    >>> print(with_name(fault, {"analysis": [{"name": "trend"}]}))
    analysis 'trend', rank_by: found nothing; expected a value. Add it.
    """
    found = re.match(r"analysis\[(\d+)\]\.?(.*)", fault.place)
    analyses = raw.get("analysis")
    if found is None or not isinstance(analyses, list) or int(found[1]) > len(analyses):
        return fault
    names = [one.get("name") if isinstance(one, Mapping) else None for one in analyses]
    name = names[int(found[1]) - 1]
    if not isinstance(name, str) or names.count(name) > 1:
        return fault
    return replace(fault, where=f"analysis '{name}'{', ' * bool(found[2])}{found[2]}")


_EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list such as [a, b]",
    "list_type": "a list such as [a, b]",
    "dict_type": "a table such as { a = ..., b = ... }",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "mapping_type": "a table",
}


def _expected(item: ErrorDetails) -> str:
    """Return what pydantic expected, in the words of these messages."""
    kind, limits = item["type"], item.get("ctx", {})
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if kind in ("too_short", "too_long"):
        number, unit = (
            (limits.get("min_length"), "at least")
            if kind == "too_short"
            else (limits.get("max_length"), "at most")
        )
        return f"{unit} {number} item{'s' if number != 1 else ''}"
    if kind in ("string_too_short", "string_too_long"):
        return "a text of one to " + str(limits.get("max_length", 120)) + " characters"
    bounds = {"greater_than": "more than", "less_than": "less than"}
    for name, words in bounds.items():
        if kind == name:
            return f"{words} {limits[name[:1] + 't']:g}"
        if kind == f"{name}_equal":
            return f"{limits[name[:1] + 'e']:g} or {words.split()[0]}"
    if kind == "value_error":
        return item["msg"].removeprefix("Value error, ").removeprefix("should be ")
    if kind == "literal_error":
        return f"one of {limits['expected']}".replace(" or ", ", ")
    return "a value of another kind"


def _fault_of(item: ErrorDetails, path: str) -> Fault:
    kind, key, value = item["type"], str(item["loc"][-1]) if item["loc"] else "", item.get("input")
    if kind == "extra_forbidden":
        return Fault(path, f"the unknown key '{key}'", "a known key", nearest(key, _known_keys(item["loc"])))
    if kind == "missing" and isinstance(item["loc"][-1], int):
        return Fault(path.rpartition("[")[0], "a list that is too short", "one more item", "Add it.")
    if kind == "missing":
        return Fault(path, "nothing", "a value", f"Add '{key}'.")
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        given = value.get("kind") if isinstance(value, Mapping) else None
        found = "nothing" if given is None else f"{given!r}"
        expected = f"one of {', '.join(ANALYSES)}"
        return Fault(f"{path}.kind", found, expected, nearest(str(given), list(ANALYSES)))
    if path in _REPEATED and isinstance(value, Mapping):
        return Fault(path, f"one table [{path}]", f"a list of tables [[{path}]]", "Write two brackets.")
    found = _shown(value) if "input" in item else "nothing"
    if kind == "string_pattern_mismatch":
        return Fault(path, found, "a name of letters, digits and underscores", "Rename it.")
    expected = _expected(item)
    if kind == "literal_error" and isinstance(value, str):
        allowed = [part.strip(" '") for part in item["ctx"]["expected"].replace(" or ", ",").split(",")]
        return Fault(path, found, expected, nearest(value, allowed))
    return Fault(path, found, expected, "Correct it; the page on the study file lists every key.")


_REPEATED = ("analysis", "sample", "source.merge")


def _shown(value: object) -> str:
    """Return a value as a study file writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    return f"{value!r:.60}"
