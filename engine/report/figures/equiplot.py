"""Equiplot: a row for each wave or subgroup, a dot for each group of the rank, joined by a line.

After Barros and Victora (International Center for Equity in Health, Pelotas, 2013).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.report.figures.figure import Figure, Row, StudyFacts
from engine.report.figures.frame import Frame, KeyEntry, pixels, texts, x_axis
from engine.report.figures.style import INK, MARGIN, PALE, SHAPES, SMALL, STEPS, text_width, wrapped
from engine.report.figures.vega import WITH_INTERVAL, as_given, end, fixed, layer, quantity
from engine.report.figures.words import drawn
from engine.report.model import SMALL_MARK

_ROW = 30  # height of a wave
_MOST_LEFT = 110
_MOST_DOTS = 12


def equiplots(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the rates of each outcome by the levels of each factor that groups the rank."""
    rates = [row for row in rows if row["kind"] == "rates" and row["measure"] == "rate"]
    keys = [(row["analysis"], row["outcome"], row["term"]) for row in rates if row["term"] in facts.ranks]
    for key in dict.fromkeys(keys):
        own = [row for row in rates if (row["analysis"], row["outcome"], row["term"]) == key]
        own = [row for row in own if row["estimate"] is not None]
        levels = list(dict.fromkeys(row["level"] for row in own))
        if 2 <= len(levels) <= _MOST_DOTS:
            yield _figure(own, levels, facts)


def _figure(rows: Sequence[Row], levels: Sequence[str], facts: StudyFacts) -> Figure:
    first = rows[0]
    groups = list(dict.fromkeys(facts.group_of(row) for row in rows))
    looks = {level: _look(place, len(levels)) for place, level in enumerate(levels)}
    widest = max(text_width(group, SMALL) for group in groups)
    left = min(widest, _MOST_LEFT) + 2 * MARGIN + 8
    frame = Frame(
        left=left,
        right=14,
        height=_ROW * len(groups),
        x_title=facts.say("per_cent_of_people", outcome=facts.label(first["outcome"])),
        key=tuple(
            KeyEntry(text=level, color=color, shape=shape, outline=INK)
            for level, (color, shape) in looks.items()
        ),
        note=facts.care(rows),
    )
    title = facts.say("by", outcome=facts.label(first["outcome"]), factor=facts.inside(first["term"]))
    return Figure(
        name=f"equiplot-{first['analysis']}-{first['outcome']}-{first['term']}",
        title=title,
        alt_text=_alt_text(rows, groups, levels, facts),
        chart=_chart(rows, groups, looks, frame, facts),
        analysis=first["analysis"],
    )


def _look(place: int, n_levels: int) -> tuple[str, str]:
    """Return colour and shape of a level: the lowest rank is the darkest."""
    step = round(place * (len(STEPS) - 1) / max(n_levels - 1, 1))
    return STEPS[step], SHAPES[place % len(SHAPES)]


def _chart(
    rows: Sequence[Row],
    groups: Sequence[str],
    looks: dict[str, tuple[str, str]],
    frame: Frame,
    facts: StudyFacts,
) -> dict[str, Any]:
    y = quantity("y", scale=pixels(frame.height), axis=None)
    points = [_point(row, groups.index(facts.group_of(row)), looks) for row in rows]
    few = [
        {"text": SMALL_MARK, "rate": point["rate"], "y": point["y"] - 4}
        for point, row in zip(points, rows, strict=True)
        if facts.care([row])
    ]
    spans = [
        {"y": (place + 0.5) * _ROW, "low": min(values), "high": max(values)}
        for place, group in enumerate(groups)
        for values in [[100 * row["estimate"] for row in rows if facts.group_of(row) == group]]
    ]
    scale, axis = {"zero": False}, x_axis(frame)
    span = {"x": quantity("low", scale=scale, axis=axis), "x2": end("high"), "y": y}
    joined = layer(spans, "rule", span, strokeWidth=2, color=PALE)
    ends = {"x": quantity("low", axis=axis), "x2": end("high"), "y": y}
    interval = layer(points, "rule", ends, WITH_INTERVAL, strokeWidth=1, color=INK)
    place = {"x": quantity("rate", scale=scale, axis=axis), "y": y}
    look = {"shape": as_given("shape"), "fill": as_given("color")}
    dots = layer(points, "point", {**place, **look}, size=62, stroke=INK, strokeWidth=1, opacity=1)
    names = [
        {"text": wrapped(group, frame.left - 2 * MARGIN - 4, SMALL), "y": (place + 0.5) * _ROW - 5}
        for place, group in enumerate(groups)
    ]
    layers = [joined, interval, dots, texts(names, x=fixed(-8), y=y, align="right")]
    if few:  # above the dot: its colour and shape already tell the level
        layers.append(texts(few, x=place["x"], y=y, align="center", baseline="bottom"))
    return frame.chart(*layers)


def _point(row: Row, place: int, looks: dict[str, tuple[str, str]]) -> dict[str, Any]:
    color, shape = looks[row["level"]]
    ends = {
        name: None if row[f"conf_{name}"] is None else 100 * row[f"conf_{name}"] for name in ("low", "high")
    }
    return {"rate": 100 * row["estimate"], **ends, "y": (place + 0.5) * _ROW, "color": color, "shape": shape}


def _alt_text(rows: Sequence[Row], groups: Sequence[str], levels: Sequence[str], facts: StudyFacts) -> str:
    rates = {(facts.group_of(row), row["level"]): row for row in rows}
    told = []
    for group in groups:
        own = [(level, rates[group, level]) for level in levels if (group, level) in rates]
        (lowest, low), (highest, high) = own[0], own[-1]
        first, last = 100 * low["estimate"], 100 * high["estimate"]
        told.append(
            facts.say(
                "ends",
                group=group,
                first=facts.marked(f"{drawn(first, 1)} %", low),
                lowest=lowest,
                last=facts.marked(f"{drawn(last, 1)} %", high),
                highest=highest,
                apart=facts.say("points", n=drawn(last - first, 1)),
            )
        )
    return facts.listed(told, rows)
