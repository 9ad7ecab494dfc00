"""The version of the methods: a hash of the code from the panel to a row, and of its libraries."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version

from engine.data.queries import query_folder
from engine.source_hash import hash_of_files, imported_files

COMPUTING = ("engine.batch.context", "engine.batch.tasks", "engine.data.sample", "engine.data.sample_reader")
SHOWING = ("engine.report",)  # tables cannot move a bit of a result
LIBRARIES = ("numba", "numpy", "scipy", "statsmodels", "polars", "duckdb")


@cache
def method_version() -> str:
    """Return the version of the methods: it moves with every change that could move a bit of a result."""
    files = [*imported_files(COMPUTING, without=SHOWING), *sorted(query_folder().glob("*.sql"))]
    facts = [{name: version(name) for name in LIBRARIES}, hash_of_files(files)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
