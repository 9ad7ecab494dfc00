"""Concentration curves with their bands and the line of equality, and their deviation from that line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.report.figures.figure import Figure, Row, StudyFacts, group_of
from engine.report.figures.frame import Frame, KeyEntry, x_axis
from engine.report.figures.style import COLORS, DASHES, INK, MOST_SERIES, SHAPES
from engine.report.figures.vega import WITH_INTERVAL, end, layer, quantity
from engine.report.figures.words import drawn, listed

_LEFT, _RIGHT = 40, 14
_DEVIATION_HEIGHT = 200
_APART = 0.04  # of the square's side: curves that come no closer than this are told apart
_VERDICTS = {
    "above": "above the line of equality",
    "below": "below the line of equality",
    "crosses": "crosses the line of equality",
    "not significant": "not told apart from the line of equality",
}


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
            group_of(row): row["term"]
            for row in own
            if (row["analysis"], row["outcome"]) == (analysis, outcome)
            and row["measure"] == "dominance"
            and row["level"] == "diagonal"
            and row["method"] == "multiple comparison"
        }
        groups = list(dict.fromkeys(group_of(row) for row in curve))
        for start in range(0, len(groups), MOST_SERIES):
            shown = groups[start : start + MOST_SERIES]
            part = f"-{1 + start // MOST_SERIES}" if len(groups) > MOST_SERIES else ""
            few = [row for row in curve if group_of(row) in shown]
            name = f"{analysis}-{outcome}{part}"
            yield _figure(few, shown, verdicts, facts, f"curve-{name}", deviation=False)
            if _lie_close(few, shown):
                yield _figure(few, shown, verdicts, facts, f"deviation-{name}", deviation=True)


def _lie_close(rows: Sequence[Row], groups: Sequence[str]) -> bool:
    """Whether some curves, or one and the diagonal, cannot be told apart on the square."""
    curves = [{row["level"]: row["estimate"] for row in rows if group_of(row) == group} for group in groups]
    curves.append({row["level"]: float(row["level"]) for row in rows})
    distances = [
        max((abs(one[point] - other[point]) for point in one if point in other), default=1.0)
        for place, one in enumerate(curves)
        for other in curves[place + 1 :]
    ]
    return min(distances) < _APART


def _figure(
    rows: Sequence[Row],
    groups: Sequence[str],
    verdicts: dict[str, Any],
    facts: StudyFacts,
    name: str,
    *,
    deviation: bool,
) -> Figure:
    outcome, rank = facts.inside(rows[0]["outcome"]), facts.inside(rows[0]["rank_by"])
    what = facts.inequality(rows[0])
    level = 100 * (rows[0]["conf_level"] or 0.95)
    side = 321 - _LEFT - _RIGHT
    frame = Frame(
        left=_LEFT,
        right=_RIGHT,
        height=_DEVIATION_HEIGHT if deviation else side,
        x_title=f"per cent of people, lowest {rank} first",
        heading=(
            f"points above an equal share, {level:g} % band"
            if deviation
            else f"per cent of: {outcome}, {level:g} % band"
        ),
        key=tuple(
            KeyEntry(text=group, color=COLORS[place], shape=SHAPES[place], dash=DASHES[place])
            for place, group in enumerate(groups)
        )
        if len(groups) > 1
        else (),
    )
    return Figure(
        name=name,
        title=f"{'Deviation from equality of' if deviation else 'Concentration of'} {what}",
        alt_text=_alt_text(rows, groups, verdicts, rank),
        chart=_chart(rows, groups, frame, deviation=deviation),
        analysis=rows[0]["analysis"],
    )


def _chart(rows: Sequence[Row], groups: Sequence[str], frame: Frame, *, deviation: bool) -> dict[str, Any]:
    share = {"domain": [0, 100], "nice": False}
    x = quantity("people", scale=share, axis=x_axis(frame))
    up = {"zero": True} if deviation else share
    axis = {"title": None, "tickCount": 5}
    y = quantity("share", scale=up, axis=axis)
    ends = [{"people": place, "share": 0 if deviation else place} for place in (0, 100)]
    layers = [layer(ends, "line", {"x": x, "y": y}, color=INK, strokeWidth=1)]
    for place, group in enumerate(groups):
        color, shape, dash = COLORS[place], SHAPES[place], [*DASHES[place]]
        points = [_point(row, deviation=deviation) for row in rows if group_of(row) == group]
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


def _alt_text(rows: Sequence[Row], groups: Sequence[str], verdicts: dict[str, Any], rank: str) -> str:
    told = []
    for group in groups:
        half = min(
            (row for row in rows if group_of(row) == group), key=lambda row: abs(float(row["level"]) - 0.5)
        )
        band = ""
        if half["conf_low"] is not None:
            band = f" (band {drawn(100 * half['conf_low'], 1)} to {drawn(100 * half['conf_high'], 1)})"
        verdict = verdicts.get(group)
        told.append(
            f"{group}: the {100 * float(half['level']):g} % of people with the lowest {rank} hold "
            f"{drawn(100 * half['estimate'], 1)} %{band}"
            + (f", {_VERDICTS.get(str(verdict), str(verdict))}" if verdict else "")
        )
    return listed(told)
