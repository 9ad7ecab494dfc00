"""What the commands write for people to read: the report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.report.words.sentences import Language


def rebuild_report(run: Path, language: str | None) -> None:
    """Write the report of a run again and print its path."""
    from engine.batch.reporting import write_report
    from engine.store.layout import run_of

    place = run_of(run)
    try:
        typer.echo(str(write_report(place, _known(language))))
    except OSError as error:
        raise UsageError(
            f"{place}: the report cannot be written ({type(error).__name__}); "
            "expected a folder you may write to. Copy the run to one."
        ) from None


def _known(language: str | None) -> Language | None:
    if language not in (None, "en", "zh"):
        raise UsageError(f"--language '{language}': is not known; expected en or zh. Choose one of them.")
    return "zh" if language == "zh" else "en" if language == "en" else None
