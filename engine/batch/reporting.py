"""Writes the report of a run into its directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.batch.kinds import TABLES
from engine.errors import UsageError
from engine.store.run_directory import REPORT, read_run

if TYPE_CHECKING:
    from engine.report.words.sentences import Language


def write_report(folder: Path, language: Language | None = None) -> Path:
    """Write report.html of a run directory and return its path; the language is the study's by default.

    Where a library is lacking, the page says so and holds the tables as plain text.
    """
    from engine.report.render.html import report_html
    from engine.report.render.plain import plain_report
    from engine.report.run_report import run_report

    run = read_run(folder)
    try:
        text = report_html(run_report(run, TABLES, language))
    except ImportError as error:
        text = plain_report(run, f"{error.name} is not installed. Install it.", TABLES)
    path = folder / REPORT
    path.write_text(text, encoding="utf-8")
    return path


def write_pdf_report(folder: Path, target: Path, language: Language | None = None) -> Path:
    """Write the report of a run directory as a PDF and return its path.

    Raises
    ------
    UsageError
        If typst is not installed.
    """
    from engine.report.render.pdf import report_pdf
    from engine.report.render.table_set import time_of
    from engine.report.run_report import run_report

    run = read_run(folder)
    try:
        content = report_pdf(run_report(run, TABLES, language), time_of(str(run.manifest.get("created", ""))))
    except ImportError as error:
        raise UsageError(
            f"--pdf: {error.name} is not installed; expected it with equirank. Install it."
        ) from None
    target.write_bytes(content)
    return target


def write_report_of_new_run(folder: Path) -> None:
    """Write the report of a run that has just been computed; no fault of it may lose the results."""
    try:
        write_report(folder)
    except Exception as error:  # noqa: BLE001 - whatever it is, hours of computing stand beside it
        from engine.report.render.plain import plain_report

        why = f"it could not be made ({type(error).__name__}). Please report this."
        (folder / REPORT).write_text(plain_report(read_run(folder), why, None), encoding="utf-8")
