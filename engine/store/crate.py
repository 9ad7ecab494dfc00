"""RO-Crate metadata of a run: what the folder holds, in the words that archives read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.durable import write_file
from engine.errors import Fault, UsageError
from engine.store.manifests import MANIFEST
from engine.store.run_directory import CRATE, FIGURES, REPORT, RESULTS, SCORECARD, SIGNATURE, TABLES, read_run
from engine.version import VERSION

_ABOUT = {
    RESULTS: "All estimates as tidy rows",
    MANIFEST: "What went in, what was counted, versions and warnings",
    REPORT: "The report",
    SCORECARD: "Published numbers beside those of the run",
    TABLES: "A table of the report",
    FIGURES: "A figure of the report",
}
_FORMATS = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".html": "text/html",
    ".csv": "text/csv",
    ".svg": "image/svg+xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NOT_LISTED = (CRATE, SIGNATURE)  # the first lists, the second signs the first


def write_crate(run: Path) -> Path:
    """Write the RO-Crate metadata of a run into its folder; the same run gives the same bytes.

    Raises
    ------
    UsageError, DataError
        If the folder is no whole run, or the library is not installed.
    """
    try:
        from rocrate.model.contextentity import ContextEntity
        from rocrate.model.file import File
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise UsageError(
            Fault("crate", "rocrate is not installed", "the extra 'crate'", "pip install 'equirank[crate]'")
        ) from None
    manifest = read_run(run).manifest
    study = manifest["study"]
    crate = ROCrate()
    crate.name = study["title"] or study["name"]
    crate.description = f"Results of the study '{study['name']}', SHA-256 {study['sha256']}"
    crate.datePublished = manifest["created"]
    files = [
        crate.add(File(crate, dest_path=name, properties=properties)) for name, properties in _files(run)
    ]
    engine = {"@type": "SoftwareApplication", "name": "equirank", "softwareVersion": VERSION}
    software = crate.add(ContextEntity(crate, "#equirank", properties=engine))
    sources = [
        crate.add(
            ContextEntity(
                crate,
                f"#source-{number}",
                properties={"@type": "Dataset", "name": source["file"], "sha256": source["sha256"]},
            )
        )
        for number, source in enumerate(manifest["sources"], start=1)
    ]
    action = crate.add(
        ContextEntity(
            crate,
            "#run",
            properties={"@type": "CreateAction", "name": "equirank run", "endTime": manifest["created"]},
        )
    )
    action["instrument"], action["object"], action["result"] = software, sources, files
    crate.root_dataset["mentions"] = action
    text = json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False) + "\n"
    write_file(run / CRATE, text.encode(), run)
    return run / CRATE


def _files(run: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if not path.is_file() or name in _NOT_LISTED:
            continue
        told = {"name": _ABOUT.get(name.partition("/")[0], name), "contentSize": str(path.stat().st_size)}
        if path.suffix in _FORMATS:
            told["encodingFormat"] = _FORMATS[path.suffix]
        yield name, told
