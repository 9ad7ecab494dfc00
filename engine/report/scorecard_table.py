"""The scorecard of a run -> tables: how many published numbers come out; which differ, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.model import Table, number

MOST_SHOWN = 60


def scorecard_tables(scores: Sequence[Mapping[str, Any]], publication: str) -> Iterator[Table]:
    """Yield the verdicts by published table, then the numbers that differ, those without a reason first."""
    yield _verdict_table(scores, publication)
    differing = [score for score in scores if score["verdict"] == "differs"]
    if differing:
        yield _difference_table(sorted(differing, key=lambda score: bool(score["reason"])))


def _verdict_table(scores: Sequence[Mapping[str, Any]], publication: str) -> Table:
    verdicts = list(dict.fromkeys(score["verdict"] for score in scores))
    counts = Counter((score["table"], score["column"], score["verdict"]) for score in scores)
    lines = [
        (f"{table}, {column}", *(f"{counts[table, column, verdict] or ''}" for verdict in verdicts))
        for table, column in dict.fromkeys((score["table"], score["column"]) for score in scores)
    ]
    title = f"Scorecard: numbers printed by {publication}, and ours"
    return Table(title=title, columns=("", *verdicts), rows=tuple(lines))


def _difference_table(scores: Sequence[Mapping[str, Any]]) -> Table:
    """Return the first `MOST_SHOWN` numbers; their reasons are numbered notes."""
    shown = scores[:MOST_SHOWN]
    reasons = list(dict.fromkeys(score["reason"] for score in shown if score["reason"]))
    notes = [f"{place}: {reason}." for place, reason in enumerate(reasons, start=1)]
    if len(scores) > MOST_SHOWN:
        notes.append(f"{len(scores) - MOST_SHOWN:,} more are in scorecard.parquet.")
    return Table(
        title="Numbers that differ by more than a last digit",
        columns=("", "what", "printed", "ours", "why"),
        rows=tuple(_difference_line(score, reasons) for score in shown),
        notes=tuple(notes),
    )


def _difference_line(score: Mapping[str, Any], reasons: Sequence[str]) -> tuple[str, ...]:
    return (
        _place(score),
        score["measure"].replace("_", " "),
        score["printed"],
        number(score["ours"], len(score["printed"].partition(".")[2])),
        f"{reasons.index(score['reason']) + 1}" if score["reason"] else "",
    )


def _place(score: Mapping[str, Any]) -> str:
    parts = [score[part] for part in ("variable", "level", "column") if score[part]]
    return f"{score['table']}: {', '.join(parts)}"
