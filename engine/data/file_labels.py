"""What files say of variables: their labels, their levels, and factors that a study takes for numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.data.file_calls import call_with_files
from engine.data.formats import format_of, open_frame
from engine.data.raw_column import RawColumn, raw_column
from engine.data.raw_frame import RawFrame
from engine.data.source_file import SourceFile
from engine.errors import Fault, StudyError, nearest
from engine.study import StudySpec, VariableSpec
from engine.study.base import Code

MOST_LABELS = 5  # in a message
Labels = Mapping[float | str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLabels:
    """The names of a file's columns, the labels of variables, and those of their values."""

    columns: tuple[str, ...]
    variables: Mapping[str, str]
    values: Mapping[str, Labels]


def with_file_labels(spec: StudySpec, files: Sequence[SourceFile]) -> StudySpec:
    """Return a study with the labels of its files: of variables without one, and as levels where it says so.

    Raises
    ------
    StudyError
        If a variable takes its levels from files that have none, or its event is none of them.
    """
    labelled = [file for file in files if (known := format_of(file.path)) is not None and known.has_labels]
    asked = {name: one for name, one in spec.variables.items() if one.levels == "file" or not one.label}
    if not asked or (not labelled and all(one.levels != "file" for one in asked.values())):
        return spec
    told = call_with_files(_read_labels, labelled, spec.source.encoding)
    opened = [(file.wave, labels) for file, labels in zip(labelled, told, strict=True)]
    faults: list[Fault] = []
    settled: dict[str, VariableSpec] = {}
    for name, variable in asked.items():
        columns = [
            (file, column)
            for wave, file in opened
            if (column := _column(variable, file.columns, wave)) is not None
        ]
        label = next((file.variables[column] for file, column in columns if column in file.variables), "")
        changed: dict[str, object] = {"label": variable.label or " ".join(label.split())}
        if variable.levels == "file":
            changed["levels"] = _levels(variable, [file.values.get(column, {}) for file, column in columns])
        settled[name] = variable.model_copy(update=changed)
        faults += _faults(name, settled[name])
    if faults:
        raise StudyError(spec.study.name, tuple(faults))
    return spec.model_copy(update={"variables": {**spec.variables, **settled}})


def _read_labels(file: SourceFile, encoding: str | None) -> FileLabels:
    with TemporaryDirectory(prefix="equirank-") as scratch:
        raw = open_frame(file, (), encoding, Path(scratch))
    values = {column: dict(labels) for column, labels in raw.labels.items()}
    return FileLabels(columns=raw.columns, variables=dict(raw.column_labels), values=values)


def _column(variable: VariableSpec, columns: Sequence[str], wave: str | None) -> str | None:
    wanted = variable.column_of(wave)
    same = [name for name in columns if wanted and name.strip().casefold() == wanted.strip().casefold()]
    return wanted if wanted in columns else same[0] if len(same) == 1 else None


def _levels(variable: VariableSpec, files: Iterable[Labels]) -> dict[str, tuple[Code, ...]]:
    """Return level -> its label, for all labels of values in the order of the codes."""
    levels: dict[str, tuple[Code, ...]] = {}
    for labels in files:
        for _, label in sorted(_of_values(variable, labels), key=lambda item: item[0]):
            levels[label] = (label,)
    return levels


def _of_values(variable: VariableSpec, labels: Labels) -> list[tuple[float, str]]:
    """Return (code, label) of values: Stata's letters and the study's missing codes are none."""
    gone = {code for codes in variable.missing_codes.values() for code in codes}
    stripped = [(code, label.strip()) for code, label in labels.items() if not isinstance(code, str)]
    return [(code, label) for code, label in stripped if label and not {code, label, f"{code:g}"} & gone]


def _faults(name: str, variable: VariableSpec) -> Iterator[Fault]:
    place, levels = f"variables.{name}", variable.level_names
    if not levels and variable.levels is not None:
        remedy = "Write the levels: levels = { name = [1], ... }."
        yield Fault(f"{place}.levels", "'file', but no file has labels of its values", "labels", remedy)
        return
    for key in ("event", "reference"):
        given = getattr(variable, key)
        for level in (given,) if isinstance(given, str) else given or ():
            if levels and level not in levels:
                yield Fault(
                    f"{place}.{key}", f"the unknown level '{level}'", "a level", nearest(level, [*levels])
                )


def numbers_with_labels(spec: StudySpec, file: SourceFile, raw: RawFrame) -> Iterator[tuple[str, str, bool]]:
    """Yield variables that the study takes for numbers and whose codes have labels in the file.

    Each comes with some of the labels, and whether every value has one.
    """
    for name, variable in spec.variables.items():
        if variable.numeric or variable.level_names or variable.since or variable.digits_of(file.wave):
            continue
        column_name = _column(variable, raw.columns, file.wave)
        if column_name is None:
            continue
        column = raw_column(raw, column_name)
        inside = [
            (code, label)
            for code, label in _of_values(variable, column.labels)
            if not any(low <= code <= high for low, high in column.ranges)
        ]
        if inside:
            shown = ", ".join(f"{code:g} = {label}" for code, label in sorted(inside)[:MOST_LABELS])
            some = ", ..." if len(inside) > MOST_LABELS else ""
            yield name, shown + some, not _has_unlabelled(raw, column, variable)


def _has_unlabelled(raw: RawFrame, column: RawColumn, variable: VariableSpec) -> bool:
    """Whether some row holds a value without a label."""
    missing = [code for codes in variable.missing_codes.values() for code in codes]
    labelled = [code for code in column.labels if not isinstance(code, str)]
    is_free = column.number.is_not_null() & ~column.matches(missing) & ~column.number.is_in(labelled)
    for low, high in column.ranges:
        is_free = is_free & ~column.number.is_between(low, high)
    return raw.frame.filter(is_free).head(1).collect(engine="in-memory").height > 0


def label_fault(file: str, name: str, shown: str) -> Fault:
    """Return the fault of a factor that a study takes for a number."""
    place = f"variables.{name}"
    found = f"the study uses {place} as a number, but the file has a label for every value ({shown})"
    remedy = 'Write levels = "file" or the levels. If the values are amounts, write numeric = true.'
    return Fault(file, found, "levels", remedy)
