"""Baselines: one result a machine, and what has become slower since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.bench.suite import BenchResult
from engine.errors import UsageError
from engine.paths import cache_folder

SLOWER = 1.25  # a shared machine drifts by less within ratios


def baseline_path(machine: Mapping[str, object], rows: int) -> Path:
    """Return where this machine's baseline is kept."""
    name = f"{machine['architecture']}-{machine['cores']}cores-{machine['vector_bits']}bits-{rows}.json"
    return cache_folder("benchmarks") / name


def write_result(result: BenchResult, path: Path) -> None:
    """Write a result as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(result.as_dict(), indent=1) + "\n")
    aside.replace(path)


def read_baseline(path: Path) -> Mapping[str, Any]:
    """Read a result.

    Raises
    ------
    UsageError
        If there is none, or it is something else.
    """
    try:
        found = json.loads(path.read_text())
        if {"checks", "timings", "machine"} <= found.keys():
            return dict(found)
    except (OSError, ValueError, AttributeError) as error:
        reason = type(error).__name__
    else:
        reason = "another file"
    raise UsageError(
        f"baseline {path.name}: {reason}; expected a result of `equirank bench`. Write one with --out."
    )


def slower_than(result: BenchResult, baseline: Mapping[str, Any]) -> Iterator[str]:
    """Name the checks that have lost a quarter against a baseline."""
    before = {check["work"]: check["value"] for check in baseline["checks"]}
    for check in result.checks:
        old = before.get(check.work)
        if old and old > 0 and (check.value / old if check.at_most else old / check.value) > SLOWER:
            yield f"{check.work}: {check.value:.3g} {check.unit}, was {old:.3g}"
