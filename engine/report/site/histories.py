"""The headline estimates of a store over its runs: indices of inequality, and overall rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.report.figures.figure import Row, StudyFacts, last_of_each
from engine.report.figures.words import decimals, drawn
from engine.report.words.site import site_text

if TYPE_CHECKING:
    import polars as pl

_KINDS = ("concentration", "rates")
_COMPARISONS = ("difference", "wald_f")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """An estimate in one run.

    Attributes
    ----------
    run, created
        The run, and when it was published.
    row
        The tidy row.
    text
        The estimate with its interval.
    moved
        By how many standard errors since the run before; empty where it did not move.
    is_changed
        Whether the row differs from that of the run before.
    """

    run: str
    created: str
    row: Row
    text: str
    moved: str
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One estimate of one wave and subgroup over the runs, the oldest first."""

    group: str
    points: tuple[Point, ...]

    @property
    def last(self) -> Point:
        """The newest value."""
        return self.points[-1]

    @property
    def changes(self) -> tuple[Point, ...]:
        """The points that differ from the one before, the newest first."""
        return tuple(point for point in reversed(self.points) if point.is_changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A quantity that has a page: its name, its title, and its history in each group."""

    name: str
    title: str
    unit: str
    histories: tuple[History, ...]


Runs = Sequence[tuple[str, str, Sequence[Row]]]
"""(name, when published, headline rows) of each run, the oldest first."""


def headline_rows(results: pl.DataFrame) -> list[Row]:
    """Return the rows with a headline estimate, one each: of several methods the last one."""
    few = results.filter(
        results["kind"].is_in(_KINDS)
    )  # as dicts, all rows of many runs would fill the memory
    own = [row for row in few.to_dicts() if _is_headline(row)]
    return last_of_each(own, "analysis", "measure", "outcome", "wave", "subgroup")


def _is_headline(row: Row) -> bool:
    if row["estimate"] is None:
        return False
    if row["kind"] == "rates":
        return row["measure"] == "rate" and row["term"] == "total" and row["level"] is None
    return (
        row["kind"] == "concentration"
        and row["measure"] not in _COMPARISONS
        and not str(row["method"]).startswith("conindex")
    )


def headlines(runs: Runs, facts: StudyFacts) -> tuple[Headline, ...]:
    """Return the quantities of the newest run, each with its values in all runs."""
    newest = runs[-1][2]
    keys = dict.fromkeys((row["analysis"], row["measure"], row["outcome"]) for row in newest)
    return tuple(_headline(key, runs, facts, number) for number, key in enumerate(keys, start=1))


def _headline(key: tuple[str, str, str], runs: Runs, facts: StudyFacts, number: int) -> Headline:
    analysis, measure, outcome = key
    found = [
        (run, created, row)
        for run, created, rows in runs
        for row in rows
        if (row["analysis"], row["measure"], row["outcome"]) == key
    ]
    newest = [row for run, _, row in found if run == runs[-1][0]]
    is_rate = measure == "rate"
    scale = 100.0 if is_rate else 1.0
    digits = 1 if is_rate else decimals(newest)
    if is_rate:
        title = facts.say("rate_of", outcome=facts.inside(outcome), analysis=analysis)
    else:
        what, index = facts.inequality(newest[0]), facts.index(measure)
        title = facts.say("index_of", index=index, what=what, analysis=analysis)
    return Headline(
        name=f"{number:03d}-{analysis}-{measure}-{outcome}",
        title=title,
        unit=site_text(facts.language, "per_cent") if is_rate else "",
        histories=tuple(
            History(
                group=group,
                points=tuple(
                    _points([one for one in found if facts.group_of(one[2]) == group], digits, scale, facts)
                ),
            )
            for group in dict.fromkeys(facts.group_of(row) for row in newest)
        ),
    )


def _points(
    found: Sequence[tuple[str, str, Row]], digits: int, scale: float, facts: StudyFacts
) -> Iterator[Point]:
    before: Mapping[str, Any] | None = None
    for run, created, row in found:
        yield Point(
            run=run,
            created=created,
            row=row,
            text=facts.interval(row, digits, scale),
            moved=_moved(before, row, facts),
            is_changed=before is None or dict(before) != dict(row),
        )
        before = row


def _moved(before: Mapping[str, Any] | None, row: Row, facts: StudyFacts) -> str:
    """Return the change in standard errors, with its sign."""
    if before is None or before["estimate"] == row["estimate"]:
        return ""
    error = before["std_error"] or row["std_error"]
    if not error:
        return site_text(facts.language, "moved")
    change = (row["estimate"] - before["estimate"]) / error
    return ("+" if change > 0 else "") + drawn(change, 2)


def sparkline(history: History) -> str:
    """Return the estimates of all runs as the points of a line, 100 wide and 20 high."""
    values = [point.row["estimate"] for point in history.points]
    low, span = min(values), max(values) - min(values)
    step = 100 / max(len(values) - 1, 1)
    heights = [(18 - 16 * (value - low) / span) if span else 10.0 for value in values]
    if len(heights) == 1:
        heights *= 2
        step = 100
    return " ".join(f"{step * place:.1f},{height:.1f}" for place, height in enumerate(heights))
