"""Every fault of a study: of its values, between its parts, in its rules, and in its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.batch.imputing import files_of
from engine.batch.rehearsal import analysis_faults
from engine.batch.request import study_files
from engine.data.column_faults import at_place, column_faults
from engine.data.conditions import domain_conditions, rule_conditions
from engine.data.derived_specs import checked_variables
from engine.data.expressions import RuleColumn, check_rule
from engine.data.file_calls import call_with_files
from engine.data.file_labels import with_file_labels
from engine.data.open_names import fault_of, open_names
from engine.data.readers import kept_readers
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault, MissingFileError, StudyError
from engine.study import StudySpec, load_study, parse_study
from engine.study.completed import completed
from engine.study.faults import with_name
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
    checked = [*checked_variables(spec), *rule_conditions(spec), *domain_conditions(spec)]
    faults = [item for item in checked if isinstance(item, Fault)]
    with kept_readers():
        try:
            faults.extend(_column_faults(spec, path.parent, data))
        except MissingFileError:
            if data is not None:  # without --data the files may be elsewhere
                raise
        except DataError as error:
            faults.append(at_place("source", error))
        if data is not None and not faults:
            faults.extend(analysis_faults(path, data))
    raw = raw_study(text, path.name, path.parent)
    return tuple(with_name(fault, raw) for fault in faults)


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
        names = tuple(levels) if isinstance(levels, dict) else ()
        columns[name] = RuleColumn(is_factor=bool(levels), levels=names)
    rules = raw.get("sample")
    checked = [
        check_rule(f"sample[{number}].keep", rule["keep"], columns)
        for number, rule in enumerate(rules if isinstance(rules, list) else [], start=1)
        if isinstance(rule, dict) and isinstance(rule.get("keep"), str)
    ]
    return [item for item in checked if isinstance(item, Fault)]


def _column_faults(spec: StudySpec, base: Path, data: Path | None) -> list[Fault]:
    faults = []
    files = study_files(spec, base, data)
    names = open_names(spec, files)
    open_places = {f"variables.{one.variable}.levels" for one in names}
    try:
        spec = with_file_labels(spec, files)
    except StudyError as error:
        faults = [fault for fault in error.faults if fault.place not in open_places]
        return [*faults, *([fault_of(names)] if names else [])]
    unknown = frozenset((one.file, one.variable) for one in names)
    faults = [
        fault
        for own, own_files in _data_sets(spec, files)
        for found in call_with_files(column_faults, own_files, own, unknown)
        for fault in found
    ]
    faults += [fault_of(names)] if names else []
    first: dict[tuple[str, str], Fault] = {}
    for fault in faults:
        first.setdefault((fault.found, fault.remedy), fault)
    return list(first.values())


def _data_sets(
    spec: StudySpec, files: Sequence[SourceFile]
) -> Iterator[tuple[StudySpec, Sequence[SourceFile]]]:
    """Yield the study and the files of each completed data set, or the only ones."""
    if spec.imputations is None:
        yield spec, files
        return
    for number in range(1, spec.imputations.count + 1):
        yield completed(spec, number), files_of(spec, files, number)


def not_looked_at(study: str | Path, data: Path | None) -> str | None:
    """Return what `check_study` could not look at because the data files are not there, None if nothing."""
    path = study_path(study)
    try:
        study_files(load_study(path), path.parent, data)
    except StudyError:
        return None
    except DataError as error:
        where = error.fault.place if error.fault is not None else "the data"
        why, remedy = f"of the fault of '{where}'", "correct it first"
        if isinstance(error, MissingFileError):
            why, remedy = f"there is no file '{where}' here", "give --data"
        return f"not looked at: columns, codes and labels, because {why}; {remedy}"
    return None
