"""A copy of a run that may leave the house: disclosure control of results that were computed without it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.batch.manifest import row_warnings
from engine.batch.released import released, rows_of_run
from engine.batch.reporting import write_report_of_new_run
from engine.batch.run import scorecard_of
from engine.errors import Fault, UsageError
from engine.results import to_frame
from engine.store.layout import run_of
from engine.store.run_directory import new_run, read_run, write_run
from engine.study.completed import refuse_imputations
from engine.study.disclosure import DisclosureSpec
from engine.study.load import study_as_dict, study_from_dict, study_hash
from engine.study.site import with_site_disclosure

OF_STORE = ("files", "places", "signature", "run_before")
TASK = ("name", "state", "why")


def release_run(path: Path, out: Path, threshold: int | None = None) -> Path:
    """Write a copy of a run that may leave the house, and return its folder.

    Parameters
    ----------
    path
        A run directory, or a store for its current run.
    out
        The folder to write.
    threshold
        In place of that of the study and the site; without any of these it is 10.

    Raises
    ------
    UsageError
        If the run is such a copy already, or `out` is the run itself or cannot be written.
    EstimationError
        If the sample has fewer people than the threshold.
    """
    run = read_run(run_of(path))
    if out.resolve() == run.path.resolve():
        found = "is the run itself, whose own numbers would be lost"
        raise UsageError(Fault("--out", found, "another folder", "Name one that is not there yet."))
    if run.manifest.get("disclosure"):
        found = "disclosure control has been at work on it already"
        raise UsageError(Fault(str(path), found, "a run without it", "Hand it out as it is."))
    spec = with_site_disclosure(study_from_dict(run.manifest["study"]["asked"]))
    refuse_imputations(spec, "disclosure control, which counts the people of one", "Hand out tables only.")
    asked = spec.disclosure or DisclosureSpec()
    if threshold is not None:
        asked = asked.model_copy(update={"threshold": threshold})
    spec = spec.model_copy(update={"disclosure": asked})
    rows = rows_of_run(run)
    of_rows = {*row_warnings(rows)}
    manifest = {
        **_of_house(run.manifest),
        "study": {**run.manifest["study"], "asked": study_as_dict(spec), "sha256": study_hash(spec)},
        "warnings": [one for one in run.manifest["warnings"] if one not in of_rows],
    }
    told, manifest = released(spec, rows, manifest)
    with new_run(out, spec.study.name) as folder:
        scorecard = scorecard_of(spec, told, simulated=manifest["simulated"])
        write_run(folder, to_frame(told), manifest, scorecard)
        write_report_of_new_run(folder)
    return out


def _of_house(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest without the ledger of a store, which tells the rows of files."""
    tasks = [{key: task[key] for key in TASK if key in task} for task in manifest.get("tasks", ())]
    kept = {key: value for key, value in manifest.items() if key not in OF_STORE}
    return {**kept, "tasks": tasks}
