"""Figures -> SVG, PNG and PDF. The same figure gives the same bytes on every machine.

A file has a white plate. An SVG inside a page has none: the page's `STYLE` turns its colours where the reader
prefers dark pages, and prints it in those of the file.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.report.figures.figure import Figure
from engine.report.figures.style import COLORS, DARK, FONT, HEAVY, LARGE, MARGIN, NORMAL, PAGE, WIDTH, wrapped

SIMULATED = "SIMULATED: nobody in these records is real"
VEGA_LITE = "6.4"
PIXELS = 4  # of a PNG for each one of the figure: 384 an inch
_TITLE, _SUBTITLE = 14, 13  # heights of lines

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
    return _CJK.search(f"{figure.title}{figure.chart}") is not None


def register_cjk_fonts() -> bool:
    """Give the renderer the first folder of such fonts on this machine; False if there is none."""
    for root in _FONT_FOLDERS:
        for path in sorted(Path(root).expanduser().rglob("*.[to]t[cf]")):
            if _CJK_FONTS.search(path.name):
                _vl_convert().register_font_directory(str(path.parent))
                return True
    return False


def svg_file(figure: Figure) -> str:
    """Return the figure as an SVG file with its title, on white."""
    return _named(_svg(_chart(figure, titled=True, plate=PAGE)), figure)


def svg_in_page(figure: Figure) -> str:
    """Return the figure as an SVG for a page that has `STYLE` and tells the title itself."""
    return _named(_svg(_chart(figure, titled=False, plate=None)), figure)


def png_file(figure: Figure) -> bytes:
    """Return the figure as a PNG with its title."""
    chart = _in_one_font(_chart(figure, titled=True, plate=PAGE), figure)
    return bytes(_vl_convert().vegalite_to_png(chart, vl_version=VEGA_LITE, scale=PIXELS))


def pdf_file(figure: Figure) -> bytes:
    """Return the figure as a PDF with its title."""
    chart = _in_one_font(_chart(figure, titled=True, plate=PAGE), figure)
    pdf = bytes(_vl_convert().vegalite_to_pdf(chart, vl_version=VEGA_LITE))
    return _RESOURCES.sub(lambda found: found[1] + b"".join(sorted(found[2].splitlines(keepends=True))), pdf)


def _vl_convert() -> Any:  # noqa: ANN401 - the module has no annotations
    try:
        import vl_convert
    except ImportError:
        raise UsageError(
            "figures: vl-convert is not installed; expected it beside altair. "
            "pip install 'vl-convert-python<2'"
        ) from None
    return vl_convert


def _svg(chart: dict[str, Any]) -> str:
    return str(_vl_convert().vegalite_to_svg(chart, vl_version=VEGA_LITE))


def _chart(figure: Figure, *, titled: bool, plate: str | None) -> dict[str, Any]:
    """Return the chart with its title, and the room for it."""
    title = wrapped(figure.title, 0.92 * (WIDTH - 2 * MARGIN), LARGE) if titled else []
    subtitle = [SIMULATED] if figure.simulated else []
    before = figure.chart["padding"]
    height = _TITLE * len(title) + _SUBTITLE * len(subtitle) + (4 if title or subtitle else 0)
    top = before["top"] + height
    x = MARGIN - before["left"]
    layers = [*figure.chart["layer"]]
    if title:
        layers.append(_text(title, x, MARGIN - top, fontSize=LARGE, lineHeight=_TITLE, **HEAVY))
    if subtitle:
        y = MARGIN - top + _TITLE * len(title)
        layers.append(_text(subtitle, x, y, fontSize=NORMAL, fill=COLORS[1]))
    return {**figure.chart, "layer": layers, "padding": {**before, "top": top}, "background": plate}


def _in_one_font(chart: dict[str, Any], figure: Figure) -> dict[str, Any]:
    """Take all letters from one font: the writer of PDF numbers several in any order."""
    if not needs_cjk_font(figure):
        return chart
    return {**chart, "config": {**chart["config"], "font": f"{_CJK_FAMILIES}, {FONT}"}}


def _text(lines: list[str], x: float, y: float, **look: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a layer with lines of text at a place."""
    return {
        "data": {"values": [{"text": lines}]},
        "mark": {"type": "text", "align": "left", "baseline": "top", **look},
        "encoding": {
            "text": {"field": "text", "type": "nominal"},
            "x": {"value": x},
            "y": {"value": y},
        },
    }


def _named(svg: str, figure: Figure) -> str:
    """Put title and alt text into an SVG."""
    title, told = html.escape(figure.title), html.escape(figure.alt_text)
    start, rest = _ROLES.sub("", svg).split(">", 1)
    start = start.replace('class="marks"', 'class="figure"')
    label = html.escape(f"{figure.title}. {figure.alt_text}", quote=True)
    return f'{start} role="img" aria-label="{label}"><title>{title}</title><desc>{told}</desc>{rest}'
