"""Counts of people in a manifest: which sets they count, and a manifest without those that are withheld."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from engine.disclosure.boxes import KNOWN, PEOPLE, SAMPLE, WAVE, Box, Count, box_of

NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]*(?![\d,]*\.\d|\w)")
WITHHELD_WARNING = "a warning is withheld: it counts few people"
FLOW, START, IMPUTED = "flow by wave", "start", "imputed "
VALUE = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestCounts:
    """What a manifest counts.

    Attributes
    ----------
    counts
        Its sets.
    shows
        The sets that each part of it tells of.
    everybody
        The whole sample, whose size is never withheld.
    """

    counts: Sequence[Count]
    shows: Mapping[str, frozenset[Box]]
    everybody: Box


def manifest_counts(manifest: Mapping[str, Any], threshold: int) -> ManifestCounts:
    """Return the sets that a manifest counts."""
    flow = manifest["sample_flow"]
    parts = {FLOW: [*_of_step(flow[-1], {PEOPLE: SAMPLE})]}
    everybody = Count(box=box_of({PEOPLE: SAMPLE}), people=flow[-1]["n"])
    if not _is_small_step(flow[0], flow[-1], threshold):
        parts[FLOW] += _of_step(flow[0], {})
        parts[START] = [Count(box=box_of({}), people=flow[0]["n"])]
        for name, kinds in manifest.get(
            "missing", {}
        ).items():  # of all records: few of them are left out, else
            parts[name] = [
                Count(box=box_of({name: KNOWN if kind == VALUE else f"({kind.replace('_', ' ')})"}), people=n)
                for kind, n in kinds.items()
                if n or kind == VALUE
            ]
    for name, imputed in manifest.get("imputed", {}).items():
        box = box_of({PEOPLE: SAMPLE, f"{IMPUTED}{name}": "=yes"})
        parts[f"{IMPUTED}{name}"] = [Count(box=box, people=imputed["rows"])]
    return ManifestCounts(
        counts=[everybody, *(count for found in parts.values() for count in found)],
        shows={name: frozenset(count.box for count in found) for name, found in parts.items()},
        everybody=everybody.box,
    )


def without_gaps(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Return the variables of which every record has a value."""
    return frozenset(
        name
        for name, kinds in manifest.get("missing", {}).items()
        if not any(n for kind, n in kinds.items() if kind != VALUE)
    )


def _of_step(step: Mapping[str, Any], conditions: dict[str, str]) -> Iterator[Count]:
    for wave, n in step["by_wave"].items():
        yield Count(box=box_of({**conditions, WAVE: wave}), people=n)


def _is_small_step(before: Mapping[str, Any], after: Mapping[str, Any], threshold: int) -> bool:
    """Whether a step leaves out few people, in all or in a wave."""
    lost = [before["n"] - after["n"]]
    lost += [n - after["by_wave"].get(wave, 0) for wave, n in before["by_wave"].items()]
    return any(0 < one < threshold for one in lost)


def protected_manifest(
    manifest: Mapping[str, Any], told: ManifestCounts, withheld: AbstractSet[Box], threshold: int
) -> dict[str, Any]:
    """Return a manifest without small counts, and without those that would give them away."""
    shown = {name for name, boxes in told.shows.items() if not boxes & withheld}
    start = [] if START not in shown else manifest["sample_flow"][:1]
    steps = _steps(manifest["sample_flow"], threshold) if start else manifest["sample_flow"][-1:]
    if start and len(steps) == 1 and len(manifest["sample_flow"]) > 1:
        steps = [*start, *steps]
    by_wave = FLOW in shown
    return {
        **manifest,
        "sources": [{**source, "rows": None} for source in manifest["sources"]],
        "sample_flow": [{**step, "by_wave": step["by_wave"] if by_wave else {}} for step in steps],
        "missing": {name: kinds for name, kinds in manifest.get("missing", {}).items() if name in shown},
        "imputed": {
            name: own for name, own in manifest.get("imputed", {}).items() if f"{IMPUTED}{name}" in shown
        },
        **told_balance(manifest),
        "warnings": [*dict.fromkeys(told_text(one, threshold) for one in manifest["warnings"])],
        **told_tasks(manifest, threshold),
        **told_calibration(manifest),
    }


def told_calibration(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest tells of a calibration: no sum of weights, and factors with three digits.

    Two nights with all digits would tell the weight of the person who came between them.
    """
    if "calibration" not in manifest:
        return {}
    facts = {key: value for key, value in manifest["calibration"].items() if key != "sum_of_weights"}
    factors = {key: float(f"{facts[key]:.3g}") for key in ("smallest_factor", "largest_factor")}
    return {"calibration": {**facts, **factors}}


def told_balance(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the balance of covariates without what tells of single groups: shares and sizes count people.

    Other numbers have three digits, as those of a calibration.
    """
    if "balance" not in manifest:
        return {}
    facts = {**manifest["balance"], "effective_sizes": [], "differences": []}
    factors = {key: float(f"{facts[key]:.3g}") for key in ("smallest_factor", "largest_factor")}
    largest = [float(f"{value:.3g}") for value in facts["largest_difference"]]
    return {"balance": {**facts, **factors, "largest_difference": largest}}


def _steps(flow: Sequence[Mapping[str, Any]], threshold: int) -> list[Mapping[str, Any]]:
    """Return the steps of a sample flow; those that leave out few people are joined with the next ones."""
    steps = [flow[0]]
    labels: list[str] = []
    for step in flow[1:]:
        labels.append(step["label"])
        if not _is_small_step(steps[-1], step, threshold) and not _is_small_step(step, flow[-1], threshold):
            steps.append({**step, "label": "; ".join(labels)})
            labels = []
    return steps


def told_tasks(manifest: Mapping[str, Any], threshold: int) -> dict[str, Any]:
    """Return the tasks of a manifest, where it has them, with reasons for failures that count nobody."""
    if "tasks" not in manifest:
        return {}
    return {
        "tasks": [
            {**task, "why": told_text(task["why"], threshold)} if task["state"] == "failed" else task
            for task in manifest["tasks"]
        ]
    }


def told_text(text: str, threshold: int) -> str:
    """Return a warning or a reason; one that counts few people says only that it is withheld.

    Examples
    --------
    >>> told_text("3 records have no wave", 10), told_text("1,200 records have no wave", 10)
    ('a warning is withheld: it counts few people', '1,200 records have no wave')
    """
    numbers = [int(one.replace(",", "")) for one in NUMBER.findall(text)]
    return WITHHELD_WARNING if any(0 < one < threshold for one in numbers) else text
