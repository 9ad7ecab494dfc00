"""The figures of a report, or why it has none."""

from __future__ import annotations

from importlib.util import find_spec

from engine.report.document import Picture

DRAWN_BY = ("altair", "vl_convert")


def pictures_of() -> tuple[tuple[Picture, ...], str, str]:
    """Return the pictures of a run, the style they need, and what is lacking to draw them."""
    lacking = [name for name in DRAWN_BY if find_spec(name) is None]
    return (), "", f"{' and '.join(lacking)} not installed." if lacking else ""
