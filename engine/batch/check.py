"""Every fault of a study: of its values, between its parts, in its rules, and in its files."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from engine.batch.rehearsal import analysis_faults
from engine.batch.request import study_files
from engine.data.derived_specs import checked_variables
from engine.data.expressions import RuleColumn, check_rule
from engine.data.harmonise import harmonised_columns
from engine.data.places import open_source
from engine.data.sample import rule_conditions
from engine.errors import DataError, Fault, MissingFileError, StudyError
from engine.study import StudySpec, parse_study
from engine.study.load import raw_study, read_study, study_path


def check_study(study: str | Path, data: Path | None = None) -> tuple[Fault, ...]:
    """Return all faults of a study file.

    Where its files are, also columns that they do not have; with `data`, also analyses that fail on them.
    """
    path = study_path(study)
    text = read_study(path)
    try:
        spec = parse_study(text, path.name, path.parent)
    except StudyError as error:
        return (*error.faults, *_rule_faults(text, path))
    checked = [*checked_variables(spec), *rule_conditions(spec)]
    faults = [item for item in checked if isinstance(item, Fault)]
    try:
        faults.extend(_column_faults(spec, path.parent, data))
    except MissingFileError:
        if data is not None:  # without --data the files may be elsewhere
            raise
    except DataError as error:
        faults.append(_at("source", error))
    if data is not None and not faults:
        faults.extend(analysis_faults(path, data))
    return tuple(faults)


def _rule_faults(text: str, path: Path) -> list[Fault]:
    """Check the rules of a study that has other faults, as far as its tables can be read."""
    try:
        raw = raw_study(text, path.name, path.parent)
    except StudyError:
        return []
    variables = raw.get("variables")
    columns = {"wave": RuleColumn(is_factor=True)}
    for name, variable in (variables if isinstance(variables, dict) else {}).items():
        levels = (variable.get("levels") or variable.get("cut") or {}) if isinstance(variable, dict) else {}
        columns[name] = RuleColumn(is_factor=bool(levels), levels=tuple(levels))
    rules = raw.get("sample")
    checked = [
        check_rule(f"sample[{number}].keep", rule["keep"], columns)
        for number, rule in enumerate(rules if isinstance(rules, list) else [], start=1)
        if isinstance(rule, dict) and isinstance(rule.get("keep"), str)
    ]
    return [item for item in checked if isinstance(item, Fault)]


def _column_faults(spec: StudySpec, base: Path, data: Path | None) -> list[Fault]:
    faults = []
    with TemporaryDirectory(prefix="equirank-") as scratch:
        for file in study_files(spec, base, data):
            raw = open_source(spec, file, Path(scratch))
            parts = {"design and wave": spec.model_copy(update={"variables": {}})}
            for name, variable in spec.variables.items():
                parts[f"variables.{name}"] = spec.model_copy(update={"variables": {name: variable}})
            for place, part in parts.items():
                try:
                    harmonised_columns(part, file, raw)
                except DataError as error:
                    faults.append(_at(place, error))
    return list({(fault.found, fault.remedy): fault for fault in faults}.values())


def _at(place: str, error: DataError) -> Fault:
    """Return the fault of a data file as one of the place in the study that names the file or its column."""
    fault = error.fault
    if fault is None:
        return Fault(place, str(error), "readable data files", "Correct it.")
    return Fault(place, f"{fault.place}: {fault.found}", fault.expected, fault.remedy)
