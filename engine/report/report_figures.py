"""The figures of a report, or why it has none."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from engine.report.document import Picture

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

DRAWN_BY = ("altair", "vl_convert")


def pictures_of(run: StoredRun) -> tuple[tuple[Picture, ...], str, str]:
    """Return the pictures of a run, the style they need, and why some or all are not there."""
    lacking = [name for name in DRAWN_BY if find_spec(name) is None]
    if lacking:
        return (), "", f"{' and '.join(lacking)} not installed."
    from engine.report.figures.of_run import MOST_GROUPS, figures_of, too_many_groups
    from engine.report.figures.render import STYLE, svg_in_page

    pictures = tuple(Picture(title=one.title, svg=svg_in_page(one)) for one in figures_of(run))
    left_out = too_many_groups(run)
    why = f"{', '.join(left_out)}: more than {MOST_GROUPS} groups." if left_out else ""
    return pictures, STYLE, why
