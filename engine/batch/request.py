"""What a run is asked for: a study, what the command line changes in it, and where its files are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.batch.forked import refuse_fork
from engine.errors import Fault, MissingFileError, UsageError, nearest
from engine.study import AnalysisSpec, StudySpec, bootstrap_of, load_study
from engine.study.bootstrap import too_few_replicates
from engine.study.completed import completed, refuse_imputations
from engine.study.imputations import ORIGINAL
from engine.study.load import study_path
from engine.study.site import SITE, with_site_disclosure

if TYPE_CHECKING:
    from engine.data.source_file import SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A study as it will be run, the folder its paths start from, and the path of ``--data``.

    `cells` are files of cells that stand in for the data files.
    """

    spec: StudySpec
    base: Path
    data: Path | None
    cells: tuple[Path, ...] = ()

    def files(self) -> tuple[SourceFile, ...]:
        """Return the data files."""
        return study_files(self.spec, self.base, self.data)

    def n_bytes(self) -> int:
        """Return how large the data files are; 0 for a built-in panel that is not made yet."""
        if self.data is None and self.spec.source.builtin is not None and self.spec.source.path is None:
            from engine.batch.builtin import bytes_of_builtin

            return bytes_of_builtin(self.spec.source.builtin)
        return sum(file.path.stat().st_size for file in self.files() if file.path.is_file())


def make_request(
    study: str | Path | StudySpec,
    data: Path | None,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    only: str | None = None,
    cells: Sequence[Path] = (),
) -> RunRequest:
    """Load a study and put what the command line says in place of what the study says.

    The study of a built-in panel becomes the study of the survey's own files where `data` is their folder.

    Raises
    ------
    StudyError
        With every fault of the study.
    UsageError
        If the study has no analysis named `only`, or `replicates` are too few for its intervals.
    """
    refuse_fork()
    if cells and data is not None:
        raise UsageError(
            Fault("cells", "found together with data", "one of them", "Leave out data: cells stand for it.")
        )
    spec = with_site_disclosure(study if isinstance(study, StudySpec) else load_study(study))
    if spec.disclosure is not None:
        what = "disclosure control, which counts the people of one"
        refuse_imputations(spec, what, f"Leave out [disclosure] or {SITE}, or the imputations.")
    if cells:
        refuse_imputations(spec, "cells, which are those of one", "Give the records.")
    if data is not None and data.is_dir():
        spec = on_survey_files(spec)
    analyses = spec.analysis if only is None else _named(spec, only)
    if replicates is not None:
        analyses = tuple(_with_replicates(analysis, replicates) for analysis in analyses)
    info = spec.study if seed is None else spec.study.model_copy(update={"seed": seed})
    base = Path.cwd() if isinstance(study, StudySpec) else study_path(study).parent
    changed = spec.model_copy(update={"analysis": analyses, "study": info})
    if not cells:
        return RunRequest(spec=_settled(changed, base, data), base=base, data=data)
    from engine.data.shared_cells import study_of_cells

    return RunRequest(spec=study_of_cells(cells, changed), base=base, data=None, cells=tuple(cells))


def _settled(spec: StudySpec, base: Path, data: Path | None) -> StudySpec:
    """Return a study with the labels and levels of its files; a file that is not there is told later."""
    from engine.data.file_labels import with_file_labels
    from engine.data.open_names import refuse_open_names

    if data is None and spec.source.builtin is not None and spec.source.path is None:
        return spec
    files = study_files(spec, base, data)
    refuse_open_names(spec, files)
    return with_file_labels(spec, files)


def on_survey_files(spec: StudySpec) -> StudySpec:
    """Return the study of the survey's own files in place of one of a built-in panel; others as they are."""
    if spec.source.layout is None:
        return spec
    return load_study(spec.source.layout).model_copy(
        update={"study": spec.study, "disclosure": spec.disclosure}
    )


def _named(spec: StudySpec, only: str) -> tuple[AnalysisSpec, ...]:
    analyses = tuple(analysis for analysis in spec.analysis if analysis.name == only)
    if not analyses:
        names = [analysis.name for analysis in spec.analysis]
        raise UsageError(
            f"--only '{only}': no such analysis; expected one of the study's. {nearest(only, names)}"
        )
    return analyses


def _with_replicates(analysis: AnalysisSpec, replicates: int) -> AnalysisSpec:
    """Return an analysis with another number of replicates, where its study gives it a bootstrap table."""
    bootstrap = getattr(analysis, "bootstrap", None)
    if bootstrap is None:
        return analysis
    fault = too_few_replicates("replicates", replicates, bootstrap.interval, analysis.conf_level)
    if fault is not None:
        raise UsageError(str(fault))
    return analysis.model_copy(update={"bootstrap": bootstrap.model_copy(update={"replicates": replicates})})


def planned_replicates(analysis: AnalysisSpec) -> int:
    """Return how many replicates an analysis makes, at most, as far as the study says it."""
    bootstrap = bootstrap_of(analysis)
    return 0 if bootstrap is None else bootstrap.most_replicates


def _has_files(spec: StudySpec) -> bool:
    return spec.imputations is not None and bool(spec.imputations.files)


def _imputed_files(spec: StudySpec, base: Path, data: Path | None) -> tuple[SourceFile, ...]:
    """Return the files of every imputation, and those of the data as they were asked, if the study has them.

    Raises
    ------
    UsageError
        If `data` is one file, or a glob.
    """
    from engine.data.source_paths import source_files

    given = spec.imputations
    assert given is not None  # noqa: S101 - the caller has looked
    if data is not None and not data.is_dir():
        expected = f"the folder of the files of the {given.count} imputations"
        raise UsageError(Fault(f"--data {data}", "is not a folder", expected, "Name that folder."))
    first = ORIGINAL if spec.source.path != given.files[0] else ORIGINAL + 1
    return tuple(
        replace(file, imputation=number)
        for number in range(first, given.count + 1)
        for file in source_files(completed(spec, number), base, data)
    )


def study_files(spec: StudySpec, base: Path, data: Path | None) -> tuple[SourceFile, ...]:
    """Return the data files of a study, or of ``--data``, each with the files merged with it."""
    from engine.data.dialect import Dialect
    from engine.data.source_paths import source_files

    if data is None and spec.source.builtin is not None and spec.source.path is None:
        from engine.batch.builtin import builtin_file

        return (builtin_file(spec.source.builtin),)
    files = _imputed_files(spec, base, data) if _has_files(spec) else source_files(spec, base, data)
    folder = base if data is None else data if data.is_dir() else data.parent
    places = tuple(folder / merge.path for merge in spec.source.merge)
    for merge, place in zip(spec.source.merge, places, strict=True):
        if not place.is_file():  # a pipe would never end
            found = f"no such file in '{place.parent}'"
            where = f"source.merge '{merge.name}'"
            raise MissingFileError(Fault(merge.path, found, f"the file of {where}", "Correct its path."))
    signs = {name: getattr(spec.source, name) for name in ("delimiter", "decimal", "thousands")}
    return tuple(replace(file, places=places, dialect=Dialect(**signs)) for file in files)
