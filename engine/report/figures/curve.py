"""Concentration curves with their bands and the line of equality, and their deviation from that line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.figures.figure import Figure, Row, StudyFacts, level_of
from engine.report.figures.frame import Frame, KeyEntry, x_axis
from engine.report.figures.style import COLORS, DASHES, INK, MOST_SERIES, SHAPES, WIDTH
from engine.report.figures.vega import WITH_INTERVAL, end, layer, quantity
from engine.report.figures.words import drawn

Curves = Mapping[str, Sequence[Row]]
"""The points of each group."""

_LEFT, _RIGHT = 40, 14
_DEVIATION_HEIGHT = 200
_APART = 0.04  # of the square's side: curves that come no closer than this are told apart
_VERDICTS = ("above", "below", "crosses", "not significant")


def curve_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the curves of each analysis and outcome; where they lie close, their deviations too."""
    own = [row for row in rows if row["kind"] == "curve"]
    points = [
        row
        for row in own
        if row["measure"] == "concentration_curve"
        and "simultaneous" in str(row["method"])
        and row["estimate"] is not None
    ]
    for analysis, outcome in dict.fromkeys((row["analysis"], row["outcome"]) for row in points):
        curve = [row for row in points if (row["analysis"], row["outcome"]) == (analysis, outcome)]
        verdicts = {
            facts.group_of(row): row["term"]
            for row in own
            if (row["analysis"], row["outcome"]) == (analysis, outcome)
            and row["measure"] == "dominance"
            and row["level"] == "diagonal"
            and row["method"] == "multiple comparison"
        }
        groups = list(dict.fromkeys(facts.group_of(row) for row in curve))
        for start in range(0, len(groups), MOST_SERIES):
            shown = groups[start : start + MOST_SERIES]
            part = f"-{1 + start // MOST_SERIES}" if len(groups) > MOST_SERIES else ""
            few = {group: [row for row in curve if facts.group_of(row) == group] for group in shown}
            name = f"{analysis}-{outcome}{part}"
            yield _figure(few, verdicts, facts, f"curve-{name}", deviation=False)
            if _lie_close(few):
                yield _figure(few, verdicts, facts, f"deviation-{name}", deviation=True)


def _lie_close(curves: Curves) -> bool:
    """Whether some curves, or one and the diagonal, cannot be told apart on the square."""
    lines = [{row["level"]: row["estimate"] for row in rows} for rows in curves.values()]
    lines.append({row["level"]: float(row["level"]) for rows in curves.values() for row in rows})
    distances = [
        max((abs(one[point] - other[point]) for point in one if point in other), default=1.0)
        for place, one in enumerate(lines)
        for other in lines[place + 1 :]
    ]
    return min(distances) < _APART


def _figure(
    curves: Curves, verdicts: Mapping[str, Any], facts: StudyFacts, name: str, *, deviation: bool
) -> Figure:
    first = next(iter(curves.values()))[0]
    outcome, rank, level = facts.inside(first["outcome"]), facts.inside(first["rank_by"]), level_of(first)
    rows = [row for own in curves.values() for row in own]
    frame = Frame(
        left=_LEFT,
        right=_RIGHT,
        height=_DEVIATION_HEIGHT if deviation else WIDTH - _LEFT - _RIGHT,
        x_title=facts.say("lowest_first", rank=rank),
        heading=facts.say("deviation_band" if deviation else "band", outcome=outcome, level=level),
        key=tuple(
            KeyEntry(
                text=facts.marked(group, *own), color=COLORS[place], shape=SHAPES[place], dash=DASHES[place]
            )
            for place, (group, own) in enumerate(curves.items())
        )
        if len(curves) > 1
        else (),
        note=facts.care(rows),
    )
    return Figure(
        name=name,
        title=facts.say("deviation" if deviation else "curve", what=facts.inequality(first)),
        alt_text=_alt_text(curves, verdicts, rank, facts),
        chart=_chart(curves, frame, deviation=deviation),
        analysis=first["analysis"],
    )


def _chart(curves: Curves, frame: Frame, *, deviation: bool) -> dict[str, Any]:
    share = {"domain": [0, 100], "nice": False}
    x = quantity("people", scale=share, axis=x_axis(frame))
    up = {"zero": True} if deviation else share
    axis = {"title": None, "tickCount": 5}
    y = quantity("share", scale=up, axis=axis)
    ends = [{"people": place, "share": 0 if deviation else place} for place in (0, 100)]
    layers = [layer(ends, "line", {"x": x, "y": y}, color=INK, strokeWidth=1)]
    for place, rows in enumerate(curves.values()):
        color, shape, dash = COLORS[place], SHAPES[place], [*DASHES[place]]
        points = [_point(row, deviation=deviation) for row in rows]
        band = {"x": x, "y": quantity("low", scale=up, axis=axis), "y2": end("high")}
        layers.append(layer(points, "area", band, WITH_INTERVAL, opacity=0.2, color=color))
        layers.append(layer(points, "line", {"x": x, "y": y}, color=color, strokeWidth=1.8, strokeDash=dash))
        few = points[2 + place :: 5]  # shifted, so that the shapes of one line do not hide those of another
        look: dict[str, Any] = {"shape": shape, "size": 34, "filled": True, "color": color, "opacity": 1}
        layers.append(layer(few, "point", {"x": x, "y": y}, **look))
    return frame.chart(*layers)


def _point(row: Row, *, deviation: bool) -> dict[str, Any]:
    people = 100 * float(row["level"])
    less = people if deviation else 0.0
    ends = {
        name: None if row[f"conf_{name}"] is None else 100 * row[f"conf_{name}"] - less
        for name in ("low", "high")
    }
    return {"people": people, "share": 100 * row["estimate"] - less, **ends}


def _alt_text(curves: Curves, verdicts: Mapping[str, Any], rank: str, facts: StudyFacts) -> str:
    told = []
    for group, rows in curves.items():
        half = min(rows, key=lambda row: abs(float(row["level"]) - 0.5))
        band = ""
        if half["conf_low"] is not None:
            low, high = drawn(100 * half["conf_low"], 1), drawn(100 * half["conf_high"], 1)
            band = facts.say("half_band", low=low, high=high)
        share, held = f"{100 * float(half['level']):g}", drawn(100 * half["estimate"], 1)
        verdict = verdicts.get(group)
        told.append(
            facts.say("half", group=facts.marked(group, *rows), rank=rank, share=share, held=held, band=band)
            + (facts.say(verdict) if verdict in _VERDICTS else f", {verdict}" if verdict else "")
        )
    return facts.listed(told, [row for own in curves.values() for row in own])
