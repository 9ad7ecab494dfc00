"""Tables as a Word document: real tables of three lines whose headings repeat on every page."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from engine.report.render.lines import Line, Lines, lines_of
from engine.report.render.table_set import TableSet

FONT, EAST_ASIAN_FONT = "Times New Roman", "SimSun"
TEXT_SIZE, TABLE_SIZE = 10.5, 8.5  # points
WIDE = 7  # columns from which a page lies on its side
WIDEST_TEXT = 60  # letters that a column of sentences is made for
NO_BREAK = "\u00a0"
CLOCK = (1980, 1, 1, 0, 0, 0)  # of every file in the archive


def word(tables: TableSet) -> bytes:
    """Return tables as a Word document."""
    from docx import Document
    from docx.shared import Cm, Pt

    document = Document()
    _style(document, Pt(TEXT_SIZE))
    properties = document.core_properties
    properties.title, properties.author = tables.title, "equirank"
    properties.comments = tables.mark
    properties.created = properties.modified = tables.created.replace(tzinfo=None)
    section = document.sections[0]
    section.left_margin = section.right_margin = Cm(1.8)
    if any(len(table.columns) >= WIDE for table in tables.tables):
        section.page_width, section.page_height = section.page_height, section.page_width
    document.add_heading(tables.title, level=1)
    if tables.mark:
        document.add_paragraph().add_run(tables.mark).bold = True
        section.header.paragraphs[0].text = tables.mark
    for table in tables.tables:
        _table(document, lines_of(table), Pt(TABLE_SIZE))
    out = io.BytesIO()
    document.save(out)
    return _without_clock(out.getvalue())


def _style(document: Any, size: Any) -> None:  # noqa: ANN401 - python-docx has no annotations
    """Set the fonts of all styles in use, for Latin and for East Asian letters, in black."""
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    for name in ("Normal", "Heading 1", "Heading 2", "Header"):
        style = document.styles[name]
        style.font.name = FONT
        style.font.color.rgb = RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        for script in ("ascii", "hAnsi"):
            fonts.set(qn(f"w:{script}"), FONT)
        fonts.set(qn("w:eastAsia"), EAST_ASIAN_FONT)
    document.styles["Normal"].font.size = size


def _table(document: Any, table: Lines, size: Any) -> None:  # noqa: ANN401
    caption = document.add_paragraph()
    caption.paragraph_format.keep_with_next = True
    caption.add_run(table.title).bold = True
    head_rows = 2 if table.above else 1
    shown = document.add_table(rows=head_rows + len(table.lines), cols=len(table.columns))
    shown.autofit = False
    cells = [list(row.cells) for row in shown.rows]
    _widen(document, shown, table)
    if table.above:
        _fill_above(table, cells[0], size)
    for place, column in enumerate(table.columns):
        _fill(cells[head_rows - 1][place], column, size, bold=True, right=not table.left[place])
    for line, row in zip(table.lines, cells[head_rows:], strict=True):
        _fill_line(line, row, size, table)
    for row in shown.rows[:head_rows]:
        _mark(row._tr.get_or_add_trPr(), "w:tblHeader")  # noqa: SLF001 - no public way to repeat a row
    for row in shown.rows:
        _mark(row._tr.get_or_add_trPr(), "w:cantSplit")  # noqa: SLF001
    _rule(cells[0], "top", 12)
    _rule(cells[head_rows - 1], "bottom", 6)
    _rule(cells[-1], "bottom", 12)
    for note in table.notes:
        _run(document.add_paragraph(), note, size)
    document.add_paragraph()


def _widen(document: Any, shown: Any, table: Lines) -> None:  # noqa: ANN401
    """Share the width of the page among columns by their longest texts, so that no number is broken."""
    section = document.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    longest = [max(len(column), 4) for column in table.columns]
    for line in table.lines:
        for place, cell in enumerate((line.name, *line.cells)):
            if not line.is_group:
                longest[place] = max(longest[place], min(len(cell), WIDEST_TEXT))
    for place, column in enumerate(shown.columns):
        width = int(room * (longest[place] + 2) / (sum(longest) + 2 * len(longest)))
        column.width = width
        for cell in column.cells:
            cell.width = width


def _fill_above(table: Lines, row: list[Any], size: Any) -> None:  # noqa: ANN401
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    place = 1
    for cell in table.above:
        merged = row[place].merge(row[place + cell.width - 1]) if cell.width > 1 else row[place]
        _fill(merged, cell.label, size, bold=True, right=False)
        merged.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
        if cell.label:
            _rule([merged], "bottom", 4)
        place += cell.width


def _fill_line(line: Line, row: list[Any], size: Any, table: Lines) -> None:  # noqa: ANN401
    from docx.shared import Cm

    if line.is_group:
        _fill(row[0].merge(row[-1]), line.name, size, bold=True, right=False)
        return
    _fill(row[0], line.name, size, bold=False, right=False)
    if line.inside:
        row[0].paragraphs[0].paragraph_format.left_indent = Cm(0.3)
    for cell, text, left in zip(row[1:], line.cells, table.left[1:], strict=True):
        shown = text if table.is_text else text.replace(" ", NO_BREAK)
        _fill(cell, shown, size, bold=False, right=not left)


def _fill(cell: Any, text: str, size: Any, *, bold: bool, right: bool) -> None:  # noqa: ANN401
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = paragraph.paragraph_format.space_before = Pt(1)
    paragraph.paragraph_format.line_spacing = 1.0
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _run(paragraph, text, size).bold = bold


def _run(paragraph: Any, text: str, size: Any) -> Any:  # noqa: ANN401
    run = paragraph.add_run(text)
    run.font.size = size
    return run


def _mark(properties: Any, name: str) -> None:  # noqa: ANN401
    from docx.oxml import OxmlElement

    properties.append(OxmlElement(name))


def _rule(row: list[Any], side: str, eighths: int) -> None:
    """Draw a rule along one side of some cells; its width is in eighths of a point."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for cell in row:
        properties = cell._tc.get_or_add_tcPr()  # noqa: SLF001 - no public way to a border
        borders = properties.find(qn("w:tcBorders"))
        if borders is None:
            borders = OxmlElement("w:tcBorders")
            properties.append(borders)
        if borders.find(qn(f"w:{side}")) is not None:
            continue
        border = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "0"), ("color", "000000")):
            border.set(qn(f"w:{name}"), value)
        borders.append(border)


def _without_clock(archive: bytes) -> bytes:
    """Return an archive whose files carry no time of writing."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as given, zipfile.ZipFile(out, "w") as written:
        for name in given.namelist():
            info = zipfile.ZipInfo(name, date_time=CLOCK)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            written.writestr(info, given.read(name))
    return out.getvalue()
