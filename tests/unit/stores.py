"""A store and its runs, as small as they can be."""

import hashlib
import json

from tests.unit.ledger_entries import entry, task_entry

MANIFEST = {
    "study": {"name": "s", "title": None, "sha256": "h", "asked": {}},
    "simulated": False,
    "seed": 1,
    "method": "m",
    "sources": [],
    "sample_flow": [],
    "missing": {},
    "warnings": [],
    "created": "2026-01-01T00:00:00+00:00",
    "versions": {"equirank": "1"},
    "results_sha256": hashlib.sha256(b"rows").hexdigest(),
    "files": [entry().as_dict()],
    "tasks": [task_entry().as_dict()],
    "signature": "x",
    "places": {},
}


def add_run(store, name, **changes):
    run = store.root / "runs" / name
    run.mkdir()
    (run / "results.parquet").write_bytes(b"rows")
    (run / "manifest.json").write_text(json.dumps({**MANIFEST, **changes}))
    return run
