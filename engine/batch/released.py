"""What of a run is written: everything, or what disclosure control lets go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.batch.manifest import row_warnings
from engine.disclosure.former import Former
from engine.disclosure.release import release
from engine.results import TidyRow

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun
    from engine.study import StudySpec


def released(
    spec: StudySpec, rows: Sequence[TidyRow], manifest: Mapping[str, Any], former: StoredRun | None = None
) -> tuple[tuple[TidyRow, ...], dict[str, Any]]:
    """Return the rows to write, and the manifest with their warnings.

    Parameters
    ----------
    spec
        The study; without its table ``disclosure`` everything is written.
    rows, manifest
        As they were computed; the manifest without the warnings of rows.
    former
        The run that was published before, whose numbers people know; None if it is the first.
    """
    known = None
    if former is not None and spec.disclosure is not None and former.manifest.get("disclosure"):
        known = Former(rows=rows_of_run(former), manifest=former.manifest)
    told = release(rows, manifest, spec, known)
    warnings = [*told.manifest["warnings"], *row_warnings(told.rows)]
    return told.rows, {**told.manifest, "warnings": warnings}


def rows_of_run(run: StoredRun) -> tuple[TidyRow, ...]:
    """Return the tidy rows of a run directory."""
    from engine.results import COLUMNS

    known = [name for name in COLUMNS if name in run.results.columns]
    return tuple(TidyRow(**row) for row in run.results.select(known).iter_rows(named=True))
