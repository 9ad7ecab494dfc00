"""Pictures of a benchmark: throughput against rows, and equirank beside the other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import UsageError

_WIDTH = 520
_OURS, _OTHERS, _ONE_THREAD = "#1b6ca8", "#b9b9b9", "#8fb8d4"
_WHAT = "index, weighted"  # the timings that are drawn


def write_plots(result: Mapping[str, Any], folder: Path) -> tuple[Path, ...]:
    """Write peers.svg and rows.svg.

    Raises
    ------
    UsageError
        If altair and vl-convert are not installed.
    """
    try:
        import altair as alt
        import vl_convert  # noqa: F401 - altair saves pictures through it
    except ImportError:
        raise UsageError(
            "--plots: altair is not installed; expected the extra 'benchmark'. "
            "pip install 'equirank[benchmark]'"
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    written = (folder / "peers.svg", folder / "rows.svg")
    for path, chart in zip(written, (_peers_chart(alt, result), _rows_chart(alt, result)), strict=True):
        chart.save(path)
    return written


def _peers_chart(alt: Any, result: Mapping[str, Any]) -> Any:  # noqa: ANN401 - altair has no annotations
    """Draw a bar for each program with its replicates per second, the slowest first."""
    bars = _peer_bars(result)
    order = [bar["program"] for bar in bars]
    base = alt.Chart(alt.Data(values=bars))
    y = alt.Y("program:N", sort=order, title=None, axis=alt.Axis(labelLimit=300))
    log_scale = alt.Scale(type="log", domainMin=1)
    colors = alt.Scale(domain=[True, False], range=[_OURS, _OTHERS])
    marks = base.mark_bar().encode(
        x=alt.X("speed:Q", scale=log_scale, title="replicates a second (log scale)"),
        x2=alt.datum(1),
        y=y,
        color=alt.Color("ours:N", legend=None, scale=colors),
    )
    texts = base.mark_text(align="left", dx=4).encode(x="speed:Q", y=y, text="label:N")
    machine = result["machine"]
    title = (
        f"Replicates a second, one weighted index: {result['rows']:,} rows, {machine['cores']} cores, "
        f"{machine['vector_bits']}-bit vectors"
    )
    return (marks.properties(width=_WIDTH) + texts).properties(title=title)


def _peer_bars(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each program's fastest time for one index, the slowest program first."""
    fastest: dict[str, dict[str, Any]] = {}
    for timing in result["timings"]:
        if timing["what"] != _WHAT or timing["rows"] != result["rows"]:
            continue
        name = timing["program"]
        if name not in fastest or timing["ms"] < fastest[name]["ms"]:
            fastest[name] = timing
    return [_peer_bar(timing) for timing in sorted(fastest.values(), key=lambda one: -float(one["ms"]))]


def _peer_bar(timing: Mapping[str, Any]) -> dict[str, Any]:
    speed = 1000 / timing["ms"]
    return {
        "program": f"{timing['program']} ({timing['threads']} thread{'s' if timing['threads'] > 1 else ''})",
        "speed": speed,
        "label": f"{speed:,.0f}" if timing["ms"] < 100 else f"{speed:.1f}",
        "ours": timing["program"].startswith("equirank"),
    }


def _rows_chart(alt: Any, result: Mapping[str, Any]) -> Any:  # noqa: ANN401 - altair has no annotations
    """Draw replicates per second against rows, a line for each number of threads."""
    chart = alt.Chart(
        alt.Data(values=_row_points(result)),
        width=_WIDTH,
        height=240,
        title="Replicates a second by rows, exact bootstrap",
    )
    return chart.mark_line(point=True).encode(
        x=alt.X("rows:Q", scale=alt.Scale(type="log", nice=False), title="rows (log scale)"),
        y=alt.Y("speed:Q", scale=alt.Scale(type="log"), title="replicates a second (log scale)"),
        color=alt.Color("threads:N", title="threads", scale=alt.Scale(range=[_ONE_THREAD, _OURS])),
    )


def _row_points(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the exact bootstrap's speed by rows and threads, from the runs with the most replicates."""
    timings = result["timings"]
    most = max((timing["replicates"] for timing in timings if timing["rows"] != result["rows"]), default=0)
    return [
        {"rows": timing["rows"], "threads": timing["threads"], "speed": 1000 / timing["ms"]}
        for timing in timings
        if (timing["program"], timing["what"], timing["replicates"]) == ("equirank iid", _WHAT, most)
    ]
