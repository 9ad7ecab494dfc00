"""What `.plot()` returns: figures that a notebook shows and that can be saved."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from engine.report.figures.figure import Figure
from engine.report.figures.of_run import FORMATS, rendered, writing_figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Figures of one result.

    Attributes
    ----------
    figures
        The figures, each with ``title``, ``alt_text`` and ``chart``, which is Vega-Lite.
    """

    figures: tuple[Figure, ...]

    def save(self, path: str | Path) -> tuple[Path, ...]:
        """Write the figures as SVG, PNG or PDF, by the suffix; further ones have numbers in their names.

        Raises
        ------
        UsageError
            If the suffix is another one, or the file cannot be written.
        """
        from engine.report.figures.render import draw

        first = Path(path)
        suffix = first.suffix.removeprefix(".")
        contents = [rendered(draw(figure), suffix) for figure in self.figures]
        further = range(2, len(contents) + 1)
        paths = (first, *(first.with_name(f"{first.stem}-{number}{first.suffix}") for number in further))
        with writing_figures(first):
            for one, content in zip(paths, contents, strict=True):
                one.write_bytes(content)
        return paths

    def __repr__(self) -> str:
        lines = [f"{figure.title}: {figure.alt_text}" for figure in self.figures]
        return "\n".join([*lines, f"Shown in a notebook; .save() writes {', '.join(FORMATS)}."])

    def _repr_html_(self) -> str:
        from engine.report.figures.render import STYLE, draw

        drawn = "".join(
            f"<figure><figcaption>{escape(figure.title)}</figcaption>{draw(figure).in_page}</figure>"
            for figure in self.figures
        )
        return f"<style>{STYLE}</style>{drawn}"
