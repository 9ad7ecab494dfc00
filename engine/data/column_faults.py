"""Columns that a study wants of a file and that are not there, or not what it takes them for: all of them."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.data.file_labels import label_fault, numbers_with_labels
from engine.data.harmonise import harmonised
from engine.data.places import open_source
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault
from engine.study import DesignSpec, StudySpec


def column_faults(file: SourceFile, spec: StudySpec, unknown: frozenset[tuple[str, str]]) -> list[Fault]:
    """Return the faults of one file, each at its place in the study.

    Parameters
    ----------
    file
        The file.
    spec
        The study.
    unknown
        (file, variable) whose column is not known yet; told elsewhere.

    Raises
    ------
    DataError
        If the file cannot be read at all.
    """
    faults = []
    with TemporaryDirectory(prefix="equirank-") as scratch:
        raw = open_source(spec, file, Path(scratch))
        parts = {"design and wave": spec.model_copy(update={"variables": {}})}
        for name, variable in spec.variables.items():
            if (file.path.name, name) in unknown:
                continue
            alone = {"variables": {name: variable}, "design": DesignSpec()}
            parts[f"variables.{name}"] = spec.model_copy(update=alone)
        for place, part in parts.items():
            try:
                harmonised(part, file, raw)
            except DataError as error:
                faults.append(at_place(place, error))
        for name, shown, is_factor in numbers_with_labels(spec, file, raw):
            if is_factor:
                labelled = DataError(label_fault(file.path.name, name, shown))
                faults.append(at_place(f"variables.{name}", labelled))
    return faults


def at_place(place: str, error: DataError) -> Fault:
    """Return the fault of a data file as one of the place in the study that names the file or its column."""
    fault = error.fault
    if fault is None:
        return Fault(place, str(error), "readable data files", "Correct it.")
    wanted = re.search(r"wanted by ((?:design|source)\.\S+)$", fault.found)
    where = wanted[1] if wanted else place
    return Fault(where, f"in {fault.place}: {fault.found}", fault.expected, fault.remedy)
