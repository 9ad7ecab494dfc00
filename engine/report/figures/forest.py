"""Odds ratios or rate ratios of a model on a logarithmic axis, the crude ones beside the adjusted ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.figures.figure import Figure, Row, StudyFacts, level_of
from engine.report.figures.frame import KeyEntry
from engine.report.figures.row_chart import Line, Mark, RowChart
from engine.report.figures.style import COLORS
from engine.report.figures.ticks import log_ticks
from engine.report.figures.words import MOST_NAMED

_LOOKS = {
    "crude_odds_ratio": ("crude", COLORS[1], "square", False),
    "odds_ratio": ("adjusted", COLORS[0], "circle", True),
    "incidence_rate_ratio": ("adjusted", COLORS[0], "circle", True),
}

_ADJUSTED_FIRST = ("odds_ratio", "incidence_rate_ratio", "crude_odds_ratio")


def forest_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the odds ratios or rate ratios of each model and group."""
    ratios = [row for row in rows if row["measure"] in _LOOKS]
    for key in dict.fromkeys((row["analysis"], row["wave"], row["subgroup"]) for row in ratios):
        own = [row for row in ratios if (row["analysis"], row["wave"], row["subgroup"]) == key]
        if any(_is_estimate(row) for row in own):
            yield _figure(own, facts)


def _kind(rows: Sequence[Row]) -> str:
    """Return which ratios these are, as the words name them."""
    return "rate" if any(row["measure"] == "incidence_rate_ratio" for row in rows) else "odds"


def _is_estimate(row: Row) -> bool:
    return row["conf_low"] is not None and row["estimate"] is not None and row["conf_low"] > 0


def _figure(rows: Sequence[Row], facts: StudyFacts) -> Figure:
    first = rows[0]
    shown = [measure for measure in _LOOKS if any(row["measure"] == measure for row in rows)]
    lines = tuple(_lines(rows, facts))
    level = level_of(next(row for row in rows if _is_estimate(row)))
    key = tuple(
        KeyEntry(text=facts.say(text), color=color, shape=shape, filled=filled)
        for text, color, shape, filled in (_LOOKS[one] for one in shown)
    )
    chart = RowChart(
        lines=lines,
        x_title=facts.say(f"{_kind(rows)}_axis", level=level),
        zero=1.0,
        ticks=log_ticks(*_reach(rows)),
        key=key if len(shown) > 1 else (),
        note=facts.care(rows),
    )
    title = facts.say(
        f"{_kind(rows)}_forest", outcome=facts.inside(first["outcome"]), analysis=first["analysis"]
    )
    return Figure(
        name="-".join(
            part for part in ("forest", first["analysis"], first["wave"], first["subgroup"]) if part
        ),
        title=facts.marked(facts.in_group(title, first), *rows),
        alt_text=facts.with_care(_alt_text(rows, facts), rows),
        chart=chart.chart(),
        analysis=first["analysis"],
    )


def _lines(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Line]:
    """Yield a heading for each factor with its levels below; a number is one line."""
    follows_levels = False
    for term in dict.fromkeys(row["term"] for row in rows):
        own = [row for row in rows if row["term"] == term]
        levels = list(dict.fromkeys(row["level"] for row in own))
        is_factor = levels != [None]
        if is_factor:
            yield Line(name=facts.label(term), is_heading=True)
        for level in levels:
            found = {row["measure"]: row for row in own if row["level"] == level}
            yield Line(
                name=facts.label(term) if level is None else str(level),
                marks=tuple(_mark(found[one]) for one in _LOOKS if one in found and _is_estimate(found[one])),
                is_apart=level is None and follows_levels,
                text=_text(next(found[one] for one in _ADJUSTED_FIRST if one in found), facts),
            )
        follows_levels = is_factor


def _mark(row: Row) -> Mark:
    _, color, shape, filled = _LOOKS[row["measure"]]
    return Mark(
        estimate=row["estimate"],
        low=row["conf_low"],
        high=row["conf_high"],
        color=color,
        shape=shape,
        filled=filled,
    )


def _text(row: Row, facts: StudyFacts) -> str:
    if row["status"] == "reference":
        return facts.say("reference")
    if not _is_estimate(row):
        return str(row["status"]) if row["estimate"] is None else f"{row['estimate']:.2f}"
    return f"{row['estimate']:.2f} ({row['conf_low']:.2f}\N{EN DASH}{row['conf_high']:.2f})"


def _reach(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the lowest and the highest end of all intervals."""
    own = [row for row in rows if _is_estimate(row)]
    return min(row["conf_low"] for row in own), max(row["conf_high"] for row in own)


def _alt_text(rows: Sequence[Row], facts: StudyFacts) -> str:
    """Tell how many ratios there are, how many differ from 1, and those farthest from it."""
    adjusted = [row for row in rows if row["measure"] != "crude_odds_ratio" and _is_estimate(row)]
    own = adjusted or [row for row in rows if _is_estimate(row)]
    clear = [row for row in own if row["conf_low"] > 1 or row["conf_high"] < 1]
    farthest = sorted(own, key=lambda row: -max(row["estimate"], 1 / row["estimate"]))
    named = facts.say("next").join(
        f"{facts.label(row['term'])}{': ' + row['level'] if row['level'] else ''} {facts.interval(row, 2)}"
        for row in farthest[:MOST_NAMED]
    )
    which = facts.say("adjusted" if adjusted else "crude")
    return facts.say(f"{_kind(rows)}_ratios", n=len(own), which=which, clear=len(clear), named=named)
