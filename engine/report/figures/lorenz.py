"""Lorenz curve of resources and concentration curve of a payment or benefit, at a study's percentiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.report.disparity_table import is_comparison
from engine.report.figures.figure import Figure, Row, StudyFacts, last_of_each, level_of
from engine.report.figures.frame import Frame, KeyEntry, x_axis
from engine.report.figures.style import COLORS, DASHES, INK, SHAPES, WIDTH
from engine.report.figures.vega import WITH_INTERVAL, end, layer, quantity
from engine.report.figures.words import drawn

_LEFT, _RIGHT = 40, 14
_OF_RESOURCES, _OF_OUTCOME = "lorenz", "poorest_share"
_FEWEST = 2  # points of a curve beside its two ends

Curves = Mapping[str, Sequence[Row]]
"""The points of each curve by what it is the share of, resources first."""


def lorenz_figures(rows: Sequence[Row], facts: StudyFacts) -> Iterator[Figure]:
    """Yield the two curves of each analysis, payment or benefit, and group that has both."""
    own = [
        row
        for row in rows
        if row["kind"] == "financing"
        and row["measure"] in (_OF_RESOURCES, _OF_OUTCOME)
        and row["estimate"] is not None
        and not is_comparison(row)
    ]
    for key in dict.fromkeys((row["analysis"], row["outcome"], facts.group_of(row)) for row in own):
        found = [row for row in own if (row["analysis"], row["outcome"], facts.group_of(row)) == key]
        found = last_of_each(found, "measure", "level")
        curves = {
            facts.label(row[column]): [one for one in found if one["measure"] == measure]
            for measure, column in ((_OF_RESOURCES, "rank_by"), (_OF_OUTCOME, "outcome"))
            for row in found[:1]
        }
        if len(curves) > 1 and all(len(points) >= _FEWEST for points in curves.values()):
            yield _figure(curves, facts)


def _figure(curves: Curves, facts: StudyFacts) -> Figure:
    rows = [row for points in curves.values() for row in points]
    first = rows[0]
    frame = Frame(
        left=_LEFT,
        right=_RIGHT,
        height=WIDTH - _LEFT - _RIGHT,
        x_title=facts.say("lowest_first", rank=facts.inside(first["rank_by"])),
        heading=facts.say("shares_held", level=level_of(first)),
        key=tuple(
            KeyEntry(text=name, color=COLORS[place], shape=SHAPES[place], dash=DASHES[place])
            for place, name in enumerate(curves)
        ),
        note=facts.care(rows),
    )
    group = f"-{facts.group_of(first)}" if first["wave"] or first["subgroup"] else ""
    return Figure(
        name=f"lorenz-{first['analysis']}-{first['outcome']}{group}",
        title=facts.in_group(facts.say("shares", what=facts.inequality(first)), first),
        alt_text=facts.listed([*_told(curves, facts)], rows),
        chart=_chart(curves, frame),
        analysis=first["analysis"],
    )


def _chart(curves: Curves, frame: Frame) -> dict[str, Any]:
    share = {"domain": [0, 100], "nice": False}
    x = quantity("people", scale=share, axis=x_axis(frame))
    axis = {"title": None, "tickCount": 5}
    y = quantity("share", scale=share, axis=axis)
    ends = [{"people": place, "share": place} for place in (0, 100)]
    layers = [layer(ends, "line", {"x": x, "y": y}, color=INK, strokeWidth=1)]
    for place, rows in enumerate(curves.values()):
        color, dash = COLORS[place], [*DASHES[place]]
        points = sorted((_point(row) for row in rows), key=lambda point: point["people"])
        line = [ends[0], *points, ends[1]]
        interval = {"x": x, "y": quantity("low", scale=share, axis=axis), "y2": end("high")}
        layers.append(layer(line, "line", {"x": x, "y": y}, color=color, strokeWidth=1.8, strokeDash=dash))
        layers.append(layer(points, "rule", interval, WITH_INTERVAL, color=color, strokeWidth=1.2))
        look: dict[str, Any] = {"shape": SHAPES[place], "size": 42, "filled": True, "color": color}
        layers.append(layer(points, "point", {"x": x, "y": y}, **look, opacity=1))
    return frame.chart(*layers)


def _point(row: Row) -> dict[str, Any]:
    ends = {
        name: None if row[f"conf_{name}"] is None else 100 * row[f"conf_{name}"] for name in ("low", "high")
    }
    return {"people": float(row["level"]), "share": 100 * row["estimate"], **ends}


def _told(curves: Curves, facts: StudyFacts) -> Iterator[str]:
    """Yield the lowest point of each curve, one in the middle, and the highest."""
    for name, rows in curves.items():
        for place in sorted({0, len(rows) // 2, len(rows) - 1}):
            row = rows[place]
            held = drawn(100 * row["estimate"], 1)
            yield facts.say("poorest_hold", name=name, share=row["level"], held=held)
