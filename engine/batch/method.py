"""What computes a number, as a hash: the code between sample and row, and the libraries under it."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

import engine
from engine.data.queries import query_folder

COMPUTING = (
    "arrays.py", "kernels", "estimators", "results", "batch/kinds.py", "batch/tasks.py", "data/fetch.py",
    "data/derive.py", "data/sample.py", "data/expressions.py", "data/queries.py",
)  # fmt: skip
QUERIES = ("sample_flow", "sample_write")
LIBRARIES = ("numba", "numpy", "scipy", "statsmodels", "polars", "duckdb")


@cache
def method_version() -> str:
    """Return the version of the engine's methods: it moves with every change that could move a bit of a result."""
    top = Path(engine.__file__).parent
    files = [path for name in COMPUTING for path in _modules(top / name)]
    files += [query_folder() / f"{name}.sql" for name in QUERIES]
    sha = hashlib.sha256(json.dumps({name: version(name) for name in LIBRARIES}).encode())
    for path in files:
        sha.update(path.read_bytes())
    return sha.hexdigest()[:16]


def _modules(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.glob("*.py"))
