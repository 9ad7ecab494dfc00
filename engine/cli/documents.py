"""What the commands write for people to read: the report of a run, and its tables as documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.batch.heat_file import HeatSetting
    from engine.report.words.sentences import Language


def rebuild_report(run: Path, language: str | None, pdf: Path | None) -> None:
    """Write the report of a run again, or as a PDF, and print its path."""
    from engine.batch.reporting import write_pdf_report, write_report
    from engine.store.layout import run_of

    place = run_of(run)
    try:
        known = _known(language)
        typer.echo(str(write_report(place, known) if pdf is None else write_pdf_report(place, pdf, known)))
    except OSError as error:
        raise UsageError(
            f"{pdf or place}: the report cannot be written ({type(error).__name__}); "
            "expected a folder you may write to. Choose another one, or copy the run to one."
        ) from None


def write_documents(run: Path, to: str, out: Path, language: str | None, digits: int | None) -> None:
    """Write the tables of a run as documents and print the paths."""
    from engine.batch.kinds import TABLES
    from engine.report.table_files import write_tables
    from engine.store.layout import run_of
    from engine.store.run_directory import read_run

    formats = [one.strip() for one in to.split(",") if one.strip()]
    stored = read_run(run_of(run))
    for path in write_tables(stored, TABLES, out, formats, language=_known(language), digits=digits):
        typer.echo(str(path))


def write_heat(run: Path, out: Path, about: HeatSetting) -> None:
    """Write the rates of a run as a file for HEAT Plus and print its path."""
    from engine.batch.heat_file import heat_file
    from engine.durable import write_file
    from engine.store.layout import run_of
    from engine.store.run_directory import read_run

    content = heat_file(read_run(run_of(run)), about)
    try:
        write_file(out, content, out.parent)
    except OSError as error:
        raise UsageError(
            f"--out {out}: cannot be written ({type(error).__name__}); "
            "expected a folder you may write to. Choose another one."
        ) from None
    typer.echo(str(out))


def _known(language: str | None) -> Language | None:
    if language not in (None, "en", "zh"):
        raise UsageError(f"--language '{language}': is not known; expected en or zh. Choose one of them.")
    return "zh" if language == "zh" else "en" if language == "en" else None
