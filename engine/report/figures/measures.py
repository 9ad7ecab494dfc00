"""Measures of one scale by wave and subgroup, one below the other: of disparity, and of payments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.report.figures.figure import Figure, Row, StudyFacts, level_of
from engine.report.figures.row_chart import Line, Mark, RowChart
from engine.report.figures.style import COLORS
from engine.report.figures.ticks import log_ticks
from engine.report.figures.words import decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What shares an axis.

    Attributes
    ----------
    name
        Ends the name of the file, and names the words of the axis.
    measures
        That are drawn on it.
    is_ratio
        Whether the axis is logarithmic, with 1 for no difference.
    times
        What numbers are multiplied by: 100 for per cent.
    """

    name: str
    measures: tuple[str, ...]
    is_ratio: bool = False
    times: float = 1.0

    @property
    def zero(self) -> float:
        """The value of no difference."""
        return 1.0 if self.is_ratio else 0.0

    def has(self, row: Row) -> bool:
        """Say whether a row is drawn here: a logarithmic axis has no 0."""
        is_positive = row["estimate"] > 0 and (row["conf_low"] is None or row["conf_low"] > 0)
        return row["measure"] in self.measures and (is_positive or not self.is_ratio)


def measure_figure(
    rows: Sequence[Row],
    scale: Scale,
    facts: StudyFacts,
    *,
    kind: str,
    name_of: Callable[[Row], str],
) -> Figure:
    """Draw a block of lines for each measure; measures of all people together need no blocks."""
    first = rows[0]
    has_groups = any(row["wave"] or row["subgroup"] for row in rows)
    lines: list[Line] = []
    told = []
    for what in dict.fromkeys(map(name_of, rows)):
        block = [_times(row, scale.times) for row in rows if name_of(row) == what]
        digits = decimals(block)
        if has_groups:
            lines.append(Line(name=what[0].upper() + what[1:], is_heading=True))
        for row in block:
            text = facts.interval(row, digits)
            group = facts.group_of(row)
            name = facts.marked(group if has_groups else what, row)
            lines.append(Line(name=name, marks=(_mark(row, scale.zero),), text=text))
            told.append(facts.say("named", name=f"{what}, {name}" if has_groups else name, what=text))
    chart = RowChart(
        lines=tuple(lines),
        x_title=facts.say(f"{scale.name}_axis", level=level_of(first)),
        zero=scale.zero,
        ticks=log_ticks(*_reach(rows)) if scale.is_ratio else None,
        note=facts.care(rows),
    )
    return Figure(
        name=f"{kind}-{first['analysis']}-{first['outcome']}-{scale.name}",
        title=facts.say(kind, what=facts.inequality(first)),
        alt_text=facts.listed(told, rows),
        chart=chart.chart(),
        analysis=first["analysis"],
    )


def _times(row: Row, times: float) -> Row:
    numbers = ("estimate", "conf_low", "conf_high")
    return {**row, **{name: None if row[name] is None else times * row[name] for name in numbers}}


def _reach(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the lowest and the highest number that is drawn."""
    ends = [row[key] for row in rows for key in ("conf_low", "estimate", "conf_high") if row[key] is not None]
    return min(ends), max(ends)


def _mark(row: Row, zero: float) -> Mark:
    """Return a full point, hollow where the interval holds the value of no difference."""
    low, high = row["conf_low"], row["conf_high"]
    is_clear = low is not None and high is not None and (low > zero or high < zero)
    return Mark(estimate=row["estimate"], low=low, high=high, color=COLORS[0], filled=is_clear)
