"""How all figures look: one column of a journal wide, colours that differ in lightness, texts that fit.

Widths of texts are those of DejaVu Sans, the widest of the fonts that `sans-serif` stands for, so that no
text is cut where another font is used than here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

WIDTH = 321  # pixels: 85 mm at 96 an inch
MARGIN = 4
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"  # the first one is inside vl-convert
SMALL, NORMAL, LARGE = 9.5, 10, 11.5  # 7.1, 7.5 and 8.6 points

INK, MUTED, GRID, PALE, PAGE = "#1a1a1a", "#595959", "#dcdcdc", "#8a8a8a", "#ffffff"
BEHIND = "#a4abb6"  # intervals that lie behind many points
COLORS = ("#0b3c7d", "#b8431c", "#37a07a", "#7a4fa3", "#8c6d00", "#6b7280")
STEPS = ("#08264f", "#2c5f9e", "#7fa9d6", "#bcd3ec", "#fdfdfe")  # from the lowest rank on, with an outline
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down")
DASHES = ((1, 0), (6, 3), (2, 2), (8, 2, 2, 2), (4, 1), (1, 3))
MOST_SERIES = len(COLORS)

HEAVY = {"stroke": INK, "strokeWidth": 0.4}
"""Bold print from the same font: of several fonts the bytes of a PDF would not always be the same."""

DARK = {
    INK: "#ececec",
    MUTED: "#b9bec6",
    GRID: "#3b414a",
    PALE: "#8d949e",
    BEHIND: "#525a66",
    COLORS[0]: "#9cc4ff",
    COLORS[1]: "#ff9f73",
    COLORS[2]: "#4fcf9c",
    COLORS[3]: "#cfa8f5",
    COLORS[4]: "#e3c34f",
    COLORS[5]: "#aab2bd",
    STEPS[0]: "#f2f7fd",
    STEPS[1]: "#a9c9ee",
    STEPS[2]: "#5b8fc9",
    STEPS[3]: "#2a5288",
    STEPS[4]: "#12233c",
}
"""The colour that stands for each one on a dark page."""

_NARROW = frozenset("iljt.,:;|!'()[] ")


def text_width(text: str, size: float) -> float:
    """Return how wide a text may be, in pixels.

    Examples
    --------
    >>> text_width("ill", 10) < text_width("sum", 10) < text_width("健康x", 10)
    True
    """
    return size * sum(_char_width(char) for char in text)


def _char_width(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    if char in _NARROW:
        return 0.38
    return 0.7 if char.isupper() or char in "%mw−+–" else 0.62


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Break a text into lines that are no wider than `width`; East Asian text breaks anywhere.

    Examples
    --------
    >>> wrapped("Monthly household income", 90, 10)
    ['Monthly', 'household', 'income']
    >>> wrapped("share of 50 %", 60, 10)
    ['share of', '50 %']
    """
    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and text_width((lines[-1] + piece).rstrip(), size) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]


def _pieces(text: str) -> list[str]:
    """Return the parts between which a line may break."""
    pieces = [""]
    for place, char in enumerate(text):
        wide = unicodedata.east_asian_width(char) in "WF"
        may_break = char == " " and text[place + 1 : place + 2] != "%"  # a per cent sign stays at its number
        if wide or may_break:
            pieces.append("")
        pieces[-1] += char
        if wide or char in "-/":
            pieces.append("")
    return [piece for piece in pieces if piece]


def config() -> Mapping[str, Any]:
    """Return the settings that all charts share."""
    axis = {
        "labelColor": MUTED,
        "titleColor": INK,
        "labelFontSize": SMALL,
        "titleFontSize": NORMAL,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": PALE,
        "tickColor": PALE,
        "labelOverlap": "greedy",
        "labelFlush": False,
        "labelLimit": 400,
        "titlePadding": 6,
        "translate": 0,
    }
    return {
        "font": FONT,
        "aria": False,
        "view": {"stroke": None},
        "axis": axis,
        "text": {"fontSize": SMALL, "fill": INK, "limit": 0},
        "rule": {"stroke": INK},
        "title": {"anchor": "start", "frame": "group", "color": INK, "limit": 0},
    }
