"""Baselines: one result for each machine, and what is slower since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.bench.suite import BenchResult
from engine.errors import UsageError
from engine.paths import cache_folder

SLOWER = 1.25  # on a shared machine, ratios within one run drift by less


def baseline_path(machine: Mapping[str, object], rows: int) -> Path:
    """Return the file of this machine's baseline."""
    name = f"{machine['architecture']}-{machine['cores']}cores-{machine['vector_bits']}bits-{rows}.json"
    return cache_folder("benchmarks") / name


def write_result(result: BenchResult, path: Path) -> None:
    """Write a result as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(result.as_dict(), indent=1) + "\n")
    unfinished.replace(path)


def read_baseline(path: Path) -> Mapping[str, Any]:
    """Read a result that `write_result` wrote.

    Raises
    ------
    UsageError
        If the file cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text())
        if {"checks", "timings", "machine"} <= content.keys():
            return dict(content)
    except (OSError, ValueError, AttributeError) as error:
        reason = f"cannot be read ({type(error).__name__})"
    else:
        reason = "holds something else"
    raise UsageError(
        f"baseline {path.name}: {reason}; expected a result of `equirank bench`. Write one with --out."
    )


def slower_than(result: BenchResult, baseline: Mapping[str, Any]) -> Iterator[str]:
    """Name the checks that are slower than in a baseline by a quarter or more."""
    baseline_values = {check["work"]: check["value"] for check in baseline["checks"]}
    for check in result.checks:
        before = baseline_values.get(check.work)
        if not before or before < 0:
            continue
        slowdown = check.value / before if check.at_most else before / check.value
        if slowdown > SLOWER:
            yield f"{check.work}: {check.value:.3g} {check.unit}, was {before:.3g}"
