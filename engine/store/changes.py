"""What a night changed, as a text to read in the morning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.store.compare import ERROR_MOVED, GONE, MOVED, NEW, Differences

SHOWN = 30  # moved estimates
ABOUT = ("wave", "subgroup", "outcome", "term", "level")


def change_report(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], differences: Differences | None
) -> str:
    """Return Markdown: files, analyses, and the estimates that moved, by their standard errors."""
    title = after["study"]["title"] or after["study"]["name"]
    lines = [f"# {title}", "", "## Files", ""]
    lines += [f"- {line}" for line in file_lines(before, after)] or ["- as before"]
    lines += ["", "## Analyses", "", *(f"- {line}" for line in task_lines(after))]
    lines += ["", "## Results", ""]
    lines += (
        [f"- {len(after['tasks'])} analyses, first run"] if differences is None else result_lines(differences)
    )
    return "\n".join(lines) + "\n"


def file_lines(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Iterator[str]:
    """Tell which files are new, changed, set aside or gone."""
    was = {one["file"]: one for one in (before or {}).get("files", ())}
    for one in after["files"]:
        earlier = was.pop(one["file"], None)
        if one["state"] == "quarantined":
            yield f"{one['file']}: IN QUARANTINE. {one['reason']}"
        elif earlier is None:
            yield f"{one['file']}: new, {_rows(one)}"
        elif earlier["sha256"] != one["sha256"]:
            yield f"{one['file']}: changed, {_rows(one)}"
        elif earlier["state"] != one["state"]:
            yield f"{one['file']}: {one['state']}, {_rows(one)}"
    for name in was:
        yield f"{name}: withdrawn"


def _rows(one: Mapping[str, Any]) -> str:
    return f"{one['used']['source']['rows']:,} rows" if one["used"] else str(one["reason"])


def task_lines(after: Mapping[str, Any]) -> Iterator[str]:
    """Tell what was computed and why, and what was not."""
    reused = 0
    for task in after["tasks"]:
        if task["state"] == "reused":
            reused += 1
        elif task["state"] == "computed":
            yield f"{task['name']}: computed ({task['why']})"
        else:
            yield f"{task['name']}: {task['state'].upper()}: {task['why']}"
    if reused:
        yield f"{reused} as before"


def result_lines(differences: Differences, *, all_of_them: bool = False) -> list[str]:
    """Tell how many rows differ, and the estimates that moved most, or all of them."""
    shown = differences.rows.height if all_of_them else SHOWN
    counts = differences.counts
    told = f"{counts[MOVED]} estimates moved, {counts[ERROR_MOVED]} only in their errors or counts"
    lines = [
        f"{told}, {counts[NEW]} rows are new, {counts[GONE]} are gone, {differences.n_same} are the same."
    ]
    moved = differences.rows.filter(differences.rows["difference"] == MOVED).head(shown)
    if moved.height:
        lines += [
            "",
            "| analysis | of | measure | before | after | change in std. errors |",
            "|---|---|---|---|---|---|",
            *(_line(row) for row in moved.iter_rows(named=True)),
        ]
    if counts[MOVED] > shown:
        lines += ["", f"and {counts[MOVED] - shown} more; `equirank diff` shows all."]
    return lines


def _line(row: Mapping[str, Any]) -> str:
    about = ", ".join(str(row[name]) for name in ABOUT if row[name] is not None)
    errors = "-" if row["in_std_errors"] is None else f"{row['in_std_errors']:+.2f}"
    numbers = " | ".join("-" if row[name] is None else f"{row[name]:.6g}" for name in ("before", "after"))
    return f"| {row['analysis']} | {about} | {row['measure']}, {row['method']} | {numbers} | {errors} |"
