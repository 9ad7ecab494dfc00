"""Reads the completed data sets of a study with imputations: a panel and a sample of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.batch.calibrating import calibrate
from engine.batch.reporter import Reporter
from engine.data.source_file import SourceFile
from engine.errors import DataError, Fault
from engine.study import StudySpec
from engine.study.completed import completed
from engine.study.imputations import ORIGINAL, PLACE

if TYPE_CHECKING:
    from engine.data.panel import Panel
    from engine.data.sample import Sample


def read_imputations(
    spec: StudySpec, files: Sequence[SourceFile], scratch: Path, threads: int | None, reporter: Reporter
) -> tuple[Panel, Sample]:
    """Return panel and sample of the first completed data set, which name those of all.

    Raises
    ------
    DataError
        If the data sets hold different people, or a value that was observed has changed.
    """
    from engine.data.imputations import imputation_facts
    from engine.data.panel import build_panels
    from engine.data.sample import draw_sample

    given = spec.imputations
    assert given is not None  # noqa: S101 - the caller has looked
    numbers = [number for number in range(given.count + 1) if number or _may_have_original(spec, files)]
    each = [(completed(spec, number), files_of(spec, files, number)) for number in numbers]
    reporter.start_reading(sum(len(own) for _, own in each))
    panels = dict(zip(numbers, build_panels(each, reporter.read), strict=True))
    asked = panels.pop(ORIGINAL, None)
    for number, panel in panels.items():
        if not panel.n_rows:
            raise DataError(Fault(PLACE, f"no record of imputation {number}", "some", "Correct the files."))
    original = asked if asked is not None and asked.n_rows else None
    facts = imputation_facts(spec, [*panels.values()], original)
    ready, samples = [], []
    for number, panel in panels.items():
        own, folder = completed(spec, number), scratch / f"imputation-{number}"
        folder.mkdir(mode=0o700)
        ready.append(calibrate(own, panel, folder))
        samples.append(draw_sample(own, ready[-1], folder, threads))
    first = replace(ready[0], completed=tuple(ready), imputations=facts)
    return first, replace(samples[0], completed=tuple(samples))


def files_of(spec: StudySpec, files: Sequence[SourceFile], number: int) -> list[SourceFile]:
    """Return the files of one completed data set, or all of them with the number of the rows to read."""
    given = spec.imputations
    assert given is not None  # noqa: S101 - the caller has looked
    if given.number is not None:
        return [replace(file, imputation=number) for file in files]
    return [file for file in files if file.imputation in (None, number)]


def _may_have_original(spec: StudySpec, files: Sequence[SourceFile]) -> bool:
    """Whether the data as they were asked may be there; a column of numbers tells it when it is read."""
    given = spec.imputations
    assert given is not None  # noqa: S101 - the caller has looked
    if given.columns:
        return any(spec.variables[name].source not in columns for name, columns in given.columns.items())
    return given.number is not None or any(file.imputation == ORIGINAL for file in files)
