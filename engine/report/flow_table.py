"""The sample flow of a manifest -> a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.report.model import Table, count


def flow_table(manifest: Mapping[str, Any]) -> Table:
    """Return the sample flow with the count after each rule, by wave where there are several."""
    steps = manifest["sample_flow"]
    waves = list(steps[0]["by_wave"]) if len(steps[0]["by_wave"]) > 1 else []
    rows = []
    for position, step in enumerate(steps):
        lost = steps[position - 1]["n"] - step["n"] if position else 0
        by_wave = [count(step["by_wave"].get(wave, 0)) for wave in waves]
        rows.append((step["label"], *by_wave, count(step["n"]), count(-lost) if lost else ""))
    notes = tuple(
        f"{name}: {own['rows']:,} missing values ({100 * own['share']:.1f} %) are replaced by the mean."
        for name, own in manifest.get("imputed", {}).items()
    )
    several: Mapping[str, Any] = manifest.get("imputations") or {"variables": {}}
    people = "the people are those of the first imputation"
    notes += tuple(
        f"{name}: {own['imputed']:,} values are imputed, {several['m']} times each; {people}."
        for name, own in several["variables"].items()
    )
    return Table(title="Sample", columns=("", *waves, "all", "left out"), rows=tuple(rows), notes=notes)
