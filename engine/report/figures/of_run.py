"""All figures of a run, and their files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from engine.errors import UsageError
from engine.report.figures.figure import Figure, Row, StudyFacts
from engine.report.small_cells import WITHHELD
from engine.report.words.figures import figure_text
from engine.report.words.sentences import Language

if TYPE_CHECKING:
    from engine.report.figures.render import DrawnFigure
    from engine.store.run_directory import StoredRun

FORMATS = ("svg", "png", "pdf")
MOST_GROUPS = 60  # of an analysis; nobody reads a figure of more, and thousands take hours to draw


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFigures:
    """The files of figures, and what a reader should know of them."""

    paths: tuple[Path, ...]
    notes: tuple[str, ...]


def figures_of(
    run: StoredRun, only: str | None = None, language: Language | None = None
) -> tuple[Figure, ...]:
    """Return the figures of a run, in the order of its tables; `only` names one analysis.

    The language is the study's unless one is given.
    """
    facts = StudyFacts.of(run.manifest, language)
    mark = facts.say("simulated") if run.manifest["simulated"] else ""
    return tuple(replace(figure, mark=mark) for figure in _figures(run, only, facts))


def too_many_groups(run: StoredRun) -> tuple[str, ...]:
    """Return the analyses that have no figure because they have more than MOST_GROUPS groups."""
    groups = run.results.group_by("analysis", maintain_order=True).agg(
        pl.struct("wave", "subgroup").n_unique().alias("n")
    )
    return tuple(groups.filter(pl.col("n") > MOST_GROUPS)["analysis"])


def _figures(run: StoredRun, only: str | None, facts: StudyFacts) -> Iterator[Figure]:
    from engine.report.figures.caterpillar import caterpillars
    from engine.report.figures.contributions import contribution_figures
    from engine.report.figures.curve import curve_figures
    from engine.report.figures.disparity import disparity_figures
    from engine.report.figures.equiplot import equiplots
    from engine.report.figures.financing import financing_figures
    from engine.report.figures.flow import flow_figure
    from engine.report.figures.forest import forest_figures
    from engine.report.figures.index import index_figures
    from engine.report.figures.lorenz import lorenz_figures
    from engine.report.figures.rif import rif_figures

    told = pl.col("status") != WITHHELD
    drawn = run.results.filter(~pl.col("analysis").is_in(too_many_groups(run)) & told)
    rows = [row for row in drawn.to_dicts() if only in (None, row["analysis"])]
    if only is None:
        yield flow_figure(run.manifest["sample_flow"], facts)
    for draw in (
        equiplots,
        curve_figures,
        index_figures,
        disparity_figures,
        lorenz_figures,
        financing_figures,
        contribution_figures,
        rif_figures,
        forest_figures,
        caterpillars,
    ):
        yield from draw(rows, facts)


def drawings_of(run: StoredRun, language: Language | None = None) -> tuple[DrawnFigure, ...]:
    """Return the figures of a run, drawn.

    Raises
    ------
    UsageError
        If vl-convert is not installed.
    """
    from engine.report.figures.render import draw

    return tuple(draw(figure) for figure in figures_of(run, language=language))


def write_figures(
    drawings: Sequence[DrawnFigure], folder: Path, formats: Sequence[str] = ("svg",)
) -> WrittenFigures:
    """Write the figures of a run into a folder, made if it is not there.

    Raises
    ------
    UsageError
        If a format is unknown, or the folder cannot be written.
    """
    _refuse_unknown(formats)
    notes = tuple(_font_notes([one.figure for one in drawings], formats))
    paths = []
    with writing_figures(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for one in drawings:
            for suffix in formats:
                path = folder / f"{file_name(one.figure.name)}.{suffix}"
                path.write_bytes(rendered(one, suffix))
                paths.append(path)
    return WrittenFigures(paths=tuple(paths), notes=notes)


def write_history(rows: Sequence[Row], title: str, path: Path, *, simulated: bool) -> None:
    """Write an estimate over the runs of a store as an SVG file.

    Raises
    ------
    UsageError
        If vl-convert is not installed, or the file cannot be written.
    """
    from engine.report.figures.history import history_figure
    from engine.report.figures.render import draw

    figure = history_figure(rows, "history", title)
    figure = replace(figure, mark=figure_text("en", "simulated") if simulated else "")
    with writing_figures(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(draw(figure).svg(), encoding="utf-8")


def file_name(name: str) -> str:
    """Return a name that every file system takes; letters of all scripts stay.

    Examples
    --------
    >>> file_name("forest-model 1/2-健康")
    'forest-model-1-2-健康'
    """
    return re.sub(r"[^\w.-]+", "-", name)


def _font_notes(figures: Sequence[Figure], formats: Sequence[str]) -> Iterator[str]:
    from engine.report.figures.render import needs_cjk_font, register_cjk_fonts

    pictures = [one.upper() for one in formats if one != "svg"]
    if pictures and any(needs_cjk_font(figure) for figure in figures) and not register_cjk_fonts():
        yield (
            f"{' and '.join(pictures)}: no Chinese, Japanese or Korean font is on this machine, so such "
            "letters are missing; SVG keeps them. Install one, such as fonts-noto-cjk"
        )


def _refuse_unknown(formats: Sequence[str]) -> None:
    unknown = [one for one in formats if one not in FORMATS]
    if unknown:
        raise UsageError(
            f"figures: found the format '{unknown[0]}'; expected one of {', '.join(FORMATS)}. Correct it."
        )


def rendered(drawing: DrawnFigure, suffix: str) -> bytes:
    """Return a figure as the content of a file.

    Raises
    ------
    UsageError
        If the format is unknown.
    """
    _refuse_unknown([suffix])
    if suffix == "svg":
        return drawing.svg().encode()
    return drawing.png() if suffix == "png" else drawing.pdf()


@contextmanager
def writing_figures(place: Path) -> Iterator[None]:
    """Turn a failure to write figures into a UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"--plots {place}: cannot be written ({type(error).__name__}); "
            "expected a folder you may write to. Choose another one."
        ) from None
