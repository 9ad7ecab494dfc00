"""Pictures of a run: who is in the sample, clusters' effects, concentration curves. Altair draws them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.store.run_directory import StoredRun

Row = Mapping[str, Any]
_BLUE, _GREY = "#1b6ca8", "#b9b9b9"
_WIDTH = 520


def write_pictures(run: StoredRun, folder: Path) -> tuple[Path, ...]:
    """Write flow.svg, and a picture for each curve and each level whose clusters' effects were asked for.

    Raises
    ------
    UsageError
        If altair and vl-convert are not installed, or the folder cannot be written.
    """
    alt = altair()
    simulated = "SIMULATED: nobody in these records is real" if run.manifest["simulated"] else ""
    rows = run.results.to_dicts()
    charts = [("flow", _flow(alt, run.manifest["sample_flow"]))]
    charts += [*_caterpillars(alt, rows), *_curves(alt, rows)]
    with written_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, chart in charts:
            path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.svg"
            titled = chart.properties(
                title=alt.Title(chart.title, subtitle=simulated) if simulated else chart.title
            )
            titled.save(path)
            written.append(path)
    return tuple(written)


def altair() -> Any:  # noqa: ANN401 - the module
    """Return altair, with what it saves pictures through.

    Raises
    ------
    UsageError
        If they are not installed.
    """
    try:
        import altair as alt
        import vl_convert  # noqa: F401 - altair saves pictures through it
    except ImportError:
        raise UsageError(
            "--plots: altair is not installed; expected it. pip install 'equirank[plots]'"
        ) from None
    return alt


@contextmanager
def written_to(place: Path) -> Iterator[None]:
    """Turn a failure to write pictures into a UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"--plots {place}: cannot be written ({type(error).__name__}); expected a folder you may write to."
        ) from None


def _data(alt: Any, values: Sequence[Row]) -> Any:  # noqa: ANN401 - altair's data has no annotations
    return alt.Data(values=[dict(row) for row in values])


def _flow(alt: Any, steps: Sequence[Row]) -> Any:  # noqa: ANN401 - a chart
    """The sample after each rule, as bars with how many each rule leaves out."""
    values = []
    for place, step in enumerate(steps):
        lost = steps[place - 1]["n"] - step["n"] if place else 0
        values.append(
            {
                "label": step["label"],
                "n": step["n"],
                "told": f"{step['n']:,}" + (f"  (-{lost:,})" if lost else ""),
            }
        )
    order = [step["label"] for step in steps]
    y = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=320))
    data = _data(alt, values)
    bars = (
        alt.Chart(data, width=_WIDTH)
        .mark_bar(color=_BLUE)
        .encode(
            x=alt.X("n:Q", title="people", scale=alt.Scale(domain=[0, 1.15 * steps[0]["n"]], nice=False)), y=y
        )
    )
    texts = alt.Chart(data).mark_text(align="left", dx=4).encode(x="n:Q", y=y, text="told:N")
    return (bars + texts).properties(title="Sample: people after each rule, and those it leaves out")


def _caterpillars(alt: Any, rows: Sequence[Row]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Each cluster's effect with its interval, the smallest first; which cluster it is is not told."""
    modes = [row for row in rows if row["measure"] == "conditional_mode"]
    for key in dict.fromkeys((row["analysis"], row["wave"], row["subgroup"], row["term"]) for row in modes):
        own = [row for row in modes if (row["analysis"], row["wave"], row["subgroup"], row["term"]) == key]
        data = _data(
            alt,
            [
                {
                    "place": int(row["level"]),
                    "effect": row["estimate"],
                    "low": row["conf_low"],
                    "high": row["conf_high"],
                    "clear": row["conf_low"] > 0 or row["conf_high"] < 0,
                }
                for row in own
            ],
        )
        x = alt.X("place:Q", title=f"{key[3]}, from the smallest effect", scale=alt.Scale(nice=False))
        color = alt.Color(
            "clear:N", title="interval without 0", scale=alt.Scale(domain=[True, False], range=[_BLUE, _GREY])
        )
        lines = (
            alt.Chart(data, width=_WIDTH, height=260)
            .mark_rule()
            .encode(x=x, y=alt.Y("low:Q", title="effect on the log odds"), y2="high:Q", color=color)
        )
        points = alt.Chart(data).mark_circle(size=12, color="black").encode(x=x, y="effect:Q")
        zero = alt.Chart(_data(alt, [{"zero": 0}])).mark_rule(strokeDash=[4, 4]).encode(y="zero:Q")
        name = "-".join(str(part) for part in key if part)
        yield f"effects-{name}", (lines + points + zero).properties(title=f"Effects of {key[3]}, {key[0]}")


def _curves(alt: Any, rows: Sequence[Row]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Concentration curves with their simultaneous bands, groups in one picture."""
    points = [
        row
        for row in rows
        if row["measure"] == "concentration_curve" and "simultaneous" in str(row["method"])
    ]
    for analysis, outcome in dict.fromkeys((row["analysis"], row["outcome"]) for row in points):
        data = _data(
            alt,
            [
                {
                    "people": float(row["level"]),
                    "share": row["estimate"],
                    "low": row["conf_low"],
                    "high": row["conf_high"],
                    "group": " ".join(part for part in (row["wave"], row["subgroup"]) if part) or "all",
                }
                for row in points
                if (row["analysis"], row["outcome"]) == (analysis, outcome)
            ],
        )
        x = alt.X("people:Q", title="share of people, from the lowest rank", scale=alt.Scale(domain=[0, 1]))
        y = alt.Y("share:Q", title=f"share of {outcome}", scale=alt.Scale(domain=[0, 1]))
        chart = alt.Chart(data, width=_WIDTH * 0.7, height=_WIDTH * 0.7)
        band = chart.mark_area(opacity=0.25).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color="group:N")
        line = chart.mark_line().encode(x=x, y=y, color=alt.Color("group:N", title=None))
        equal = alt.Chart(_data(alt, [{"a": 0, "b": 0}, {"a": 1, "b": 1}])).mark_line(
            strokeDash=[4, 4], color="black"
        )
        yield (
            f"curve-{analysis}-{outcome}",
            (band + line + equal.encode(x="a:Q", y="b:Q")).properties(
                title=f"Concentration curve of {outcome} by {points[0]['rank_by']}"
            ),
        )
