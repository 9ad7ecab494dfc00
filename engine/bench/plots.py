"""Pictures of a benchmark: throughput against rows, and ours against the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import UsageError


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
            "--plots: altair is not installed; expected it. pip install 'equirank[benchmark]'"
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    peers = _peers(result)
    order = [row["program"] for row in peers]
    bars = (
        alt.Chart(
            _data(alt, peers), width=520, title=_title(result, "Replicates a second, one weighted index")
        )
        .mark_bar()
        .encode(
            x=alt.X(
                "speed:Q", scale=alt.Scale(type="log", domainMin=1), title="replicates a second (log scale)"
            ),
            x2=alt.datum(1),
            y=alt.Y("program:N", sort=order, title=None, axis=alt.Axis(labelLimit=300)),
            color=alt.Color(
                "ours:N", legend=None, scale=alt.Scale(domain=[True, False], range=["#1b6ca8", "#b9b9b9"])
            ),
        )
    )
    texts = (
        alt.Chart(_data(alt, peers))
        .mark_text(align="left", dx=4)
        .encode(x="speed:Q", y=alt.Y("program:N", sort=order), text="label:N")
    )
    rows = (
        alt.Chart(
            _data(alt, _rows(result)),
            width=520,
            height=240,
            title="Replicates a second by rows, exact bootstrap",
        )
        .mark_line(point=True)
        .encode(
            x=alt.X("rows:Q", scale=alt.Scale(type="log", nice=False), title="rows (log scale)"),
            y=alt.Y("speed:Q", scale=alt.Scale(type="log"), title="replicates a second (log scale)"),
            color=alt.Color("threads:N", title="threads", scale=alt.Scale(range=["#8fb8d4", "#1b6ca8"])),
        )
    )
    written = (folder / "peers.svg", folder / "rows.svg")
    (bars + texts).save(written[0])
    rows.save(written[1])
    return written


def _data(alt: Any, values: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - altair's data has no annotations
    return alt.Data(values=values)


def _peers(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Take each program's fastest time for one index, the slowest program first."""
    best: dict[str, dict[str, Any]] = {}
    for timing in result["timings"]:
        if timing["what"] != "index, weighted" or timing["rows"] != result["rows"]:
            continue
        name = timing["program"]
        if name not in best or timing["ms"] < best[name]["ms"]:
            best[name] = timing
    lines = sorted(best.values(), key=lambda timing: -float(timing["ms"]))
    return [
        {
            "program": f"{line['program']} ({line['threads']} thread{'s' if line['threads'] > 1 else ''})",
            "speed": 1000 / line["ms"],
            "label": f"{1000 / line['ms']:,.0f}" if line["ms"] < 100 else f"{1000 / line['ms']:.1f}",
            "ours": line["program"].startswith("equirank"),
        }
        for line in lines
    ]


def _rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    most = max(
        (timing["replicates"] for timing in result["timings"] if timing["rows"] != result["rows"]), default=0
    )
    return [
        {"rows": timing["rows"], "threads": timing["threads"], "speed": 1000 / timing["ms"]}
        for timing in result["timings"]
        if timing["program"] == "equirank iid"
        and timing["what"] == "index, weighted"
        and timing["replicates"] == most
    ]


def _title(result: Mapping[str, Any], text: str) -> str:
    machine = result["machine"]
    return f"{text}: {result['rows']:,} rows, {machine['cores']} cores, {machine['vector_bits']}-bit vectors"
