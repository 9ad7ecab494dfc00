"""The templates of reports and tables, through Jinja2."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

FOLDER = files("engine.report") / "templates"


def page_template(name: str) -> Any:  # noqa: ANN401 - Jinja2 is loaded only when something is rendered
    """Return a template that escapes for HTML what it is given."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    loader = FunctionLoader(text_of)
    return Environment(loader=loader, undefined=StrictUndefined, autoescape=True).get_template(name)


def text_of(name: str) -> str:
    """Return the text of a file among the templates."""
    return (FOLDER / name).read_text(encoding="utf-8")
