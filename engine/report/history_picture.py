"""A picture of an estimate over the runs of a store: points with their intervals, a line for each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.report.pictures import SIMULATED, altair, writing_pictures

MOST_LINES = 12  # that a reader can tell apart


def write_history(rows: Sequence[Mapping[str, Any]], title: str, path: Path, *, simulated: bool) -> None:
    """Write an SVG of the estimates by run, with the intervals of one method.

    Linearised intervals are preferred. Of many groups, those whose estimates moved most are drawn.

    Raises
    ------
    UsageError
        If altair is not installed, or the file cannot be written.
    """
    alt = altair()
    method = _preferred_method(rows)
    points = _most_moved(
        [row for row in rows if row["estimate"] is not None and str(row["method"]) == method]
    )
    n_runs = len({row["run"] for row in points})
    subtitle = SIMULATED if simulated else method
    chart = _history_chart(alt, points, title)
    with writing_pictures(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        titled = chart.properties(title=alt.Title(f"{title} over {n_runs} runs", subtitle=subtitle))
        titled.save(path, format="svg")


def _preferred_method(rows: Sequence[Mapping[str, Any]]) -> str:
    methods = [str(row["method"]) for row in rows]
    return next((method for method in methods if method.startswith("linearised")), methods[0])


def _most_moved(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the groups whose estimates have the widest range."""
    estimates: dict[str, list[float]] = {}
    for row in rows:
        estimates.setdefault(row["about"], []).append(row["estimate"])
    ranges = {about: max(values) - min(values) for about, values in estimates.items()}
    drawn = sorted(ranges, key=lambda about: -ranges[about])[:MOST_LINES]
    return [dict(row) for row in rows if row["about"] in drawn]


def _history_chart(alt: Any, points: Sequence[Mapping[str, Any]], title: str) -> Any:  # noqa: ANN401 - a chart
    runs = sorted({row["run"] for row in points})
    has_legend = len({row["about"] for row in points}) > 1
    data = alt.Data(values=points)
    x = alt.X("run:O", sort=runs, title="run", axis=alt.Axis(labelAngle=0, labelOverlap=True))
    y = alt.Y("estimate:Q", title=title, scale=alt.Scale(zero=False))
    color = alt.Color("about:N", title=None, legend=alt.Legend(labelLimit=400) if has_legend else None)
    lines = alt.Chart(data, width=560, height=320).mark_line(point=True).encode(x=x, y=y, color=color)
    low = alt.Y("conf_low:Q", title=title)
    intervals = alt.Chart(data).mark_rule(opacity=0.5).encode(x=x, y=low, y2="conf_high:Q", color=color)
    return intervals + lines
