"""The frame that all charts share: fixed margins, a key above the plot, texts at fixed places.

Nothing is laid out by the renderer: it would measure texts with the fonts of its machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from engine.report.figures.style import HEAVY, INK, MARGIN, NORMAL, SMALL, WIDTH, config, text_width, wrapped

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
    """

    left: float
    right: float
    height: float
    x_title: str = ""
    heading: str = ""
    key: tuple[KeyEntry, ...] = ()

    @property
    def width(self) -> float:
        """Width of the plot."""
        return WIDTH - self.left - self.right

    @property
    def x_title_lines(self) -> list[str]:
        """The title of the horizontal axis, broken into lines."""
        return wrapped(self.x_title, WIDTH - 2 * MARGIN, NORMAL)

    def chart(self, *layers: Any) -> dict[str, Any]:  # noqa: ANN401 - altair has no annotations
        """Return layers within the frame, as Vega-Lite."""
        heading = wrapped(self.heading, WIDTH - 2 * MARGIN, SMALL) if self.heading else []
        placed = [*_placed(self.key)]
        key_height = (placed[-1].line + 1) * (LINE + 2) + 2 if placed else 0
        top = key_height + LINE * len(heading) + (4 if heading else 0)
        drawn = [*layers]
        if placed:
            drawn += _key_layers(placed, x=MARGIN - self.left, y=-top + 6)
        if heading:
            drawn.append(
                texts([{"text": heading}], x=alt.value(MARGIN - self.left), y=alt.value(-top + key_height))
            )
        spec: dict[str, Any] = (
            alt.layer(*drawn).properties(width=self.width, height=self.height).to_dict(validate=False)
        )
        foot = FOOT + LINE * (len(self.x_title_lines) - 1) if self.x_title else 8
        return {
            **spec,
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


def _key_layers(placed: Sequence[_Placed], x: float, y: float) -> Iterator[Any]:
    for one in placed:
        left, middle = x + one.x, y + one.line * (LINE + 2)
        entry, shift = one.entry, 0
        if entry.dash:
            shift = 14
            yield (
                alt.Chart(data([{}]))
                .mark_rule(color=entry.color, strokeWidth=2, strokeDash=[*entry.dash])
                .encode(x=alt.value(left), x2=alt.value(left + 20), y=alt.value(middle), y2=alt.value(middle))
            )
        point = left + (10 if entry.dash else 4)
        if entry.shape:
            yield (
                alt.Chart(data([{}]))
                .mark_point(
                    shape=entry.shape,
                    size=42,
                    fill=entry.color if entry.filled else "transparent",
                    stroke=entry.outline or entry.color,
                    strokeWidth=1,
                    opacity=1,
                )
                .encode(x=alt.value(point), y=alt.value(middle))
            )
        yield texts(
            [{"text": entry.text}],
            x=alt.value(left + shift + 12),
            y=alt.value(middle),
            baseline="middle",
        )


def data(values: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - altair has no annotations
    """Return rows as the data of a chart."""
    return alt.Data(values=[*values])


def texts(
    values: Sequence[Mapping[str, Any]],
    *,
    x: Any,  # noqa: ANN401 - an encoding
    y: Any,  # noqa: ANN401 - an encoding
    align: str = "left",
    baseline: str = "top",
    heavy: bool = False,
    dx: float = 0,
) -> Any:  # noqa: ANN401 - altair has no annotations
    """Return a layer of texts, which stand in the field `text`."""
    mark = alt.Chart(data(values)).mark_text(
        align=align, baseline=baseline, lineHeight=LINE, fill=INK, dx=dx, **(HEAVY if heavy else {})
    )
    return mark.encode(x=x, y=y, text="text:N")


def x_axis(frame: Frame, *, ticks: int = 5, **more: Any) -> Any:  # noqa: ANN401 - an axis
    """Return the horizontal axis of a frame, with numbers that have room."""
    return alt.Axis(title=frame.x_title_lines or None, tickCount=ticks, labelSeparation=6, **more)


def pixels(height: float) -> Any:  # noqa: ANN401 - a scale
    """Return a vertical scale in pixels from the top of the plot."""
    return alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
