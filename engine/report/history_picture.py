"""A picture of an estimate over the nights: points with their intervals, a line for each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.report.pictures import altair, written_to

SHOWN = 12  # lines that a reader can tell apart


def write_history(rows: Sequence[Mapping[str, Any]], title: str, path: Path, *, simulated: bool) -> None:
    """Write an SVG of estimates by run, of one method's errors; of many groups, those that moved most.

    Raises
    ------
    UsageError
        If altair is not installed, or the file cannot be written.
    """
    alt = altair()
    methods = [str(row["method"]) for row in rows]
    shown = next((method for method in methods if method.startswith("linearised")), methods[0])
    drawn = [row for row in rows if row["estimate"] is not None and str(row["method"]) == shown]
    moved = sorted({row["about"] for row in drawn}, key=lambda about: -_range(drawn, about))[:SHOWN]
    values = [dict(row) for row in drawn if row["about"] in moved]
    data = alt.Data(values=values)
    nights = sorted({row["run"] for row in values})
    x = alt.X("run:O", sort=nights, title="run", axis=alt.Axis(labelAngle=0, labelOverlap=True))
    y = alt.Y("estimate:Q", title=title, scale=alt.Scale(zero=False))
    color = alt.Color("about:N", title=None, legend=alt.Legend(labelLimit=400) if len(moved) > 1 else None)
    line = alt.Chart(data, width=560, height=320).mark_line(point=True).encode(x=x, y=y, color=color)
    bars = (
        alt.Chart(data)
        .mark_rule(opacity=0.5)
        .encode(x=x, y=alt.Y("conf_low:Q", title=title), y2="conf_high:Q", color=color)
    )
    with written_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        told = "SIMULATED: nobody in these records is real" if simulated else shown
        (bars + line).properties(title=alt.Title(f"{title} over {len(nights)} runs", subtitle=told)).save(
            path, format="svg"
        )


def _range(rows: Sequence[Mapping[str, Any]], about: str) -> float:
    own = [row["estimate"] for row in rows if row["about"] == about]
    return float(max(own) - min(own))
