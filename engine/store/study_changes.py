"""How the study of a run, and the libraries behind it, differ from those of the run before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMED = {"analysis": "name", "sample": "label"}
"""Lists of tables whose entries are known by one of their keys."""


def study_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return which keys of a study changed, from what to what.

    Examples
    --------
    >>> before = {"seed": 1, "analysis": [{"name": "rates", "rows": "sex"}]}
    >>> study_changes(before, {"seed": 2, "analysis": [{"name": "rates", "rows": "age"}]})
    ['seed: 1 -> 2', 'analysis.rates.rows: sex -> age']
    """
    return [*_changes("", before, after)]


def _changes(place: str, before: object, after: object) -> Iterator[str]:
    if before == after:
        return
    old, new = _table(place, before), _table(place, after)
    if old is None or new is None:
        yield f"{place}: {_text(before)} -> {_text(after)}"
        return
    for name in [*old, *(name for name in new if name not in old)]:
        below = f"{place}.{name}" if place else name
        if name not in new:
            yield f"{below}: removed"
        elif name not in old:
            value = new[name]
            yield f"{below}: added" if isinstance(value, dict) else f"{below}: {_text(value)}, added"
        else:
            yield from _changes(below, old[name], new[name])
    if list(old) != list(new) and sorted(old) == sorted(new):
        yield f"{place}: in another order"


def _table(place: str, value: object) -> dict[str, Any] | None:
    """Return a table as it is, and a list of named tables by their names."""
    if isinstance(value, dict):
        return value
    name = NAMED.get(place)
    if name is None or not isinstance(value, list):
        return None
    return {str(item.get(name)): item for item in value if isinstance(item, dict)}


def _text(value: object) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)


def version_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return which libraries have another version, and whether the code of equirank itself is another."""
    old, new = before["versions"], after["versions"]
    names = [*new, *(name for name in old if name not in new)]
    changed = [
        f"{name} {old.get(name, 'absent')} -> {new.get(name, 'absent')}"
        for name in names
        if old.get(name) != new.get(name)
    ]
    if not changed and before["method"] != after["method"]:
        return ["the code of equirank"]
    return changed


def run_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what changed of the study and of the versions behind two runs, given their manifests."""
    study = study_changes(before["study"]["asked"], after["study"]["asked"])
    seeds = [] if before["seed"] == after["seed"] else [f"seed: {before['seed']} -> {after['seed']}"]
    if any(line.startswith("study.seed") for line in study):
        seeds = []
    return [*study, *seeds, *(f"versions: {line}" for line in version_changes(before, after))]
