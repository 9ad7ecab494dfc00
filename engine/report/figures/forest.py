"""Odds ratios of a model on a logarithmic axis, the crude ones beside the adjusted ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.figures.figure import Figure, Row, StudyFacts, group_of
from engine.report.figures.frame import KeyEntry
from engine.report.figures.row_chart import Line, Mark, RowChart
from engine.report.figures.style import COLORS
from engine.report.figures.words import MOST_NAMED, with_interval

_TICKS = ((0.5, 0.7, 1.0, 1.4, 2.0), (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0), (0.01, 0.1, 1.0, 10.0, 100.0))
_MOST_TICKS = 4
_LOOKS = {
    "crude_odds_ratio": ("crude", COLORS[1], "square", False),
    "odds_ratio": ("adjusted", COLORS[0], "circle", True),
}


def forest_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the odds ratios of each model and group."""
    ratios = [row for row in rows if row["measure"] in _LOOKS]
    for key in dict.fromkeys((row["analysis"], row["wave"], row["subgroup"]) for row in ratios):
        own = [row for row in ratios if (row["analysis"], row["wave"], row["subgroup"]) == key]
        if any(_is_estimate(row) for row in own):
            yield _figure(own, facts)


def _is_estimate(row: Row) -> bool:
    return row["conf_low"] is not None and row["estimate"] is not None and row["conf_low"] > 0


def _figure(rows: Sequence[Row], facts: StudyFacts) -> Figure:
    first = rows[0]
    group = group_of(first)
    shown = [measure for measure in _LOOKS if any(row["measure"] == measure for row in rows)]
    lines = tuple(_lines(rows, facts))
    level = 100 * next(row["conf_level"] or 0.95 for row in rows if _is_estimate(row))
    key = tuple(
        KeyEntry(text=text, color=color, shape=shape, filled=filled)
        for text, color, shape, filled in (_LOOKS[one] for one in shown)
    )
    chart = RowChart(
        lines=lines,
        x_title=f"odds ratio with {level:g} % interval",
        zero=1.0,
        ticks=_ticks(rows),
        key=key if len(shown) > 1 else (),
    )
    title = f"Odds ratios of {facts.inside(first['outcome'])}, {first['analysis']}"
    return Figure(
        name="-".join(
            part for part in ("forest", first["analysis"], first["wave"], first["subgroup"]) if part
        ),
        title=title if group == "all" else f"{title}, {group}",
        alt_text=_alt_text(rows, facts),
        chart=chart.chart(),
        analysis=first["analysis"],
    )


def _lines(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Line]:
    """Yield a heading for each factor with its levels below; a number is one line."""
    for term in dict.fromkeys(row["term"] for row in rows):
        own = [row for row in rows if row["term"] == term]
        levels = list(dict.fromkeys(row["level"] for row in own))
        if levels != [None]:
            yield Line(name=facts.label(term), is_heading=True)
        for level in levels:
            found = {row["measure"]: row for row in own if row["level"] == level}
            yield Line(
                name=facts.label(term) if level is None else str(level),
                marks=tuple(_mark(found[one]) for one in _LOOKS if one in found and _is_estimate(found[one])),
                text=_text(found.get("odds_ratio") or found["crude_odds_ratio"]),
            )


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


def _text(row: Row) -> str:
    if row["status"] == "reference":
        return "1 (Ref)"
    if not _is_estimate(row):
        return str(row["status"]) if row["estimate"] is None else f"{row['estimate']:.2f}"
    return f"{row['estimate']:.2f} ({row['conf_low']:.2f}\N{EN DASH}{row['conf_high']:.2f})"


def _ticks(rows: Sequence[Row]) -> tuple[float, ...]:
    """Return round values around all intervals, few enough to be read."""
    low = min(row["conf_low"] for row in rows if _is_estimate(row))
    high = max(row["conf_high"] for row in rows if _is_estimate(row))
    for ticks in _TICKS:
        inside = tuple(tick for tick in ticks if low <= tick <= high or tick == 1.0)
        if ticks[0] <= low and high <= ticks[-1] and (len(inside) <= _MOST_TICKS or ticks == _TICKS[0]):
            return inside if len(inside) > 2 else _with_neighbours(inside, ticks)
    return _TICKS[-1]


def _with_neighbours(inside: Sequence[float], ticks: Sequence[float]) -> tuple[float, ...]:
    """Add the tick before and the one after, so that a scale can be read off.

    Examples
    --------
    >>> _with_neighbours((1.0, 2.0), (0.5, 1.0, 2.0, 5.0))
    (0.5, 1.0, 2.0, 5.0)
    """
    first, last = ticks.index(inside[0]), ticks.index(inside[-1])
    return tuple(ticks[max(first - 1, 0) : last + 2])


def _alt_text(rows: Sequence[Row], facts: StudyFacts) -> str:
    """Tell how many ratios there are, how many differ from 1, and those farthest from it."""
    adjusted = [row for row in rows if row["measure"] == "odds_ratio" and _is_estimate(row)]
    own = adjusted or [row for row in rows if _is_estimate(row)]
    clear = [row for row in own if row["conf_low"] > 1 or row["conf_high"] < 1]
    farthest = sorted(own, key=lambda row: -max(row["estimate"], 1 / row["estimate"]))
    named = "; ".join(
        f"{facts.label(row['term'])}{': ' + row['level'] if row['level'] else ''} {with_interval(row, 2)}"
        for row in farthest[:MOST_NAMED]
    )
    return (
        f"{len(own)} {'adjusted' if adjusted else 'crude'} odds ratios; the intervals of {len(clear)} "
        f"leave out 1. Farthest from 1: {named}."
    )
