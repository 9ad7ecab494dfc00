"""Measures of disparity by wave and subgroup; those of one scale stand in one figure.

Their differences between groups stand in a table only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.disparity_table import is_comparison, measure_name
from engine.report.figures.figure import Figure, Row, StudyFacts, last_of_each, level_of
from engine.report.figures.row_chart import Line, Mark, RowChart
from engine.report.figures.style import COLORS
from engine.report.figures.ticks import log_ticks
from engine.report.figures.words import decimals

_SCALES = {
    "ratio": ("ratio", "rii"),
    "gap": ("difference", "sii", "mdbu", "mdbw", "mdmu", "mdmw", "mdru", "mdrw", "par", "bgsd", "aci"),
    "share": ("cov", "idisu", "idisw", "paf"),
    "relative": ("rci", "gini"),
    "entropy": ("theil", "mld", "ge", "atkinson"),
    "variance": ("bgv",),
}


def disparity_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the measures of each analysis and outcome, a figure a scale."""
    own = [row for row in rows if row["kind"] == "disparity" and row["estimate"] is not None]
    for analysis, outcome in dict.fromkeys((row["analysis"], row["outcome"]) for row in own):
        found = [row for row in own if (row["analysis"], row["outcome"]) == (analysis, outcome)]
        measures = [row for row in found if not is_comparison(row) and row["level"] is None]
        measures = last_of_each(measures, "measure", "wave", "subgroup")
        for scale, names in _SCALES.items():
            shown = [row for row in measures if row["measure"] in names and _can_be_drawn(row, scale)]
            if shown:
                yield _figure(shown, f"disparity-{analysis}-{outcome}-{scale}", scale, facts)


def _can_be_drawn(row: Row, scale: str) -> bool:
    """Say whether a row fits on its axis: a logarithmic one has no 0."""
    return scale != "ratio" or (row["estimate"] > 0 and (row["conf_low"] is None or row["conf_low"] > 0))


def _figure(rows: Sequence[Row], name: str, scale: str, facts: StudyFacts) -> Figure:
    """Draw a block of lines for each measure; measures of all people together need no blocks."""
    zero = 1.0 if scale == "ratio" else 0.0
    has_groups = any(row["wave"] or row["subgroup"] for row in rows)
    lines: list[Line] = []
    told = []
    for measure in dict.fromkeys(row["measure"] for row in rows):
        block = [row for row in rows if row["measure"] == measure]
        digits = decimals(block)
        what = measure_name(measure, facts.language)
        if has_groups:
            lines.append(Line(name=what[0].upper() + what[1:], is_heading=True))
        for row in block:
            text = facts.interval(row, digits)
            group = facts.group_of(row)
            lines.append(Line(name=group if has_groups else what, marks=(_mark(row, zero),), text=text))
            told.append(facts.say("named", name=f"{what}, {group}" if has_groups else what, what=text))
    ends = [row[key] for row in rows for key in ("conf_low", "estimate", "conf_high") if row[key] is not None]
    chart = RowChart(
        lines=tuple(lines),
        x_title=facts.say(f"{scale}_axis", level=level_of(rows[0])),
        zero=zero,
        ticks=log_ticks(min(ends), max(ends)) if scale == "ratio" else None,
    )
    return Figure(
        name=name,
        title=facts.say("disparity", what=facts.inequality(rows[0])),
        alt_text=facts.listed(told),
        chart=chart.chart(),
        analysis=rows[0]["analysis"],
    )


def _mark(row: Row, zero: float) -> Mark:
    """Return a full point, hollow where the interval holds the value of no disparity."""
    low, high = row["conf_low"], row["conf_high"]
    is_clear = low is not None and high is not None and (low > zero or high < zero)
    return Mark(estimate=row["estimate"], low=low, high=high, color=COLORS[0], filled=is_clear)
