"""All runs of a store as one DuckDB file, for SQL; built beside its place, so that no reader waits."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.data.queries import query_text
from engine.durable import sync_folder, write_file
from engine.errors import Fault, StoreError
from engine.store.layout import Store
from engine.store.ledger import file_entries
from engine.store.manifests import read_manifest
from engine.store.run_directory import RUN_FORMAT, current_files

CATALOG, MARK = "catalog.duckdb", "catalog.json"
VIEWS = ("latest", "changes")


def is_current(store: Store) -> bool:
    """Whether the catalog holds all runs of the store."""
    try:
        mark = json.loads((store.root / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (store.root / CATALOG).is_file() and mark == _expected(store)


def _expected(store: Store) -> dict[str, Any]:
    return {"runs": [run.name for run in store.runs], "views": [*VIEWS], "format": RUN_FORMAT}


def rebuild(store: Store) -> None:
    """Write a new catalog and put it in place of the one before.

    Its tables are `runs`, `files` and `estimates`, its views `latest` and `changes`.

    Raises
    ------
    StoreError
        If the disk does not take it. The runs are as they were; the next night writes it.
    """
    import duckdb

    work_file = store.work / CATALOG
    try:
        _write(store, work_file)
    except duckdb.Error as error:
        found = f"it could not be written to the disk ({type(error).__name__})"
        remedy = "Every run is safe. Repair the disk; the next night writes the catalog."
        raise StoreError(
            Fault(str(store.root / CATALOG), found, "a disk that works and has room", remedy)
        ) from None
    work_file.chmod(0o600)
    with work_file.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(work_file, store.root / CATALOG)  # noqa: PTH105 - atomic
    sync_folder(store.root)
    write_file(store.root / MARK, json.dumps(_expected(store)).encode(), store.work)


def _write(store: Store, work_file: Path) -> None:
    import duckdb
    import polars as pl

    manifests = {run.name: read_manifest(run) for run in store.runs}
    runs = [
        {
            "run": name,
            "created": manifest["created"],
            "study": manifest["study"]["name"],
            "seed": manifest["seed"],
            "equirank": manifest["versions"]["equirank"],
        }
        for name, manifest in manifests.items()
    ]
    files = [
        {
            "run": name,
            "file": file.file,
            "sha256": file.sha256,
            "state": file.state,
            "reason": file.reason,
            "rows": file.rows,
        }
        for name, manifest in manifests.items()
        for file in file_entries(manifest).values()
    ]
    with duckdb.connect(str(work_file)) as connection:
        for name, rows in {"runs": runs, "files": files}.items():
            connection.from_arrow(pl.DataFrame(rows, infer_schema_length=None).to_arrow()).create(name)
        with TemporaryDirectory(dir=store.work) as scratch:
            results = current_files(store.runs, Path(scratch))
            connection.sql(query_text("run_estimates"), params={"runs": results}).create("estimates")
        for name in VIEWS:
            connection.execute(f"CREATE VIEW {name} AS {query_text(f'catalog_{name}')}")
        connection.execute("CHECKPOINT")  # a full disk is no error to DuckDB when it closes
