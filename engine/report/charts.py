"""Charts of a run: the sample after each rule, the effects of clusters, concentration curves.

`alt` is the module altair, which is loaded only for pictures; it has no annotations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BLUE, _GREY = "#1b6ca8", "#b9b9b9"
_WIDTH = 520
_DASHES = [4, 4]


def flow_chart(alt: Any, steps: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - a chart
    """Draw the people after each sample rule as bars, with how many each rule leaves out."""
    data = alt.Data(values=[*_flow_bars(steps)])
    order = [step["label"] for step in steps]
    y = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=320))
    room_for_texts = alt.Scale(domain=[0, 1.15 * steps[0]["n"]], nice=False)
    x = alt.X("n:Q", title="people", scale=room_for_texts)
    bars = alt.Chart(data, width=_WIDTH).mark_bar(color=_BLUE).encode(x=x, y=y)
    texts = alt.Chart(data).mark_text(align="left", dx=4).encode(x="n:Q", y=y, text="text:N")
    return (bars + texts).properties(title="Sample: people after each rule, and those it leaves out")


def _flow_bars(steps: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    before = steps[0]["n"]
    for step in steps:
        left_out = before - step["n"]
        text = f"{step['n']:,}" + (f"  (-{left_out:,})" if left_out else "")
        yield {"label": step["label"], "n": step["n"], "text": text}
        before = step["n"]


def effect_charts(alt: Any, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield (name, chart) of each cluster level: effects with intervals, smallest first, no cluster named."""
    by_level: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["measure"] == "conditional_mode":
            key = (row["analysis"], row["wave"], row["subgroup"], row["term"])
            by_level.setdefault(key, []).append(row)
    for key, modes in by_level.items():
        analysis, *_, level = key
        name = "-".join(str(part) for part in key if part)
        chart = _effect_chart(alt, modes, level)
        yield f"effects-{name}", chart.properties(title=f"Effects of {level}, {analysis}")


def _effect_chart(alt: Any, modes: Sequence[Mapping[str, Any]], level: str) -> Any:  # noqa: ANN401 - a chart
    data = alt.Data(values=[_effect_point(row) for row in modes])
    x = alt.X("place:Q", title=f"{level}, from the smallest effect", scale=alt.Scale(nice=False))
    y = alt.Y("low:Q", title="effect on the log odds")
    colors = alt.Scale(domain=[True, False], range=[_BLUE, _GREY])
    color = alt.Color("clear:N", title="interval without 0", scale=colors)
    intervals = (
        alt.Chart(data, width=_WIDTH, height=260).mark_rule().encode(x=x, y=y, y2="high:Q", color=color)
    )
    points = alt.Chart(data).mark_circle(size=12, color="black").encode(x=x, y="effect:Q")
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(strokeDash=_DASHES).encode(y="zero:Q")
    return intervals + points + zero


def _effect_point(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "place": int(row["level"]),
        "effect": row["estimate"],
        "low": row["conf_low"],
        "high": row["conf_high"],
        "clear": row["conf_low"] > 0 or row["conf_high"] < 0,
    }


def curve_charts(alt: Any, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield (name, chart) of each concentration curve with its simultaneous band; groups share a picture."""
    points = [
        row
        for row in rows
        if row["measure"] == "concentration_curve" and "simultaneous" in str(row["method"])
    ]
    for analysis, outcome in dict.fromkeys((row["analysis"], row["outcome"]) for row in points):
        curve = [row for row in points if (row["analysis"], row["outcome"]) == (analysis, outcome)]
        title = f"Concentration curve of {outcome} by {curve[0]['rank_by']}"
        yield f"curve-{analysis}-{outcome}", _curve_chart(alt, curve, outcome).properties(title=title)


def _curve_chart(alt: Any, points: Sequence[Mapping[str, Any]], outcome: str) -> Any:  # noqa: ANN401 - a chart
    share = alt.Scale(domain=[0, 1])
    x = alt.X("people:Q", title="share of people, from the lowest rank", scale=share)
    y = alt.Y("share:Q", title=f"share of {outcome}", scale=share)
    data = alt.Data(values=[_curve_point(row) for row in points])
    chart = alt.Chart(data, width=_WIDTH * 0.7, height=_WIDTH * 0.7)
    band = chart.mark_area(opacity=0.25).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color="group:N")
    line = chart.mark_line().encode(x=x, y=y, color=alt.Color("group:N", title=None))
    ends = alt.Chart(alt.Data(values=[{"a": 0, "b": 0}, {"a": 1, "b": 1}]))
    equality = ends.mark_line(strokeDash=_DASHES, color="black").encode(x="a:Q", y="b:Q")
    return band + line + equality


def _curve_point(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "people": float(row["level"]),
        "share": row["estimate"],
        "low": row["conf_low"],
        "high": row["conf_high"],
        "group": " ".join(part for part in (row["wave"], row["subgroup"]) if part) or "all",
    }
