"""What the analyses of a study may use: the columns of the sample, the seed, the threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from engine.batch.kernel_events import refuse_missing_threads
from engine.batch.reporter import Reporter
from engine.estimators.replicates.settings import WHOLE, ReplicateSettings, Share
from engine.study import StudySpec
from engine.study.load import study_seed

if TYPE_CHECKING:
    from engine.arrays import DesignColumns, FloatArray, Group, IntArray, VariableArrays
    from engine.data.cell_key import CellKey
    from engine.data.panel import Panel
    from engine.data.sample import Sample
    from engine.data.source_file import SourceFile


class Columns(Protocol):
    """The columns of a sample of N rows, read when they are needed."""

    @property
    def n(self) -> int:
        """How many rows they have."""

    @property
    def waves(self) -> tuple[str, ...]:
        """The waves, in order."""

    def of_waves(self, waves: Sequence[str] | None) -> Self:
        """Return the columns of some waves alone; of all without a list."""

    def where(self, condition: str | None) -> Self:
        """Return the columns of the rows for which a condition holds; the design stays that of all."""

    def numbers(self, name: str) -> FloatArray:
        """Return a variable as numbers (N,), NaN where missing."""

    def variable(self, name: str) -> VariableArrays:
        """Return a variable with its levels and why values are missing."""

    def groups(self, by: Sequence[str]) -> tuple[IntArray, tuple[Group, ...]]:
        """Return each row's group (N,), -1 for none, and the groups."""

    def design(self) -> DesignColumns:
        """Return the columns of the survey design."""

    def cells(self, key: CellKey) -> Columns:
        """Return the columns of the cells of a key, or of the rows where cells do not pay."""

    def level(self, name: str) -> IntArray:
        """Return each row's cluster (N,) of a level of multilevel models, -1 where missing."""

    def level_weight(self, name: str) -> FloatArray:
        """Return the weight of each row's cluster (N,) of a level, NaN where missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an analysis may use.

    Attributes
    ----------
    spec
        The study.
    columns
        Of the sample.
    completed
        Those of all completed data sets, where values are imputed several times.
    seed
        Of all replicates.
    threads
        How many; the results do not depend on it.
    reporter
        Hears of progress.
    share
        Which replicates are made here.
    are_cells
        Whether cells were read, a mark for each key that the analysis asked for.
    """

    spec: StudySpec
    columns: Columns
    seed: int
    threads: int | None
    reporter: Reporter
    share: Share = WHOLE
    completed: tuple[Columns, ...] = ()
    are_cells: list[bool] = field(default_factory=list)

    def in_cells(self, key: CellKey) -> Self:
        """Return a context of the cells of a key, or this one of rows where cells would be nearly as many."""
        columns = self.columns.cells(key)
        self.are_cells.append(columns is not self.columns)
        return replace(self, columns=columns)

    @property
    def read_as(self) -> str:
        """What the analysis was computed from."""
        if not any(self.are_cells):
            return "rows"
        return "cells" if all(self.are_cells) else "cells and rows"

    @property
    def replicate_settings(self) -> ReplicateSettings:
        """How replicates are computed."""
        return ReplicateSettings(
            seed=self.seed, threads=self.threads, progress=self.reporter.replicated, share=self.share
        )


def make_context(
    spec: StudySpec,
    panel: Panel,
    sample: Sample,
    threads: int | None,
    reporter: Reporter,
    share: Share = WHOLE,
) -> Context:
    """Return what the tasks of a study may use."""
    from engine.data.sample_reader import KEPT_BYTES, SampleReader

    refuse_missing_threads()
    each = zip(sample.completed or (sample,), panel.completed or (panel,), strict=True)
    room = KEPT_BYTES // max(len(panel.completed), 1)
    readers = tuple(SampleReader(spec, own, of_panel, room=room) for own, of_panel in each)
    return Context(
        spec=spec,
        columns=readers[0],
        completed=readers if panel.completed else (),
        seed=study_seed(spec),
        threads=threads,
        reporter=reporter,
        share=share,
    )


def read_sample(
    spec: StudySpec, files: Sequence[SourceFile], scratch: Path, threads: int | None, reporter: Reporter
) -> tuple[Panel, Sample]:
    """Build or reuse the harmonised panel, and draw the sample from it into the folder `scratch`."""
    if spec.imputations is not None:
        from engine.batch.imputing import read_imputations

        return read_imputations(spec, files, scratch, threads, reporter)
    from engine.batch.calibrating import calibrate
    from engine.data.panel import build_panel
    from engine.data.sample import draw_sample

    reporter.start_reading(len(files))
    panel = calibrate(spec, build_panel(spec, files, reporter.read), scratch)
    return panel, draw_sample(spec, panel, scratch, threads)
