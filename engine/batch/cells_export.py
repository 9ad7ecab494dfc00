"""`equirank cells`: what a study asks about a site's records, as a file that leaves in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zipfile import is_zipfile

from engine.batch.kinds import KINDS
from engine.batch.reporter import Reporter
from engine.batch.request import make_request
from engine.errors import DataError, EstimationError, Fault, UsageError
from engine.study import StudySpec
from engine.study.completed import refuse_imputations

if TYPE_CHECKING:
    from engine.batch.context import Columns
    from engine.batch.tasks import Task
    from engine.data.cell_key import CellKey

LEAST = 5
MOST_WEIGHT = 1e90


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedCells:
    """What was written: the file, its cells, and the people that none of them is fewer than."""

    path: Path
    cells: int
    least: int


def export_cells(
    study: str | Path,
    out: Path,
    data: Path | None = None,
    *,
    least: int = LEAST,
    largest_weight: float | None = None,
    only: str | None = None,
) -> ExportedCells:
    """Write the cells that the analyses of a study are computed from; no record leaves.

    Several such files give the results of all their records together, see `run` with `cells`.

    Parameters
    ----------
    study, data, only
        As in `run`.
    out
        The file to write.
    least
        The fewest people that a cell or a sampling unit may stand for; a larger threshold of disclosure
        control, of the study or the site, counts instead.
    largest_weight
        No weight of any site is above it; by default the largest of this site. It sets the scale of sums.

    Raises
    ------
    EstimationError
        If an analysis needs the records themselves.
    DataError
        If a cell, or the difference between two, is too small, or a weight is unusable or too large; nothing
        is written then.
    UsageError
        If `largest_weight` is none, or `out` is a file of another kind.
    """
    from engine.batch.context import make_context, read_sample
    from engine.batch.tasks import tasks_of
    from engine.data.sample import draw_sample
    from engine.data.shared_cells import beside_records, write_cells

    _check_largest(largest_weight)
    if out.exists() and not is_zipfile(out):
        found, expected = "it is another file", "a new file, or a file of cells to replace"
        raise UsageError(Fault(str(out), found, expected, "Choose another name."))
    request = make_request(study, data, only=only)
    spec = request.spec
    refuse_imputations(spec, "cells, which are those of one", "Let the site run the study on its records.")
    if spec.disclosure is not None:
        least = max(least, spec.disclosure.threshold)
    with TemporaryDirectory(prefix="equirank-") as scratch:
        folder = Path(scratch)
        panel, sample = read_sample(spec, request.files(), folder, None, Reporter())
        tasks = tasks_of(spec, sample.waves)
        refuse_records(tasks, spec)
        panel = beside_records(panel, folder / "shared")
        sample = draw_sample(spec, panel, folder)
        sample = replace(sample, largest_weight=largest_weight, may_be_empty=True)
        context = make_context(spec, panel, sample, None, Reporter())
        for task in tasks:
            columns = context.columns.where(task.analysis.where)
            for key in KINDS[task.analysis.kind].cells(task.analysis, spec):
                _ask(columns, key)
        cells = write_cells(spec, panel, out, least=least, largest_weight=largest_weight)
    return ExportedCells(path=out, cells=cells, least=least)


def _ask(columns: Columns, key: CellKey) -> None:
    """Ask for the cells of a key, and for the sampling units, so that the answers stand beside the records.

    Raises
    ------
    DataError
        If the records cannot be added up: a run would read them as they are, which no other site can.
    """
    cells = columns.cells(key)
    if cells is columns and columns.n:
        raise DataError(
            Fault(
                "cells",
                "weights, strata or clusters of some records cannot be added up",
                "weights of 0 or more, the largest between 1e-90 and 1e90, and no missing stratum or cluster",
                "Drop these records by a sample rule, or scale the weights.",
            )
        )
    cells.design()


def _check_largest(weight: float | None) -> None:
    if weight is not None and not 0.0 < weight <= MOST_WEIGHT:
        expected = f"a number above 0, at most {MOST_WEIGHT:g}"
        raise UsageError(Fault("--largest-weight", f"found {weight:g}", expected, "Correct it."))


def refuse_records(tasks: Sequence[Task], spec: StudySpec) -> None:
    """Refuse analyses that are computed from the records themselves.

    Raises
    ------
    EstimationError
        With every such analysis, and what of the study needs all records at once.
    """
    remedy = "Leave it out of the study that sites share."
    for table in ("replicate_weights", "calibration", "balance"):
        if getattr(spec.design, table) is not None:
            raise EstimationError(Fault(f"design.{table}", "it needs the records", "cells", remedy))
    for name, variable in spec.variables.items():
        if variable.impute or variable.quantiles:
            what = "impute" if variable.impute else "quantiles"
            found = "it needs the records of all sites at once"
            raise EstimationError(Fault(f"variables.{name}.{what}", found, "cells", remedy))
    faults = []
    for task in tasks:
        if task.waves is not None:
            found, cure = "it sees some waves alone", 'Group by the wave: by = ["wave"].'
        elif not KINDS[task.analysis.kind].cells(task.analysis, spec):
            found, cure = "it needs the records", remedy
        else:
            continue
        faults.append(Fault(f"analysis {task.name}", found, "one that cells are enough for", cure))
    if faults:
        raise EstimationError(*faults)
