"""Tables and reports as PDF, through typst: no browser and no LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from engine.errors import UsageError
from engine.report.document import Chapter, Report
from engine.report.figures.render import in_one_font
from engine.report.model import Table
from engine.report.render.lines import Line, Lines, lines_of
from engine.report.render.table_set import TableSet

WIDE = 7  # columns from which a page lies on its side
FONTS = '("Libertinus Serif", "Noto Serif CJK SC", "Songti SC", "SimSun")'
HEAD = """#set document(title: {title}, date: none)
#set page(paper: "a4", flipped: {flipped}, margin: 16mm, numbering: "1", header: {header})
#set text(font: {fonts}, size: 9.5pt, lang: "{lang}")
#set par(justify: false)
#show table: set text(size: 7.5pt, number-width: "tabular")
#show figure: set block(breakable: true)
#show heading: set block(above: 1.6em, below: 0.8em)
= #{title}
"""


def tables_pdf(tables: TableSet) -> bytes:
    """Return tables as a PDF."""
    head = _head(tables.title, tables.mark, tables.language, tables.tables)
    return _compiled("\n".join([head, *(_table(lines_of(table)) for table in tables.tables)]), tables.created)


def report_pdf(report: Report, created: datetime) -> bytes:
    """Return a report as a PDF."""
    tables = [table for chapter in report.chapters for table in chapter.tables]
    parts = [_head(report.title, report.mark, report.language, tables)]
    parts += [f"#{_text(name)}: #{_text(value)} \\" for name, value in report.facts]
    for chapter in report.chapters:
        parts.extend(_chapter(chapter))
    return _compiled("\n".join(parts), created)


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"== #{_text(chapter.title)}"
    for paragraph in chapter.paragraphs:
        yield f"#{_text(paragraph)}\n"
    for item in chapter.items:
        yield f"- #{_text(item)}"
    for table in chapter.tables:
        yield _table(lines_of(table))
    for picture in chapter.pictures:
        svg, title = _text(in_one_font(picture.svg)), _text(picture.title)
        yield f'#figure(image(bytes({svg}), format: "svg"), caption: {title}, supplement: none)'


def _head(title: str, mark: str, language: str, tables: Sequence[Table]) -> str:
    is_wide = any(len(table.columns) >= WIDE for table in tables)
    header = f'text(fill: rgb("#9b1c1c"), weight: "bold", {_text(mark)})' if mark else "none"
    return HEAD.format(
        title=_text(title), flipped=str(is_wide).lower(), header=header, fonts=FONTS, lang=language
    )


def _text(text: str) -> str:
    """Return a text as a string of typst, in which nothing is markup.

    Examples
    --------
    >>> _text('50 % of #c')
    '"50 % of #c"'
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _table(table: Lines) -> str:
    columns = len(table.columns)
    sizes = ", ".join(["1fr"] * columns) if table.is_text else ", ".join(["auto"] * columns)
    align = f"({', '.join('left' if left else 'right' for left in table.left)},)"
    cells = [*_head_cells(table), *(part for line in table.lines for part in _line(line, columns))]
    notes = "".join(f"#text(size: 7.5pt, {_text(note)}) \\\n" for note in table.notes)
    return (
        f'#block(sticky: true, above: 1.6em, text(weight: "bold", {_text(table.title)}))\n'
        f"#table(columns: ({sizes}), align: {align}, stroke: none, inset: (x: 4pt, y: 2.2pt),\n"
        f"  {', '.join(cells)}, table.hline(stroke: 1pt))\n{notes}"
    )


def _head_cells(table: Lines) -> list[str]:
    inside = ["table.hline(stroke: 1pt)"]
    if table.above:
        inside.append("[]")
        inside.extend(
            f"table.cell(colspan: {cell.width}, align: center, strong({_text(cell.label)}))"
            for cell in table.above
        )
    inside.extend(f"strong({_text(column)})" for column in table.columns)
    inside.append("table.hline(stroke: 0.5pt)")
    return [f"table.header({', '.join(inside)})"]


def _line(line: Line, columns: int) -> Iterator[str]:
    if line.is_group:
        yield f"table.cell(colspan: {columns}, align: left, strong({_text(line.name)}))"
        return
    yield f"pad(left: 0.8em, {_text(line.name)})" if line.inside else _text(line.name)
    yield from (_text(cell) for cell in line.cells)


def _compiled(source: str, created: datetime) -> bytes:
    import typst

    try:
        return bytes(typst.compile(source.encode(), format="pdf", timestamp=created))
    except RuntimeError as error:
        raise UsageError(
            f"pdf: typst stopped ({type(error).__name__}); expected text that it can set. Please report this."
        ) from None
