"""Words of a table stand on the left and numbers on the right, in every format."""

import io
import re

import openpyxl
import pytest
from rich.console import Console

from engine.report.model import Table, interval, number
from engine.report.render.html import tables_html
from engine.report.render.latex import latex
from engine.report.render.table_set import TableSet, time_of
from engine.report.render.text_tables import markdown
from engine.report.terminal import print_table

ROWS = (
    ("Overall", "Gini index", number(0.2331, 4), interval(0.21, 0.25, 2), "-"),
    ("Overall", "headcount", number(12.5, 1), interval(11.0, 14.0, 2), "<0.001"),
)
TABLE = Table(title="Payments", columns=("", "measure", "estimate", "interval", "p"), rows=ROWS)


@pytest.fixture
def tables():
    created = time_of("2026-01-01T00:00:00+00:00")
    return TableSet(name="a", title="A", mark="", language="en", created=created, tables=(TABLE,))


def test_latex__has_a_letter_for_each_column(tables):
    assert r"\begin{longtable}{llrrr}" in latex(tables).decode()


def test_markdown__marks_the_side_of_each_column(tables):
    assert "| :--- | :--- | ---: | ---: | ---: |" in markdown(tables).decode()


def test_html__marks_words(tables):
    text = tables_html(tables).decode()
    assert '<th scope="col" class="words">measure</th>' in text
    assert re.findall(r'<td class="words">([^<]*)<', text) == ["Gini index", "headcount"]


def test_terminal__begins_words_below_each_other():
    console = Console(file=io.StringIO(), width=80, no_color=True, highlight=False)
    print_table(console, TABLE)
    lines = console.file.getvalue().splitlines()
    starts = {line.index(word) for line in lines for word in ("measure", "Gini", "headcount") if word in line}
    assert len(starts) == 1
    ends = {len(line.rstrip()) for line in lines if line.endswith(("p", "-", "<0.001"))}
    assert len(ends) == 1


def test_word__sets_numbers_right_and_words_left(tables):
    docx = pytest.importorskip("docx")
    from engine.report.render.word import word

    shown = docx.Document(io.BytesIO(word(tables))).tables[0]
    sides = [cell.paragraphs[0].alignment for cell in shown.rows[1].cells]
    right = docx.enum.text.WD_ALIGN_PARAGRAPH.RIGHT
    assert [side == right for side in sides] == [False, False, True, True, True]


def test_excel__sets_numbers_right_and_words_left(tables):
    import polars as pl

    from engine.report.render.excel import excel

    sheet = openpyxl.load_workbook(io.BytesIO(excel(tables, ["a"], pl.DataFrame({"n": [1]}))))["a"]
    assert [sheet.cell(4, column).alignment.horizontal for column in (2, 3, 4, 5)] == [
        "left",
        "right",
        "right",
        "right",
    ]
