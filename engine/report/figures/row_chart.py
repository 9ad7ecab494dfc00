"""Rows of estimates, one below the other: points with intervals, or bars, beside their names and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.report.figures.frame import LINE, Frame, KeyEntry, pixels, texts, x_axis
from engine.report.figures.style import INK, MARGIN, SMALL, WIDTH, text_width, wrapped
from engine.report.figures.vega import (
    FROM_ZERO,
    WITH_INTERVAL,
    Encoding,
    Layer,
    as_given,
    end,
    fixed,
    layer,
    quantity,
)

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
    """One line: a heading, or a name with marks and a text; one may stand apart from the line above."""

    name: str
    marks: tuple[Mark, ...] = ()
    text: str = ""
    is_heading: bool = False
    is_apart: bool = False


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
    note
        Below the title of the axis.
    """

    lines: tuple[Line, ...]
    x_title: str
    zero: float | None = 0.0
    ticks: tuple[float, ...] | None = None
    bars: bool = False
    key: tuple[KeyEntry, ...] = ()
    note: str = ""

    def chart(self) -> dict[str, Any]:
        """Return the chart as Vega-Lite."""
        left = _left(self.lines)
        right = max([text_width(line.text, SMALL) + 2 * MARGIN + 2 for line in self.lines] + [14.0])
        placed = [*_placed(self.lines, left - 2 * MARGIN - 4)]
        height = placed[-1].bottom
        frame = Frame(
            left=left, right=right, height=height, x_title=self.x_title, key=self.key, note=self.note
        )
        y = quantity("y", scale=pixels(height), axis=None)
        return frame.chart(*self._rules(frame, y), *self._marks(placed, frame, y), *_texts(placed, frame, y))

    def _x(self, frame: Frame, field: str) -> Encoding:
        if self.ticks is None:
            return quantity(field, scale={"zero": self.bars}, axis=x_axis(frame, ticks=4))
        values, low, high = self.ticks, *self._reach()
        domain = [min(low, values[0]), max(high, values[-1])]
        axis = x_axis(frame, values=[*values], format="~g")
        return quantity(field, scale={"type": "log", "nice": False, "domain": domain}, axis=axis)

    def _reach(self) -> tuple[float, float]:
        """Return the smallest and the largest value that is drawn."""
        marks = [mark for line in self.lines for mark in line.marks]
        ends = [mark.low if mark.low is not None else mark.estimate for mark in marks]
        ends += [mark.high if mark.high is not None else mark.estimate for mark in marks]
        return min(ends), max(ends)

    def _rules(self, frame: Frame, y: Encoding) -> Iterator[Layer]:
        if self.zero is not None:
            ends = [{"x": self.zero, "y": 0, "y2": frame.height}]
            place = {"x": self._x(frame, "x"), "y": y, "y2": end("y2")}
            yield layer(ends, "rule", place, strokeWidth=1, color=INK)

    def _marks(self, placed: Sequence[_Placed], frame: Frame, y: Encoding) -> Iterator[Layer]:
        points = [point for one in placed for point in _points(one)]
        estimate, color = self._x(frame, "estimate"), as_given("color")
        ends = {"x": self._x(frame, "low"), "x2": end("high"), "y": y}
        if self.bars:
            top = quantity("top", scale=pixels(frame.height), axis=None)
            sides = {"x": estimate, "x2": end("start"), "y": top, "y2": end("bottom"), "fill": color}
            yield layer(points, "rect", sides, FROM_ZERO, stroke=INK, strokeWidth=0.7)
            yield layer(points, "rule", ends, WITH_INTERVAL, strokeWidth=1.4, color=INK)
        else:
            yield layer(points, "rule", {**ends, "stroke": color}, WITH_INTERVAL, strokeWidth=1.4)
            look = {"shape": as_given("shape"), "fill": as_given("fill"), "stroke": color}
            place = {"x": estimate, "y": y, **look}
            yield layer(points, "point", place, size=38, strokeWidth=1.4, opacity=1)


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
        before = _GAP if (line.is_heading or line.is_apart) and number else 0
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


def _texts(placed: Sequence[_Placed], frame: Frame, y: Encoding) -> Iterator[Layer]:
    names = [{"text": one.name, "y": one.top + 2} for one in placed if not one.line.is_heading]
    heads = [{"text": one.name, "y": one.top + 2} for one in placed if one.line.is_heading]
    told = [{"text": one.line.text, "y": one.middle - LINE / 2 + 0.5} for one in placed if one.line.text]
    yield texts(names, x=fixed(-8), y=y, align="right")
    if heads:
        yield texts(heads, x=fixed(MARGIN - frame.left), y=y, heavy=True)
    if told:
        yield texts(told, x=fixed(frame.width + 8), y=y)
