"""What a night changed, as a text to read in the morning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.disclosure.manifest_counts import told_text
from engine.report.words.notices import notice
from engine.report.words.sentences import language_of
from engine.store.compare import ERROR_MOVED, GONE, MOVED, NEW, Differences
from engine.store.ledger import COMPUTED, QUARANTINED, REUSED, FileEntry, file_entries, task_entries
from engine.store.study_changes import run_changes, version_changes

SHOWN = 30  # moved estimates
ABOUT = ("wave", "subgroup", "outcome", "term", "level")


def change_report(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], differences: Differences | None
) -> str:
    """Return Markdown in the study's language: files, analyses, and the estimates that moved."""
    title = after["study"]["title"] or after["study"]["name"]
    lines = [f"# {title}", "", "## Files", ""]
    lines += [f"- {line}" for line in file_lines(before, after)] or ["- as before"]
    changed = [] if before is None else run_changes(before, after)
    if changed:
        lines += ["", "## Study and versions", "", *(f"- {line}" for line in changed)]
    lines += ["", "## Analyses", "", *(f"- {line}" for line in task_lines(before, after))]
    lines += ["", "## Results", ""]
    lines += [first_run(len(after["tasks"]))] if differences is None else result_lines(differences)
    language = language_of(after)
    return "\n".join([lines[0], *(notice(language, line) for line in lines[1:])]) + "\n"


def first_run(tasks: int) -> str:
    """Return the line on a first run of so many analyses."""
    return "- 1 analysis, first run" if tasks == 1 else f"- {tasks} analyses, first run"


def file_lines(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Iterator[str]:
    """Yield which files are new, changed, set aside or withdrawn."""
    earlier_files = file_entries(before)
    asked = after.get("disclosure")
    for entry in file_entries(after).values():
        earlier = earlier_files.pop(entry.file, None)
        if entry.state == QUARANTINED:
            reason = entry.reason if asked is None else told_text(str(entry.reason), asked["threshold"])
            yield f"{entry.file}: IN QUARANTINE. {reason}"
        elif earlier is None:
            yield f"{entry.file}: new, {_rows(entry, asked)}"
        elif earlier.sha256 != entry.sha256:
            yield f"{entry.file}: changed, {_rows(entry, asked)}"
        elif earlier.state != entry.state:
            yield f"{entry.file}: {entry.state}, {_rows(entry, asked)}"
    for name in earlier_files:
        yield f"{name}: withdrawn"


def _rows(entry: FileEntry, asked: Mapping[str, Any] | None) -> str:
    """Return how many rows a file has; two nights with disclosure control would tell who came."""
    if asked is not None and entry.rows is not None:
        return "its rows are not told"
    return str(entry.reason) if entry.rows is None else f"{entry.rows:,} rows"


def task_lines(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was computed and why, and what was not; in place of "method", the versions that changed."""
    reused = 0
    versions = [] if before is None else version_changes(before, after)
    method = ", ".join(versions) or "the code of equirank"
    for task in task_entries(after).values():
        if task.state == REUSED:
            reused += 1
        elif task.state == COMPUTED:
            why = [method if input_ == "method" else input_ for input_ in task.why.split(", ")]
            yield f"{task.name}: computed ({', '.join(why)})"
        else:
            yield f"{task.name}: {task.state.upper()}: {task.why}"
    if reused:
        yield f"{reused} as before"


def result_lines(differences: Differences, *, show_all: bool = False) -> list[str]:
    """Return how many rows differ, and the estimates that moved most, or all of them."""
    shown = differences.rows.height if show_all else SHOWN
    counts = differences.counts
    moved_rows = f"Estimates that moved: {counts[MOVED]}; errors or counts alone: {counts[ERROR_MOVED]}"
    other_rows = f"new rows: {counts[NEW]}; gone: {counts[GONE]}; the same: {differences.n_same}"
    lines = [f"{moved_rows}; {other_rows}."]
    for kind, title, number in ((NEW, "New", "after"), (GONE, "Gone", "before")):
        rows = differences.rows.filter(differences.rows["difference"] == kind).head(shown)
        if rows.height:
            lines += ["", f"| {title}: analysis | of | measure | value |", "|---|---|---|---|"]
            lines += [_short_line(row, number) for row in rows.iter_rows(named=True)]
            lines += _and_more(counts[kind], shown)
    moved = differences.rows.filter(differences.rows["difference"] == MOVED).head(shown)
    if moved.height:
        lines += [
            "",
            "| Moved: analysis | of | measure | before | after | change in std. errors |",
            "|---|---|---|---|---|---|",
            *(_line(row) for row in moved.iter_rows(named=True)),
            *_and_more(counts[MOVED], shown),
        ]
    return lines


def _and_more(count: int, shown: int) -> list[str]:
    return ["", f"and {count - shown} more; `equirank diff` shows all."] if count > shown else []


def _about(row: Mapping[str, Any]) -> str:
    return ", ".join(str(row[name]) for name in ABOUT if row[name] is not None)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _short_line(row: Mapping[str, Any], number: str) -> str:
    named = f"| {row['analysis']} | {_about(row)} | {row['measure']}, {row['method']} |"
    return f"{named} {_number(row[number])} |"


def _line(row: Mapping[str, Any]) -> str:
    errors = "-" if row["in_std_errors"] is None else f"{row['in_std_errors']:+.2f}"
    numbers = " | ".join(_number(row[name]) for name in ("before", "after"))
    return f"| {row['analysis']} | {_about(row)} | {row['measure']}, {row['method']} | {numbers} | {errors} |"
