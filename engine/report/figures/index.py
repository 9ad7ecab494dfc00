"""Indices by wave and subgroup with their intervals, and the differences between groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.figures.figure import Figure, Row, StudyFacts, last_of_each, level_of
from engine.report.figures.row_chart import Line, Mark, RowChart
from engine.report.figures.style import COLORS
from engine.report.figures.words import decimals
from engine.report.words.sentences import index_name

_COMPARISONS = ("difference", "wald_f")


def index_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the indices of each analysis and outcome, then their differences."""
    own = [
        row
        for row in rows
        if row["kind"] == "concentration" and not str(row["method"]).startswith("conindex")
    ]
    for analysis, outcome in dict.fromkeys((row["analysis"], row["outcome"]) for row in own):
        found = [
            row
            for row in own
            if (row["analysis"], row["outcome"]) == (analysis, outcome) and row["estimate"] is not None
        ]
        what = facts.inequality(found[0]) if found else ""
        name = f"{analysis}-{outcome}"
        indices = [row for row in found if row["measure"] not in _COMPARISONS]
        indices = last_of_each(indices, "measure", "wave", "subgroup")
        if indices:
            yield _figure(indices, f"index-{name}", facts.say("index", what=what), "measure", facts)
        differences = [row for row in found if row["measure"] == "difference"]
        differences = last_of_each(differences, "term", "level")
        if differences:
            yield _figure(
                differences, f"difference-{name}", facts.say("differences", what=what), "term", facts
            )


def _figure(rows: Sequence[Row], name: str, title: str, by: str, facts: StudyFacts) -> Figure:
    """Draw a block of lines for each index, named by the column `by`."""
    lines: list[Line] = []
    told = []
    for index in dict.fromkeys(row[by] for row in rows):
        block = [row for row in rows if row[by] == index]
        digits = decimals(block)
        lines.append(Line(name=facts.index(index), is_heading=True))
        for row in block:
            group = facts.marked(str(row["level"]) if by == "term" else facts.group_of(row), row)
            lines.append(Line(name=group, marks=(_mark(row),), text=facts.interval(row, digits)))
            name_of_row = f"{index_name(facts.language, index)}, {group}"
            told.append(facts.say("named", name=name_of_row, what=facts.interval(row, digits)))
    chart = RowChart(
        lines=tuple(lines),
        x_title=facts.say("difference_axis" if by == "term" else "index_axis", level=level_of(rows[0])),
        note=facts.care(rows),
    )
    return Figure(
        name=name,
        title=title,
        alt_text=facts.listed(told, rows),
        chart=chart.chart(),
        analysis=rows[0]["analysis"],
    )


def _mark(row: Row) -> Mark:
    """Return a full point, hollow where the interval holds 0."""
    low, high = row["conf_low"], row["conf_high"]
    is_clear = low is not None and high is not None and (low > 0 or high < 0)
    return Mark(estimate=row["estimate"], low=low, high=high, color=COLORS[0], filled=is_clear)
