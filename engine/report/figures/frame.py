"""The frame that all charts share: fixed margins, a key above the plot, texts at fixed places.

Nothing is laid out by the renderer: it would measure texts with the fonts of its machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.report.figures.style import HEAVY, INK, MARGIN, NORMAL, SMALL, WIDTH, config, text_width, wrapped
from engine.report.figures.vega import Encoding, Layer, fixed, layer

LINE = 12  # height of a line of text
FOOT = 36  # axis numbers and title below the plot


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """What a colour, shape and dash stand for; an empty shape is none."""

    text: str
    color: str
    shape: str = "circle"
    dash: Sequence[int] | None = None
    outline: str | None = None
    filled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The size of a plot and of what stands around it.

    Attributes
    ----------
    left, right
        Room for texts beside the plot.
    height
        Of the plot.
    x_title
        Below the plot.
    heading
        Above the plot, below the key: what the vertical axis measures.
    key
        What colours and shapes stand for.
    note
        Below the title of the horizontal axis.
    """

    left: float
    right: float
    height: float
    x_title: str = ""
    heading: str = ""
    key: tuple[KeyEntry, ...] = ()
    note: str = ""

    @property
    def width(self) -> float:
        """Width of the plot."""
        return WIDTH - self.left - self.right

    @property
    def x_title_lines(self) -> list[str]:
        """The title of the horizontal axis and the note, broken into lines."""
        texts_below = [text for text in (self.x_title, self.note) if text]
        return [line for text in texts_below for line in wrapped(text, WIDTH - 2 * MARGIN, NORMAL)]

    def chart(self, *layers: Layer) -> dict[str, Any]:
        """Return layers within the frame, as Vega-Lite."""
        heading = wrapped(self.heading, WIDTH - 2 * MARGIN, SMALL) if self.heading else []
        placed = [*_placed(self.key)]
        key_height = (placed[-1].line + 1) * (LINE + 2) + 2 if placed else 0
        top = key_height + LINE * len(heading) + (4 if heading else 0)
        drawn = [*layers]
        if placed:
            drawn += _key_layers(placed, x=MARGIN - self.left, y=-top + 6)
        if heading:
            x, y = fixed(MARGIN - self.left), fixed(-top + key_height)
            drawn.append(texts([{"text": heading}], x=x, y=y))
        foot = FOOT + LINE * (len(self.x_title_lines) - 1) if self.x_title else 8
        return {
            "layer": drawn,
            "width": self.width,
            "height": self.height,
            "config": config(),
            "autosize": {"type": "none"},
            "padding": {
                "left": self.left,
                "right": self.right,
                "top": top + MARGIN + 4,
                "bottom": foot,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    entry: KeyEntry
    x: float
    line: int


def _placed(key: Sequence[KeyEntry]) -> Iterator[_Placed]:
    """Yield the entries of a key side by side, in as many lines as they need."""
    x, line = 0.0, 0
    for entry in key:
        mark = 26 if entry.dash else 12
        width = mark + text_width(entry.text, SMALL) + 8
        if x and x + width > WIDTH - 2 * MARGIN:
            x, line = 0.0, line + 1
        yield _Placed(entry=entry, x=x, line=line)
        x += width


def _key_layers(placed: Sequence[_Placed], x: float, y: float) -> Iterator[Layer]:
    for one in placed:
        left, middle = x + one.x, fixed(y + one.line * (LINE + 2))
        entry, shift = one.entry, 0
        if entry.dash:
            shift = 14
            ends = {"x": fixed(left), "x2": fixed(left + 20), "y": middle, "y2": middle}
            yield layer([{}], "rule", ends, color=entry.color, strokeWidth=2, strokeDash=[*entry.dash])
        if entry.shape:
            yield layer(
                [{}],
                "point",
                {"x": fixed(left + (10 if entry.dash else 4)), "y": middle},
                shape=entry.shape,
                size=42,
                fill=entry.color if entry.filled else "transparent",
                stroke=entry.outline or entry.color,
                strokeWidth=1,
                opacity=1,
            )
        yield texts([{"text": entry.text}], x=fixed(left + shift + 12), y=middle, baseline="middle")


def texts(
    values: Sequence[Mapping[str, Any]],
    *,
    x: Encoding,
    y: Encoding,
    align: str = "left",
    baseline: str = "top",
    heavy: bool = False,
    dx: float = 0,
) -> Layer:
    """Return a layer of texts, which stand in the field `text`."""
    look: dict[str, Any] = {"align": align, "baseline": baseline, "lineHeight": LINE, "fill": INK, "dx": dx}
    encoding = {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}}
    return layer(values, "text", encoding, **(look | HEAVY if heavy else look))


def x_axis(frame: Frame, *, ticks: int = 5, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - settings
    """Return the horizontal axis of a frame, with numbers that have room."""
    return {"title": frame.x_title_lines or None, "tickCount": ticks, "labelSeparation": 6, **more}


def pixels(height: float) -> dict[str, Any]:
    """Return a vertical scale in pixels from the top of the plot."""
    return {"domain": [0, height], "range": [0, height], "nice": False, "zero": False}
