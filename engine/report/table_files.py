"""Writes the tables of a run as documents; the names of the files are those of the analyses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import UsageError
from engine.report.render.table_set import TableSet, time_of
from engine.report.run_report import shown_sections
from engine.report.run_tables import KindTables, Section
from engine.report.words.headings import heading
from engine.report.words.sentences import Language, language_of

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

FORMATS = ("docx", "xlsx", "tex", "md", "html", "csv", "pdf")
LONGEST_NAME = 60


def write_tables(
    run: StoredRun,
    kinds: Mapping[str, KindTables],
    folder: Path,
    formats: Sequence[str],
    *,
    language: Language | None = None,
    digits: int | None = None,
) -> tuple[Path, ...]:
    """Write the tables of a run into a folder and return the files.

    A file holds the tables of one analysis, or of several side by side; a CSV file holds one table, and the
    workbook all tables and all results.

    Raises
    ------
    UsageError
        If a format is unknown, a library is not installed, or the folder cannot be written.
    """
    unknown = [one for one in formats if one not in FORMATS]
    if unknown or not formats:
        found = f"'{unknown[0]}'" if unknown else "none"
        raise UsageError(f"--to: found {found}; expected one or more of {', '.join(FORMATS)}. Correct it.")
    language = language or language_of(run.manifest)
    sections = shown_sections(run, kinds, language, digits)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in _files(run, sections, formats, language):
            (folder / name).write_bytes(content)
            written.append(folder / name)
    except ImportError as error:
        raise UsageError(
            f"--to: {error.name} is not installed; expected it with equirank. "
            "Install it, or choose other formats."
        ) from None
    except OSError as error:
        raise UsageError(
            f"--out {folder}: cannot be written ({type(error).__name__}); "
            "expected a folder you may write to. Choose another one."
        ) from None
    return tuple(written)


def _files(
    run: StoredRun, sections: Sequence[Section], formats: Sequence[str], language: Language
) -> Iterator[tuple[str, bytes]]:
    from engine.report.render.text_tables import csv_table

    sets = [_table_set(run, section, language) for section in sections]
    for one in dict.fromkeys(formats):
        if one == "xlsx":
            yield f"{file_name(run.manifest['study']['name'])}.xlsx", _workbook(run, sets)
        elif one == "csv":
            for tables in sets:
                for place, table in enumerate(tables.tables, start=1):
                    number = f"-{place}" if len(tables.tables) > 1 else ""
                    yield f"{tables.name}{number}.csv", csv_table(table, tables.mark)
        else:
            render = _renderer(one)
            yield from ((f"{tables.name}.{one}", render(tables)) for tables in sets)


def _table_set(run: StoredRun, section: Section, language: Language) -> TableSet:
    study = run.manifest["study"]
    return TableSet(
        name=file_name("_".join(section.analyses) or section.kind),
        title=study["title"] or study["name"],
        mark=heading(language, "mark") if run.manifest["simulated"] else "",
        language=language,
        created=time_of(str(run.manifest.get("created", ""))),
        tables=section.tables,
    )


def _renderer(suffix: str) -> Callable[[TableSet], bytes]:
    """Return what makes a file of a format; its library is loaded with it."""
    if suffix == "docx":
        from engine.report.render.word import word

        return word
    if suffix == "tex":
        from engine.report.render.latex import latex

        return latex
    if suffix == "pdf":
        from engine.report.render.pdf import tables_pdf

        return tables_pdf
    if suffix == "md":
        from engine.report.render.text_tables import markdown

        return markdown
    from engine.report.render.html import tables_html

    return tables_html


def _workbook(run: StoredRun, sets: Sequence[TableSet]) -> bytes:
    from engine.report.render.excel import excel

    names = [tables.name for tables in sets for _ in tables.tables]
    tables = tuple(table for tables in sets for table in tables.tables)
    return excel(replace(sets[0], tables=tables), names, run.results)


def file_name(name: str) -> str:
    """Return a name that every file system takes; letters of all scripts stay.

    Examples
    --------
    >>> file_name("model 1/2-健康")
    'model-1-2-健康'
    """
    return re.sub(r"[^\w.-]+", "-", name).strip(".-")[:LONGEST_NAME] or "tables"
