"""Figures -> SVG, PNG and PDF. The same figure gives the same bytes on every machine.

A figure is drawn once, as an SVG for a page: the page's `STYLE` turns its colours where the reader prefers
dark pages. A file is the same drawing on a white plate, with its title above.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.memory_limits import refuse_to_draw
from engine.report.figures.figure import Figure
from engine.report.figures.style import (
    COLORS,
    DARK,
    FONT,
    HEAVY,
    INK,
    LARGE,
    MARGIN,
    NORMAL,
    PAGE,
    WIDTH,
    wrapped,
)
from engine.report.figures.vega import fixed, layer

DRAWN_BY = "vl_convert"
VEGA_LITE = "6.4"
PIXELS = 4  # of a PNG for each one of the figure: 384 an inch
_TITLE, _MARK = 14, 17  # heights of lines
_ASCENT = 0.79  # of a letter's size, as Vega has it
_BOLD = {
    "font-family": FONT,
    "font-size": f"{LARGE}px",
    "fill": INK,
    "stroke": HEAVY["stroke"],
    "stroke-width": HEAVY["strokeWidth"],
}
_SIZE = re.compile(r'width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)" viewBox="[^"]*"')

STYLE = (
    "svg.figure{display:block;width:26rem;max-width:100%;height:auto}\n"
    "@media screen and (prefers-color-scheme:dark){\n"
    + "".join(
        f'svg.figure [{how}="{light}"]{{{how}:{dark}}}\n'
        for light, dark in DARK.items()
        for how in ("fill", "stroke")
    )
    + "}\n"
)
"""What a page with figures needs in its style sheet."""

# The writer of PDF puts the names of resources down in any order.
_RESOURCES = re.compile(rb"(/(?:Font|XObject|ExtGState|Pattern|Shading) <<\n)((?: +/\S+ [^\n<>]*\n)+)")
# Vega names every group of marks for screen readers; the figure as a whole has one name instead.
_ROLES = re.compile(r' (?:role="graphics-[a-z]+"|aria-roledescription="[^"]*"|aria-hidden="true")')
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_CJK_FONTS = re.compile(
    r"(Noto(Sans|Serif)(CJK|SC|TC|JP|KR)|SourceHan|wqy-|DroidSansFallback|msyh|simsun|PingFang|ArialUni)",
    re.IGNORECASE,
)
_CJK_FAMILIES = (
    "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, Noto Serif CJK SC, WenQuanYi Micro Hei, "
    "WenQuanYi Zen Hei, Droid Sans Fallback, Microsoft YaHei, SimSun, PingFang SC, Arial Unicode MS"
)
_FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)


def needs_cjk_font(figure: Figure) -> bool:
    """Whether a figure holds Chinese, Japanese or Korean text."""
    return _CJK.search(f"{figure.title}{figure.mark}{figure.chart}") is not None


def register_cjk_fonts() -> bool:
    """Give the renderer the first folder of such fonts on this machine; False if there is none."""
    for root in _FONT_FOLDERS:
        for path in sorted(Path(root).expanduser().rglob("*.[to]t[cf]")):
            if _CJK_FONTS.search(path.name):
                _vl_convert().register_font_directory(str(path.parent))
                return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnFigure:
    """A figure that has been drawn.

    Attributes
    ----------
    figure
        What is drawn.
    in_page
        As an SVG for a page that has `STYLE` and tells the title itself.
    """

    figure: Figure
    in_page: str

    def svg(self) -> str:
        """Return an SVG file with the title, on white."""
        return _on_plate(self.in_page, self.figure)

    def png(self) -> bytes:
        """Return a PNG with the title."""
        return bytes(_vl_convert().svg_to_png(in_one_font(self.svg()), scale=PIXELS))

    def pdf(self) -> bytes:
        """Return a PDF with the title."""
        pdf = bytes(_vl_convert().svg_to_pdf(in_one_font(self.svg())))
        return _RESOURCES.sub(
            lambda found: found[1] + b"".join(sorted(found[2].splitlines(keepends=True))), pdf
        )


def draw(figure: Figure) -> DrawnFigure:
    """Draw a figure.

    Raises
    ------
    UsageError
        If vl-convert is not installed.
    """
    return drawing_of(figure, svg_of(marked_chart(figure)))


def svg_of(chart: dict[str, Any]) -> str:
    """Return the drawing of a chart.

    Raises
    ------
    UsageError
        If vl-convert is not installed.
    """
    return str(_vl_convert().vegalite_to_svg(chart, vl_version=VEGA_LITE))


def drawing_of(figure: Figure, svg: str) -> DrawnFigure:
    """Return a figure with the drawing of its chart."""
    return DrawnFigure(figure=figure, in_page=_named(svg, figure))


def _vl_convert() -> Any:  # noqa: ANN401 - the module has no annotations
    refuse_to_draw()
    try:
        import vl_convert
    except ImportError:
        raise UsageError(
            "figures: vl-convert is not installed; expected it with equirank. "
            "pip install 'vl-convert-python<2'"
        ) from None
    return vl_convert


def marked_chart(figure: Figure) -> dict[str, Any]:
    """Return the chart of a figure, with a line above it where its people are invented."""
    chart = {**figure.chart, "background": None}
    if not figure.mark:
        return chart
    before = figure.chart["padding"]
    top = before["top"] + _MARK
    place = {"x": fixed(MARGIN - before["left"]), "y": fixed(MARGIN - top)}
    look: dict[str, Any] = {"align": "left", "baseline": "top", "fontSize": NORMAL, "fill": COLORS[1]}
    line = layer([{}], "text", place, text=figure.mark, **look)
    return {**chart, "layer": [*figure.chart["layer"], line], "padding": {**before, "top": top}}


def _on_plate(svg: str, figure: Figure) -> str:
    """Return a drawing with its title above, on a white plate."""
    lines = wrapped(figure.title, 0.92 * (WIDTH - 2 * MARGIN), LARGE)
    title = _TITLE * len(lines) + (0 if figure.mark else 4)
    found = _SIZE.search(svg)
    if found is None:  # of another version of vl-convert
        raise ValueError("the drawing has no size")
    width, height = found["width"], float(found["height"]) + title
    size = f'width="{width}" height="{height:g}" viewBox="0 0 {width} {height:g}"'
    start, rest = f"{svg[: found.start()]}{size}{svg[found.end() :]}".split("</desc>", 1)
    body = rest.removesuffix("</svg>")
    texts = "".join(_title_line(line, MARGIN + _TITLE * place) for place, line in enumerate(lines))
    plate = f'<rect width="{width}" height="{height:g}" fill="{PAGE}"/>'
    return f'{start}</desc>{plate}{texts}<g transform="translate(0,{title})">{body}</g></svg>'


def _title_line(text: str, top: float) -> str:
    """Return a line of the title in bold print."""
    look = "".join(f' {name}="{value}"' for name, value in _BOLD.items())
    place = f'x="{MARGIN}" y="{top + _ASCENT * LARGE:g}"'
    return f'<text {place} xml:space="preserve"{look}>{html.escape(text)}</text>'


def in_one_font(svg: str) -> str:
    """Take all letters from one font: the writer of PDF numbers several in any order."""
    return svg.replace(f'"{FONT}"', f'"{_CJK_FAMILIES}, {FONT}"') if _CJK.search(svg) else svg


def _named(svg: str, figure: Figure) -> str:
    """Put title and alt text into an SVG."""
    title, told = html.escape(figure.title), html.escape(figure.alt_text)
    start, rest = _ROLES.sub("", svg).split(">", 1)
    start = start.replace('class="marks"', 'class="figure"')
    label = html.escape(f"{figure.title}. {figure.alt_text}", quote=True)
    return f'{start} role="img" aria-label="{label}"><title>{title}</title><desc>{told}</desc>{rest}'
