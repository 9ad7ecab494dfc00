"""Draw the picture of the front page from a run of the study `cmds`.

    equirank run cmds --out cmds-run
    python docs/pictures/make.py cmds-run docs/pictures/cmds-curves.svg

Each panel shows one wave: the concentration curve less the line of equality, with its simultaneous 95 % band.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

BLUE, GREY = "#0072B2", "#555555"
ANALYSES = {"curve": "income-curve", "index": "income-inequality"}


def curves(rows: pl.DataFrame) -> pl.DataFrame:
    """Return wave, people (per cent), share (per cent), and gap, low, high in percentage points."""
    people = 100.0 * pl.col("level").cast(pl.Float64)
    kept = rows.filter(
        pl.col("analysis") == ANALYSES["curve"],
        pl.col("measure") == "concentration_curve",
        pl.col("method").str.contains("simultaneous"),
    )
    return kept.select(
        "wave",
        people=people,
        share=100.0 * pl.col("estimate"),
        gap=100.0 * pl.col("estimate") - people,
        low=100.0 * pl.col("conf_low") - people,
        high=100.0 * pl.col("conf_high") - people,
    )


def index_of(rows: pl.DataFrame, wave: str) -> list[str]:
    """Return the standard index of a wave with its interval from replicates, as two lines of text."""
    row = rows.filter(
        pl.col("analysis") == ANALYSES["index"],
        pl.col("measure") == "standard",
        pl.col("wave") == wave,
        pl.col("method") != "linearised",
    ).row(0, named=True)
    estimate, low, high = (
        f"{row[name]:.3f}".replace("-", "\u2212") for name in ("estimate", "conf_low", "conf_high")
    )
    return [f"concentration index {estimate}", f"95 % interval {low} to {high}"]


def panel(points: pl.DataFrame, wave: str, index: list[str], *, first: bool) -> alt.LayerChart:
    """Draw one wave."""
    own = points.filter(pl.col("wave") == wave)
    half = own.filter(pl.col("people") == 50.0).row(0, named=True)
    percent = "datum.value + ' %'"
    x = alt.X(
        "people:Q",
        title="migrants, poorest first",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(values=[0, 50, 100], labelExpr=percent, grid=False, labelFlush=True),
    )
    plus = "datum.value == 0 ? '0' : '+' + datum.value"
    axis = alt.Axis(values=[0, 1, 2], labelExpr=plus, labels=first, ticks=first, domain=first)
    title = "points above an equal share" if first else None
    y = alt.Y("gap:Q", title=title, scale=alt.Scale(domain=[-0.25, 3.5], nice=False), axis=axis)
    base = alt.Chart(alt.Data(values=own.to_dicts()), width=182, height=220)
    band = base.mark_area(opacity=0.22, color=BLUE).encode(
        x=x, y=alt.Y("low:Q", title=title, axis=axis), y2="high:Q"
    )
    line = base.mark_line(color=BLUE, strokeWidth=2.5).encode(x=x, y=y)
    equal = alt.Chart(alt.Data(values=[{"gap": 0}])).mark_rule(color="black", strokeDash=[4, 3]).encode(y=y)
    named = alt.Chart(alt.Data(values=[{"people": 50, "gap": 0, "text": "equal shares"}]))
    named = named.mark_text(dy=-7, fontSize=11, color=GREY).encode(x=x, y=y, text="text:N")
    text = ["The poorer half has", f"{half['share']:.1f} % of the records"]
    spot = alt.Chart(alt.Data(values=[{**half, "top": 2.78, "text": text}]))
    dot = spot.mark_circle(size=70, color=BLUE, opacity=1).encode(x=x, y=y)
    lead = spot.mark_rule(color=GREY).encode(x=x, y=y, y2="top:Q")
    note = spot.mark_text(fontSize=12, dy=-22, lineHeight=15, color="black").encode(
        x=x, y="top:Q", text="text:N"
    )
    heading: Any = alt.Title(
        wave, subtitle=index, fontSize=14, subtitleFontSize=11, anchor="middle", frame="group"
    )
    return alt.layer(band, equal, named, line, lead, dot, note).properties(title=heading)


def draw(run: Path, target: Path) -> None:
    """Write the picture of a run directory."""
    rows = pl.read_parquet(run / "results.parquet")
    points = curves(rows)
    waves = points["wave"].unique(maintain_order=True).to_list()
    panels = [panel(points, wave, index_of(rows, wave), first=place == 0) for place, wave in enumerate(waves)]
    title = alt.Title(
        "Who has a health record? Migrants in China by household income",
        subtitle="SIMULATED DATA: nobody in these records is real. Bands: 95 %, simultaneous.",
        fontSize=16,
        subtitleFontSize=12,
        anchor="middle",
        offset=12,
    )
    chart = alt.hconcat(*panels, spacing=22, background="white").properties(title=title, padding=12)
    chart = chart.configure(font="Arial, Helvetica, sans-serif").configure_view(stroke="#cccccc")
    chart.configure_axis(titleFontWeight="normal", titleFontSize=12, labelFontSize=11).save(target)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
