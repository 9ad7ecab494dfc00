"""What of a run is written: everything, or what disclosure control lets go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.batch.manifest import row_warnings
from engine.disclosure.former import MOST_FORMER, Former, is_near
from engine.disclosure.release import release
from engine.results import TidyRow

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun
    from engine.study import StudySpec


def released(
    spec: StudySpec, rows: Sequence[TidyRow], manifest: Mapping[str, Any], formers: Iterable[StoredRun] = ()
) -> tuple[tuple[TidyRow, ...], dict[str, Any]]:
    """Return the rows to write, and the manifest with their warnings.

    Parameters
    ----------
    spec
        The study; without its table ``disclosure`` everything is written.
    rows, manifest
        As they were computed; the manifest without the warnings of rows.
    formers
        The runs that were published before, the newest first, whose numbers people know.
    """
    known: list[Former] = []
    if spec.disclosure is not None:
        for number, former in enumerate(_told_before(formers)):
            if number < MOST_FORMER or is_near(rows, manifest, former, spec.disclosure):
                known.append(former)
    told = release(rows, manifest, spec, known)
    warnings = [*told.manifest["warnings"], *row_warnings(told.rows)]
    return told.rows, {**told.manifest, "warnings": warnings}


def _told_before(runs: Iterable[StoredRun]) -> Iterator[Former]:
    """Yield what runs with disclosure control have told; one that held all back told nothing new."""
    is_newest = True
    for run in runs:
        control = run.manifest.get("disclosure")
        if control and (is_newest or not control["held_back"]):
            yield Former(rows=rows_of_run(run), manifest=run.manifest)
        is_newest = False


def rows_of_run(run: StoredRun) -> tuple[TidyRow, ...]:
    """Return the tidy rows of a run directory."""
    from engine.results import COLUMNS

    known = [name for name in COLUMNS if name in run.results.columns]
    return tuple(TidyRow(**row) for row in run.results.select(known).iter_rows(named=True))
