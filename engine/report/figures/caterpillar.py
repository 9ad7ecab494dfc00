"""The effects of clusters in a multilevel logit with their intervals, smallest first; no cluster is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.report.figures.figure import Figure, Row, StudyFacts
from engine.report.figures.frame import Frame, KeyEntry, x_axis
from engine.report.figures.style import BEHIND, COLORS, INK
from engine.report.figures.vega import as_given, end, layer, quantity
from engine.report.figures.words import drawn

_LEFT, _RIGHT, _HEIGHT = 40, 14, 200
_CLEAR, _OTHER = COLORS[0], BEHIND


def caterpillars(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the effects of each model and level of clusters."""
    modes = [row for row in rows if row["measure"] == "conditional_mode"]
    for key in dict.fromkeys((row["analysis"], row["wave"], row["subgroup"], row["term"]) for row in modes):
        own = [row for row in modes if (row["analysis"], row["wave"], row["subgroup"], row["term"]) == key]
        own = [row for row in own if row["conf_low"] is not None]
        if own:
            yield _figure(own, facts)


def _figure(rows: Sequence[Row], facts: StudyFacts) -> Figure:
    first = rows[0]
    level = facts.label(first["term"])
    frame = Frame(
        left=_LEFT,
        right=_RIGHT,
        height=_HEIGHT,
        x_title=facts.say("from_smallest", level=level),
        heading=facts.say("log_odds"),
        note=facts.care(rows),
        key=(
            KeyEntry(text=facts.say("effect"), color=INK),
            KeyEntry(text=facts.say("without_0"), color=_CLEAR, shape="square"),
            KeyEntry(text=facts.say("with_0"), color=_OTHER, shape="square"),
        ),
    )
    clear = sum(_is_clear(row) for row in rows)
    outcome = facts.inside(first["outcome"])
    low, high = (drawn(row["estimate"], 2) for row in (rows[0], rows[-1]))
    told = facts.say("clusters", n=len(rows), low=low, high=high, clear=clear)
    title = facts.say("effects", level=level, outcome=outcome, analysis=first["analysis"])
    return Figure(
        name="-".join(
            part
            for part in ("effects", first["analysis"], first["wave"], first["subgroup"], first["term"])
            if part
        ),
        title=facts.marked(facts.in_group(title, first), *rows),
        alt_text=facts.with_care(told, rows),
        chart=_chart(rows, frame),
        analysis=first["analysis"],
    )


def _is_clear(row: Row) -> bool:
    return bool(row["conf_low"] > 0 or row["conf_high"] < 0)


def _chart(rows: Sequence[Row], frame: Frame) -> dict[str, Any]:
    points = [
        {
            "place": int(row["level"]),
            "effect": row["estimate"],
            "low": row["conf_low"],
            "high": row["conf_high"],
            "color": _CLEAR if _is_clear(row) else _OTHER,
        }
        for row in rows
    ]
    scale = {"domain": [0, len(rows) + 1], "nice": False}
    x = quantity("place", scale=scale, axis=x_axis(frame, tickMinStep=1, grid=False))
    axis = {"title": None, "tickCount": 5}
    width = min(1.2, 0.8 * frame.width / len(rows))  # neighbours do not run into each other
    ends = {"x": x, "y": quantity("low", axis=axis), "y2": end("high"), "stroke": as_given("color")}
    intervals = layer(points, "rule", ends, strokeWidth=width)
    dots = layer(
        points,
        "point",
        {"x": x, "y": quantity("effect", axis=axis)},
        size=6,
        shape="circle",
        filled=True,
        color=INK,
        opacity=1,
    )
    zero = layer([{"zero": 0}], "rule", {"y": quantity("zero")}, color=INK, strokeWidth=1)
    return frame.chart(intervals, dots, zero)
