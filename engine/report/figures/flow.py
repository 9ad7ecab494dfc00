"""The people after each sample rule, and how many each rule leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.report.figures.figure import Figure, StudyFacts
from engine.report.figures.frame import LINE, Frame, pixels, texts
from engine.report.figures.style import COLORS, INK, MARGIN, SMALL, STEPS, WIDTH, wrapped
from engine.report.figures.vega import FROM_ZERO, Layer, end, fixed, layer, quantity
from engine.report.figures.words import MINUS

_BAR = 14


def flow_figure(steps: Sequence[Mapping[str, Any]], facts: StudyFacts) -> Figure:
    """Draw a bar for each rule, its name above, with how many stay and how many are left out."""
    bars, names, numbers, told = [], [], [], []
    top, before = 0.0, steps[0]["n"]
    for step in steps:
        rule = facts.phrase(step["label"])
        lines = wrapped(rule, WIDTH - 2 * MARGIN, SMALL)
        names.append({"text": lines, "y": top})
        top += LINE * len(lines) + 2
        left_out = before - step["n"]
        text = f"{step['n']:,}" + (f"  ({MINUS}{left_out:,})" if left_out else "")
        key = "step_less" if left_out else "step"
        told.append(facts.say(key, rule=rule, n=f"{step['n']:,}", less=f"{left_out:,}"))
        bars.append({"n": step["n"], "before": before, "y": top, "y2": top + _BAR})
        numbers.append({"n": before, "y": top + _BAR / 2, "text": text})
        top += _BAR + 8
        before = step["n"]
    frame = Frame(left=MARGIN + 1, right=MARGIN, height=top)
    chart = frame.chart(*_layers(bars, names, numbers, frame))
    return Figure(name="flow", title=facts.say("flow"), alt_text=facts.listed(told), chart=chart)


def _layers(
    bars: Sequence[Mapping[str, Any]],
    names: Sequence[Mapping[str, Any]],
    numbers: Sequence[Mapping[str, Any]],
    frame: Frame,
) -> tuple[Layer, ...]:
    room = {"domain": [0, 1.55 * max(bars[0]["n"], 1)], "nice": False}  # for the numbers beside the bars
    y = quantity("y", scale=pixels(frame.height), axis=None)
    n = quantity("n", scale=room, axis=None)
    sides = {"x2": end("start"), "y": y, "y2": end("y2")}
    before = {"x": quantity("before", scale=room, axis=None), **sides}
    return (
        layer(bars, "rect", before, FROM_ZERO, fill=STEPS[4], stroke=INK, strokeWidth=0.7),
        layer(bars, "rect", {"x": n, **sides}, FROM_ZERO, fill=COLORS[0], stroke=INK, strokeWidth=0.7),
        texts(names, x=fixed(0), y=y),
        texts(numbers, x=n, y=y, baseline="middle", dx=6),
    )
