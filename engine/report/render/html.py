"""Reports and tables as HTML: one file that needs no other, no script and no network."""

from __future__ import annotations

from dataclasses import asdict

from engine.report.document import Chapter, Report
from engine.report.render.lines import lines_of
from engine.report.render.table_set import TableSet
from engine.report.render.templates import page_template, text_of
from engine.report.words.headings import heading

LANGUAGES = {"en": "en", "zh": "zh-CN"}


def report_html(report: Report) -> str:
    """Return a report as one HTML page."""
    from markupsafe import Markup

    page = page_template("report.html.j2").render(
        report=report,
        chapters=[_chapter(one) for one in report.chapters],
        words={key: heading(report.language, key) for key in ("skip", "contents")},
        lang=LANGUAGES[report.language],
        style=Markup(text_of("report.css") + report.style),  # noqa: S704 - our own style sheets
        mark=heading(report.language, "short_mark") if report.mark else "",
    )
    return str(page).lstrip()


def _chapter(chapter: Chapter) -> dict[str, object]:
    return {
        "key": chapter.key,
        "title": chapter.title,
        "paragraphs": chapter.paragraphs,
        "entries": chapter.items,
        "tables": [lines_of(table) for table in chapter.tables],
        "pictures": [asdict(picture) for picture in chapter.pictures],
    }


def tables_html(tables: TableSet) -> bytes:
    """Return tables as one HTML page."""
    chapter = Chapter(key="findings", title=tables.tables[0].title, tables=tables.tables)
    page = Report(
        title=tables.title,
        subtitle="",
        mark=tables.mark,
        language=tables.language,
        facts=(),
        chapters=(chapter,),
    )
    return report_html(page).encode()
