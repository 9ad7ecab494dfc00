"""Rows of estimates, one below the other: points with intervals, or bars, beside their names and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from engine.report.figures.frame import LINE, Frame, KeyEntry, data, pixels, texts, x_axis
from engine.report.figures.style import INK, MARGIN, SMALL, WIDTH, text_width, wrapped

_MOST_LEFT = 124  # for names beside the plot
_GAP = 6  # above a heading
_SHIFT = 3  # of marks that share a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One estimate: where it lies and how it looks."""

    estimate: float
    low: float | None
    high: float | None
    color: str
    shape: str = "circle"
    filled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the chart: a heading, or a name with marks and a text on the right."""

    name: str
    marks: tuple[Mark, ...] = ()
    text: str = ""
    is_heading: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChart:
    """Lines under each other with a common horizontal axis.

    Attributes
    ----------
    lines
        From the top.
    x_title
        What the axis measures.
    zero
        Where the rule of no difference stands; None for none.
    ticks
        The values of a logarithmic axis; None for a linear one.
    bars
        Draw bars from zero instead of points.
    key
        What colours and shapes stand for.
    """

    lines: tuple[Line, ...]
    x_title: str
    zero: float | None = 0.0
    ticks: tuple[float, ...] | None = None
    bars: bool = False
    key: tuple[KeyEntry, ...] = ()

    def chart(self) -> dict[str, Any]:
        """Return the chart as Vega-Lite."""
        left = _left(self.lines)
        right = max([text_width(line.text, SMALL) + 2 * MARGIN + 2 for line in self.lines] + [14.0])
        placed = [*_placed(self.lines, left - 2 * MARGIN - 4)]
        height = placed[-1].bottom
        frame = Frame(left=left, right=right, height=height, x_title=self.x_title, key=self.key)
        y = alt.Y("y:Q", scale=pixels(height), axis=None)
        return frame.chart(*self._rules(frame, y), *self._marks(placed, frame, y), *_texts(placed, frame, y))

    def _x(self, frame: Frame, field: str) -> Any:  # noqa: ANN401 - an encoding
        if self.ticks is None:
            return alt.X(f"{field}:Q", scale=alt.Scale(zero=self.bars), axis=x_axis(frame, ticks=4))
        values, low, high = self.ticks, *self._reach()
        scale = alt.Scale(type="log", nice=False, domain=[min(low, values[0]), max(high, values[-1])])
        return alt.X(f"{field}:Q", scale=scale, axis=x_axis(frame, values=[*values], format="~g"))

    def _reach(self) -> tuple[float, float]:
        """Return the smallest and the largest value that is drawn."""
        marks = [mark for line in self.lines for mark in line.marks]
        ends = [mark.low if mark.low is not None else mark.estimate for mark in marks]
        ends += [mark.high if mark.high is not None else mark.estimate for mark in marks]
        return min(ends), max(ends)

    def _rules(self, frame: Frame, y: Any) -> Iterator[Any]:  # noqa: ANN401 - layers
        if self.zero is not None:
            ends = [{"x": self.zero, "y": 0, "y2": frame.height}]
            rule = alt.Chart(data(ends)).mark_rule(strokeWidth=1, color=INK)
            yield rule.encode(x=self._x(frame, "x"), y=y, y2="y2:Q")

    def _marks(self, placed: Sequence[_Placed], frame: Frame, y: Any) -> Iterator[Any]:  # noqa: ANN401
        values = [point for one in placed for point in _points(one)]
        base = alt.Chart(data(values))
        if self.bars:
            size = alt.Y("top:Q", scale=pixels(frame.height), axis=None)
            bars = base.mark_rect(stroke=INK, strokeWidth=0.7).transform_calculate(start="0")
            yield bars.encode(
                x=self._x(frame, "estimate"),
                x2="start:Q",
                y=size,
                y2="bottom:Q",
                fill=alt.Fill("color:N", scale=None),
            )
        has_interval = base.transform_filter("isValid(datum.low)")
        color = INK if self.bars else None
        interval = has_interval.mark_rule(strokeWidth=1.4, **({"color": color} if color else {}))
        encodings = {"x": self._x(frame, "low"), "x2": "high:Q", "y": y}
        if color is None:
            encodings["stroke"] = alt.Stroke("color:N", scale=None)
        yield interval.encode(**encodings)
        if not self.bars:
            points = base.mark_point(size=38, strokeWidth=1.4, opacity=1)
            yield points.encode(
                x=self._x(frame, "estimate"),
                y=y,
                shape=alt.Shape("shape:N", scale=None),
                fill=alt.Fill("fill:N", scale=None),
                stroke=alt.Stroke("color:N", scale=None),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    line: Line
    name: list[str]
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def _left(lines: Sequence[Line]) -> float:
    """Return the room for names: as much as they need, up to a limit beyond which they are broken."""
    widest = max((text_width(line.name, SMALL) for line in lines if not line.is_heading), default=0.0)
    return min(widest, _MOST_LEFT) + 2 * MARGIN + 8


def _placed(lines: Sequence[Line], width: float) -> Iterator[_Placed]:
    top = 0.0
    for number, line in enumerate(lines):
        name = wrapped(line.name, WIDTH - 2 * MARGIN if line.is_heading else width, SMALL)
        before = _GAP if line.is_heading and number else 0
        bottom = top + before + LINE * len(name) + 3
        yield _Placed(line=line, name=name, top=top + before, bottom=bottom)
        top = bottom


def _points(one: _Placed) -> Iterator[Mapping[str, Any]]:
    marks = one.line.marks
    for place, mark in enumerate(marks):
        y = one.middle + (place - (len(marks) - 1) / 2) * 2 * _SHIFT
        yield {
            "estimate": mark.estimate,
            "low": mark.low,
            "high": mark.high,
            "color": mark.color,
            "fill": mark.color if mark.filled else "transparent",
            "shape": mark.shape,
            "y": y,
            "top": one.top + 3,
            "bottom": one.bottom - 3,
        }


def _texts(placed: Sequence[_Placed], frame: Frame, y: Any) -> Iterator[Any]:  # noqa: ANN401 - layers
    names = [{"text": one.name, "y": one.top + 2} for one in placed if not one.line.is_heading]
    heads = [{"text": one.name, "y": one.top + 2} for one in placed if one.line.is_heading]
    told = [{"text": one.line.text, "y": one.middle - LINE / 2 + 0.5} for one in placed if one.line.text]
    yield texts(names, x=alt.value(-8), y=y, align="right")
    if heads:
        yield texts(heads, x=alt.value(MARGIN - frame.left), y=y, heavy=True)
    if told:
        yield texts(told, x=alt.value(frame.width + 8), y=y)
