"""The figures of a report, drawn once for its page and for the files beside it, or why it has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from engine.report.document import Picture

if TYPE_CHECKING:
    from engine.report.figures.render import DrawnFigure
    from engine.report.words.sentences import Language
    from engine.store.run_directory import StoredRun


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """The figures of a run.

    Attributes
    ----------
    drawn
        The figures.
    style
        What a page with them needs in its style sheet.
    lacking
        Why some or all are not there; empty if all are.
    """

    drawn: tuple[DrawnFigure, ...] = ()
    style: str = ""
    lacking: str = ""

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The figures as a report shows them."""
        return tuple(Picture(title=one.figure.title, svg=one.in_page) for one in self.drawn)


def draw_run(run: StoredRun, language: Language | None = None) -> RunFigures:
    """Draw the figures of a run, in the language of the study unless one is given."""
    return start_drawing_run(run, language)()


def start_drawing_run(run: StoredRun, language: Language | None = None) -> Callable[[], RunFigures]:
    """Begin to draw the figures of a run, and return what waits for them."""
    from engine.report.figures.drawing import start_drawing
    from engine.report.figures.of_run import MOST_GROUPS, figures_of, too_many_groups
    from engine.report.figures.render import DRAWN_BY, STYLE

    if find_spec(DRAWN_BY) is None:
        return lambda: RunFigures(lacking=f"{DRAWN_BY} not installed.")
    left_out = too_many_groups(run)
    why = f"{', '.join(left_out)}: more than {MOST_GROUPS} groups." if left_out else ""
    drawn = start_drawing(figures_of(run, language=language))
    return lambda: RunFigures(drawn=drawn(), style=STYLE, lacking=why)
