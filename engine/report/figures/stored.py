"""The figures that a run directory holds, as a page shows them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

from engine.report.figures.render import DrawnFigure

ORDER = (
    "flow",
    "equiplot",
    "curve",
    "deviation",
    "index",
    "difference",
    "disparity",
    "financing",
    "contributions",
    "change",
    "rif",
    "forest",
    "effects",
)
"""How the names of figures begin, in the order of a report."""

_FILE = re.compile(
    r'(?P<start><svg [^>]*?)width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)" viewBox="[^"]*"'
    r"(?P<more>[^>]*>)"
    r"<title>(?P<title>[^<]*)</title><desc>(?P<told>[^<]*)</desc><rect [^>]*/>(?:<text [^>]*>[^<]*</text>)*"
    r'<g transform="translate\(0,(?P<above>\d+)\)">(?P<body>.*)</g></svg>',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFigure:
    """A figure in a page: its title, what it shows in words, and its SVG."""

    title: str
    alt_text: str
    svg: str


def page_figure(drawn: DrawnFigure) -> PageFigure:
    """Return a figure that has just been drawn."""
    return PageFigure(title=drawn.figure.title, alt_text=drawn.figure.alt_text, svg=drawn.in_page)


def stored_figures(folder: Path) -> list[PageFigure]:
    """Return the figures in a folder that a run has written; without it none.

    Drawing them again would take a second for each run of a store.
    """
    found = [(path.stem, without_plate(path.read_text(encoding="utf-8"))) for path in folder.glob("*.svg")]
    return [figure for _, figure in sorted(found, key=lambda one: _place(one[0])) if figure is not None]


def _place(name: str) -> tuple[int, str]:
    kind = name.partition("-")[0]
    return (ORDER.index(kind) if kind in ORDER else len(ORDER)), name


def without_plate(svg: str) -> PageFigure | None:
    """Return the figure of a file without its plate and title; None if the file is none of ours."""
    found = _FILE.fullmatch(svg)
    if found is None:
        return None
    width, height = found["width"], f"{float(found['height']) - float(found['above']):g}"
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    named = f"<title>{found['title']}</title><desc>{found['told']}</desc>"
    return PageFigure(
        title=html.unescape(found["title"]),
        alt_text=html.unescape(found["told"]),
        svg=f"{found['start']}{size}{found['more']}{named}{found['body']}</svg>",
    )
