"""What a night works with, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.batch.reporter import Reporter
from engine.batch.request import on_survey_files
from engine.errors import DataError, EstimationError, Fault, StudyError, UsageError
from engine.store.layout import Store
from engine.store.ledger import FAILED, QUARANTINED, FileEntry, TaskEntry
from engine.study import StudySpec, load_study
from engine.study.completed import refuse_imputations
from engine.study.load import study_path
from engine.study.site import with_site_disclosure

if TYPE_CHECKING:
    from typing import Any

    from engine.store.compare import Differences

EventLog = Callable[..., None]
"""(event, **facts): hears of what happens in a night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightOptions:
    """Choices of a night.

    Attributes
    ----------
    threads
        How many; the results do not depend on it.
    accept_revision
        Take a version of a file that has lost more than a tenth of its rows.
    keep_runs
        How many of the newest runs stay; the current one always does.
    timeout
        Seconds that the reading of one file may take.
    """

    threads: int | None = None
    accept_revision: bool = False
    keep_runs: int = 400
    timeout: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NightJob:
    """What a night works with: study, store, where study and inbox are, choices, and who hears of it."""

    spec: StudySpec
    store: Store
    places: Mapping[str, str]
    options: NightOptions
    reporter: Reporter
    log: EventLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a refresh has done.

    Attributes
    ----------
    run
        The current run, None while there is none.
    is_new
        Whether it was published tonight.
    files, tasks
        The ledger after the night.
    withdrawn
        Files behind the run before that are no longer in the inbox.
    growing, notes
        Files that are still being written, and what was passed over.
    differences
        From the run before; None without a new run or an earlier one.
    strays
        Those of the notes that tell of files that no path of the study names, and of late waves.
    """

    run: Path | None
    is_new: bool
    files: Sequence[FileEntry]
    tasks: Sequence[TaskEntry]
    withdrawn: Sequence[str] = ()
    growing: Sequence[str] = ()
    notes: Sequence[str] = ()
    differences: Differences | None = None
    strays: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """0, 12 if an analysis failed, else 11 if a file is in quarantine."""
        if any(task.state == FAILED for task in self.tasks):
            return EstimationError.exit_code
        return DataError.exit_code if any(file.state == QUARANTINED for file in self.files) else 0


def night_study(study: str | Path) -> StudySpec:
    """Load a study for nights; one with a built-in panel stands for the survey's own files.

    Raises
    ------
    StudyError
        If its levels are those of the files: a new file would change what the stored rows mean.
    """
    spec = on_survey_files(with_site_disclosure(load_study(study)))
    faults = tuple(
        Fault(
            f"variables.{name}.levels",
            "'file'",
            "the levels, for nightly runs",
            "`equirank init` writes them.",
        )
        for name, variable in spec.variables.items()
        if variable.levels == "file"
    )
    if faults:
        raise StudyError(spec.study.name, faults)
    refuse_imputations(spec, "nights, which take one in", "Use `equirank run`, when a new wave is imputed.")
    return spec


def study_place(study: str | Path) -> str:
    """Return where a study was read from: a shipped name as it is, a file with its whole path."""
    path = study_path(study)
    is_shipped = path.parent.name == "studies" and str(study) == path.stem
    return str(study) if is_shipped else str(path.resolve())


def refuse_other_study(spec: StudySpec, current: Mapping[str, Any] | None) -> None:
    """Refuse a store that holds the nights of another study.

    Raises
    ------
    UsageError
        With the name of that study.
    """
    if current is not None and current["study"]["name"] != spec.study.name:
        raise UsageError(
            f"--store: found the nights of study '{current['study']['name']}'; expected those of "
            f"'{spec.study.name}'. Give each study a store of its own."
        )
