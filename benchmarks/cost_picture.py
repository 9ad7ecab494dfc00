"""A picture of what a row costs, in time and in memory, from a hundred thousand rows to half a billion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WIDTH, _HEIGHT = 360, 240
_OURS = "#1b6ca8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a first run on some rows takes: seconds, and megabytes at its peak."""

    rows: int
    seconds: float
    mb: float


def draw_costs(costs: Sequence[Cost], path: Path) -> None:
    """Draw seconds and nanoseconds a row beside the peak memory, both against the rows."""
    import altair as alt

    values = [
        {"rows": cost.rows, "ns": cost.seconds / cost.rows * 1e9, "mb": cost.mb, "shown": _shown(cost)}
        for cost in costs
    ]
    time = _panel(alt, values, "ns", "nanoseconds a row (log scale)")
    memory = _panel(alt, values, "mb", "peak memory in MB (log scale)")
    title = "From Parquet to three indices with errors and 200 replicates, first run"
    alt.hconcat(time, memory, title=title).save(path)


def _panel(alt: Any, values: list[dict[str, Any]], what: str, title: str) -> Any:  # noqa: ANN401 - no types
    base = alt.Chart(alt.Data(values=values), width=_WIDTH, height=_HEIGHT)
    line = base.mark_line(point=True, color=_OURS).encode(
        x=alt.X("rows:Q", scale=alt.Scale(type="log", nice=False, padding=24), title="rows (log scale)"),
        y=alt.Y(f"{what}:Q", scale=alt.Scale(type="log"), title=title),
    )
    if what != "ns":
        return line
    return line + line.mark_text(dy=-10, color="black").encode(text="shown:N")


def _shown(cost: Cost) -> str:
    return f"{cost.seconds:.0f} s" if cost.seconds >= 10 else f"{cost.seconds:.1f} s"
