"""The picture: the coverage of every statistic, by design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.coverage.designs import DESIGNS
from benchmarks.coverage.stored import Stored

LOWEST = 0.6
KINDS = {
    "linearised": "#1b6ca8",
    "jackknife": "#7aa6c2",
    "bootstrap": "#d98324",
    "bootstrap, percentile": "#9c2f2f",
}


def picture(lines: Sequence[Stored]) -> str:
    """Return the picture as SVG: a row for each design, a circle for each coverage, larger for many."""
    import vl_convert

    points = [*_points(lines)]
    band = {"low": 93, "high": 97}
    y = {
        "field": "design",
        "type": "nominal",
        "sort": [design.title for design in DESIGNS.values()],
        "title": None,
        "axis": {"grid": False, "domain": False, "ticks": False, "labelFontSize": 12},
    }
    x = {
        "field": "coverage",
        "type": "quantitative",
        "title": "samples in which the 95 % interval holds the true value, % (60: 60 or fewer)",
        "scale": {"domain": [100 * LOWEST, 100], "nice": False, "zero": False},
        "axis": {"values": [60, 70, 80, 90, 95, 100], "gridOpacity": 0.5},
    }
    color = {
        "field": "kind",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [*KINDS], "range": [*KINDS.values()]},
        "legend": {"orient": "top", "symbolOpacity": 1},
    }
    chart: dict[str, Any] = {
        "width": 620,
        "height": {"step": 30},
        "config": {"font": "sans-serif", "view": {"stroke": None}},
        "layer": [
            {
                "data": {"values": [band]},
                "mark": {"type": "rect", "color": "#e4ecd9"},
                "encoding": {
                    "x": {**x, "field": "low"},
                    "x2": {"field": "high"},
                },
            },
            {
                "data": {"values": points},
                "mark": {"type": "circle", "opacity": 0.75, "aria": False},
                "encoding": {
                    "x": x,
                    "y": y,
                    "yOffset": {"field": "offset", "type": "quantitative", "scale": {"domain": [0, 1]}},
                    "color": color,
                    "size": {
                        "field": "count",
                        "type": "quantitative",
                        "scale": {"range": [8, 110]},
                        "legend": {"title": "statistics", "orient": "top", "values": [1, 10, 30]},
                    },
                },
            },
        ],
    }
    return str(vl_convert.vegalite_to_svg(chart)) + "\n"


def _points(lines: Sequence[Stored]) -> Iterator[dict[str, Any]]:
    """Yield how many statistics of each sort have a coverage, to half a percentage point."""
    counts = Counter(
        (line.design, _kind(line), round(200 * max(line.coverage, LOWEST)) / 2)
        for line in lines
        if line.defined > 1
    )
    for (design, kind, coverage), count in counts.items():
        place = (0.5 + [*KINDS].index(kind)) / len(KINDS)
        yield {
            "design": DESIGNS[design].title,
            "coverage": coverage,
            "kind": kind,
            "offset": place,
            "count": count,
        }


def _kind(line: Stored) -> str:
    if line.interval in KINDS:
        return line.interval
    kind = line.interval.partition(",")[0]
    return kind if kind in KINDS else "linearised"
