"""The distribution of an estimate over its replicates, with the bounds of the interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from engine.report.figures.figure import Figure
from engine.report.figures.frame import Frame, KeyEntry, x_axis
from engine.report.figures.style import COLORS, INK, STEPS
from engine.report.figures.vega import end, layer, quantity
from engine.report.figures.words import drawn
from engine.report.model import digits_of

_LEFT, _RIGHT, _HEIGHT = 44, 14, 170
_MOST_BINS = 40


def bootstrap_figure(
    replicates: Sequence[float], estimate: float, bounds: tuple[float, float], *, title: str
) -> Figure:
    """Draw a histogram of the replicates that are defined.

    The Monte-Carlo error told is that of the standard error, which is its size over the root of 2(B-1).
    """
    values = sorted(value for value in replicates if math.isfinite(value))
    n = len(values)
    mean = math.fsum(values) / n
    std_error = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / max(n - 1, 1))
    monte_carlo = std_error / math.sqrt(2 * max(n - 1, 1))
    frame = Frame(
        left=_LEFT,
        right=_RIGHT,
        height=_HEIGHT,
        x_title=f"estimate in {n:,} replicates",
        heading="replicates",
        key=(
            KeyEntry(text="estimate", color=INK, shape="", dash=(1, 0)),
            KeyEntry(text="bounds of the interval", color=COLORS[1], shape="", dash=(5, 3)),
        ),
    )
    digits = digits_of([estimate])
    low, high = (drawn(bound, digits) for bound in bounds)
    alt_text = (
        f"{n:,} replicates around {drawn(mean, digits)}, from {drawn(values[0], digits)} to "
        f"{drawn(values[-1], digits)}. Estimate {drawn(estimate, digits)}, interval {low} to {high}. "
        f"Standard error {drawn(std_error, digits + 1)}, "
        f"Monte-Carlo error of it {drawn(monte_carlo, digits + 2)}."
    )
    chart = _chart(_bins(values), estimate, bounds, frame)
    return Figure(name="bootstrap", title=title, alt_text=alt_text, chart=chart)


def _bins(values: Sequence[float]) -> list[dict[str, float]]:
    """Count sorted values in equal bins, about as many as the root of their number."""
    n_bins = max(1, min(_MOST_BINS, round(math.sqrt(len(values)))))
    low, high = values[0], values[-1]
    width = (high - low) / n_bins or 1.0
    counts = [0] * n_bins
    for value in values:
        counts[min(int((value - low) / width), n_bins - 1)] += 1
    return [
        {"low": low + width * place, "high": low + width * (place + 1), "n": count, "zero": 0}
        for place, count in enumerate(counts)
    ]


def _chart(
    bins: Sequence[dict[str, float]], estimate: float, bounds: tuple[float, float], frame: Frame
) -> dict[str, Any]:
    axis, scale = x_axis(frame, grid=False), {"zero": False}
    sides = {
        "x": quantity("low", scale=scale, axis=axis),
        "x2": end("high"),
        "y": quantity("n", axis={"title": None, "tickCount": 4, "format": ",d"}),
        "y2": end("zero"),
    }
    layers = [layer(bins, "rect", sides, fill=STEPS[3], stroke=INK, strokeWidth=0.5)]
    for value, color, dash in ((estimate, INK, [1, 0]), *((bound, COLORS[1], [5, 3]) for bound in bounds)):
        place = {"x": quantity("value", scale=scale, axis=axis)}
        layers.append(layer([{"value": value}], "rule", place, color=color, strokeWidth=1.6, strokeDash=dash))
    return frame.chart(*layers)
