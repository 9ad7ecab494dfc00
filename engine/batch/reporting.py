"""Writes what people read into the directory of a run: its report, its tables and its figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.batch.kinds import TABLES as KIND_TABLES
from engine.errors import UsageError
from engine.store.run_directory import FIGURES, REPORT, TABLES, read_run

if TYPE_CHECKING:
    from engine.report.words.sentences import Language
    from engine.store.run_directory import StoredRun

TABLE_FORMATS = {"xlsx": "xlsxwriter", "csv": None}
"""Formats of the tables in a run directory, with the library of each; `equirank tables` has more."""


def write_report(folder: Path, language: Language | None = None) -> Path:
    """Write report.html, tables/ and figures/ of a run directory and return the path of the report.

    The language is the study's by default. Where a library is lacking, the page says so and holds the tables
    as plain text.
    """
    from engine.report.figures.of_run import write_figures
    from engine.report.render.html import report_html
    from engine.report.render.plain import plain_report
    from engine.report.report_figures import start_drawing_run
    from engine.report.run_report import run_report

    run = read_run(folder)
    try:
        drawing = start_drawing_run(run, language)
        beside = _write_tables(run, language)
        figures = drawing()
        write_figures(figures.drawn, folder / FIGURES)
        text = report_html(run_report(run, KIND_TABLES, figures, language, beside))
    except ImportError as error:
        text = plain_report(run, f"{error.name} is not installed. Install it.", KIND_TABLES)
    path = folder / REPORT
    path.write_text(text, encoding="utf-8")
    return path


def _write_tables(run: StoredRun, language: Language | None) -> str:
    """Write the tables of a run as files, and return what its report says about the files beside it."""
    from importlib.util import find_spec

    from engine.report.table_files import write_tables
    from engine.report.words.headings import heading
    from engine.report.words.sentences import language_of

    language = language or language_of(run.manifest)
    lacking = {
        one: library for one, library in TABLE_FORMATS.items() if library and find_spec(library) is None
    }
    formats = [one for one in TABLE_FORMATS if one not in lacking]
    write_tables(run, KIND_TABLES, run.path / TABLES, formats, language=language)
    told = [heading(language, "beside", formats=", ".join(formats))]
    told += [heading(language, "not_beside", formats=one, name=name) for one, name in lacking.items()]
    return " ".join(told)


def write_pdf_report(folder: Path, target: Path, language: Language | None = None) -> Path:
    """Write the report of a run directory as a PDF and return its path.

    Raises
    ------
    UsageError
        If typst is not installed.
    """
    from engine.report.render.pdf import report_pdf
    from engine.report.render.table_set import time_of
    from engine.report.report_figures import draw_run
    from engine.report.run_report import run_report

    run = read_run(folder)
    try:
        report = run_report(run, KIND_TABLES, draw_run(run, language), language)
        content = report_pdf(report, time_of(str(run.manifest.get("created", ""))))
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
