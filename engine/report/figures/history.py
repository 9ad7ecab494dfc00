"""An estimate over the runs of a store: a line for each group, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.report.figures.figure import Figure, Row
from engine.report.figures.frame import Frame, KeyEntry, x_axis
from engine.report.figures.style import COLORS, DASHES, MOST_SERIES, SHAPES
from engine.report.figures.vega import WITH_INTERVAL, end, layer, quantity
from engine.report.figures.words import decimals, listed, with_interval
from engine.report.words.figures import figure_text
from engine.report.words.method_names import method_name
from engine.report.words.sentences import Language

_LEFT, _RIGHT, _HEIGHT = 52, 18, 190
_SHIFT = 0.1  # of a run, between groups
_MOST_TICKS = 8


def history_figure(rows: Sequence[Row], name: str, title: str, language: Language = "en") -> Figure:
    """Draw estimates by run; of many groups those that moved most.

    Parameters
    ----------
    rows
        With ``run``, ``about``, ``method``, ``estimate``, ``conf_low`` and ``conf_high``, the oldest run
        first. Of several methods the linearised one is drawn.
    name, title
        Of the figure.
    language
        Of the fixed words.
    """
    method = _preferred_method(rows)
    points = _most_moved(
        [row for row in rows if row["estimate"] is not None and str(row["method"]) == method]
    )
    groups = list(dict.fromkeys(row["about"] for row in points))
    runs = sorted({row["run"] for row in points}, key=int)
    every = figure_text(language, "all")
    frame = Frame(
        left=_LEFT,
        right=_RIGHT,
        height=_HEIGHT,
        x_title=figure_text(language, "run"),
        heading=figure_text(language, "moved", method=method_name(language, method)),
        key=tuple(
            KeyEntry(text=group or every, color=COLORS[place], shape=SHAPES[place], dash=DASHES[place])
            for place, group in enumerate(groups)
        )
        if len(groups) > 1
        else (),
    )
    digits = decimals(points)
    told = []
    for group in groups:
        own = [row for row in points if row["about"] == group]
        told.append(
            figure_text(
                language,
                "first_last",
                group=group or every,
                first=int(own[0]["run"]),
                before=with_interval(own[0], digits, language=language),
                last=int(own[-1]["run"]),
                after=with_interval(own[-1], digits, language=language),
            )
        )
    return Figure(
        name=name,
        title=figure_text(language, "over_run" if len(runs) == 1 else "over_runs", title=title, n=len(runs)),
        alt_text=listed(told, language),
        chart=_chart(points, groups, frame),
    )


def _preferred_method(rows: Sequence[Row]) -> str:
    methods = [str(row["method"]) for row in rows]
    return next((method for method in methods if method.startswith("linearised")), methods[0])


def _most_moved(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of the groups whose estimates have the widest range."""
    estimates: dict[str, list[float]] = {}
    for row in rows:
        estimates.setdefault(row["about"], []).append(row["estimate"])
    ranges = {about: max(values) - min(values) for about, values in estimates.items()}
    drawn = sorted(ranges, key=lambda about: -ranges[about])[:MOST_SERIES]
    return [row for row in rows if row["about"] in drawn]


def _chart(points: Sequence[Row], groups: Sequence[str], frame: Frame) -> dict[str, Any]:
    numbers = sorted({int(row["run"]) for row in points})
    first, last = numbers[0], numbers[-1]
    step = -(-(last - first + 1) // _MOST_TICKS)
    axis = x_axis(frame, values=[*range(first, last + 1, step)], format="d", grid=False)
    across = {"domain": [first - 0.5, last + 0.5], "nice": False, "zero": False}
    x = quantity("run", scale=across, axis=axis)
    scale, up = {"zero": False}, {"title": None, "tickCount": 5}
    y = quantity("estimate", scale=scale, axis=up)
    layers = []
    for place, group in enumerate(groups):
        color, shift = COLORS[place], _SHIFT * (place - (len(groups) - 1) / 2)
        own = [_point(row, shift) for row in points if row["about"] == group]
        dash = [*DASHES[place]]
        layers.append(
            layer(
                own,
                "line",
                {"x": x, "y": y},
                color=color,
                strokeWidth=1.5,
                strokeDash=dash,
                interpolate="step-after",
            )
        )
        news = [one for before, one in zip([{}, *own], own, strict=False) if _moved(before, one)]
        ends = {"x": x, "y": quantity("low", scale=scale, axis=up), "y2": end("high")}
        layers.append(layer(news, "rule", ends, WITH_INTERVAL, color=color, strokeWidth=1))
        look: dict[str, Any] = {
            "shape": SHAPES[place],
            "size": 34,
            "filled": True,
            "color": color,
            "opacity": 1,
        }
        layers.append(layer(news, "point", {"x": x, "y": y}, **look))
    return frame.chart(*layers)


def _point(row: Row, shift: float) -> dict[str, Any]:
    return {
        "run": int(row["run"]) + shift,
        "estimate": row["estimate"],
        "low": row["conf_low"],
        "high": row["conf_high"],
    }


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an estimate or its interval differs from that of the run before, or is the first."""
    return any(before.get(name) != after[name] for name in ("estimate", "low", "high")) or not before
