"""An estimate over the runs of a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.data import queries
from engine.errors import UsageError, nearest
from engine.store.layout import open_store
from engine.store.manifests import read_manifest
from engine.store.run_directory import current_files, read_run

COLUMNS = ("run", "about", "method", "estimate", "std_error", "conf_low", "conf_high", "n_obs")


def estimate_history(
    root: Path, analysis: str, measure: str, about: str | None = None
) -> Sequence[Mapping[str, Any]]:
    """Return estimates in every run of a store, one after the other, each from the oldest run on.

    Parameters
    ----------
    root
        The store.
    analysis, measure
        Which estimates.
    about
        The wave, group, outcome, term or level, if not all.

    Raises
    ------
    UsageError
        If the current run has no such estimate.
    """
    store = open_store(root)
    params = {"analysis": analysis, "measure": measure, "about": about}
    found = []
    if store.runs:
        with TemporaryDirectory(prefix="equirank-") as scratch, queries.database() as connection:
            files = current_files(store.runs, Path(scratch))
            found = queries.rows(connection, "estimate_history", {"runs": files, **params})
    if not found:
        raise UsageError(
            f"--store {root}: no run has such an estimate; expected one of its results. {_near(root, params)}"
        )
    created = {run.name: read_manifest(run)["created"] for run in store.runs}
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in found]
    rows.sort(
        key=lambda row: (row["about"], str(row["method"]))
    )  # within one estimate in the order of the runs
    return [{**row, "created": created[row["run"]]} for row in rows]


def _near(root: Path, params: Mapping[str, Any]) -> str:
    newest = open_store(root).newest
    if newest is None:
        return "It has no run yet."
    results = read_run(newest).results
    for column in ("analysis", "measure"):
        known = results[column].unique(maintain_order=True).to_list()
        if params[column] not in known:
            return f"{column} '{params[column]}': {nearest(params[column], known)}"
        results = results.filter(results[column] == params[column])
    return "Look at `equirank show`."
