"""Tables as documents: the same bytes again, all numbers in the workbook, nothing that a program runs."""

import io
import re
import zipfile

import openpyxl
import polars as pl
import pytest

from engine.report.model import Cell, Spanner, Table, number
from engine.report.render.latex import latex
from engine.report.render.pdf import tables_pdf
from engine.report.render.table_set import TableSet, time_of
from engine.report.render.text_tables import csv_table, markdown
from engine.report.render.word import word

FORMATS = "docx,xlsx,tex,md,html,csv,pdf"
NASTY = '=1+1 & 50 % of <b>"A_1"</b> | #x $y {z} \\w ~ ^ `q` * [l] @n 健康'


@pytest.fixture
def run_folder(cli, project):
    code, _, err = cli("run", "study.toml", "--out", "run", "--no-report")
    assert code == 0, err
    return project / "run"


def nasty_tables(**given):
    row = ("  " + NASTY, number(-0.125, 3), NASTY)
    spanners = (Spanner(label=NASTY, start=1, end=3),)
    columns = ("", NASTY, "b")
    table = Table(title=NASTY, columns=columns, rows=((NASTY,), row), notes=(NASTY,), spanners=spanners)
    created = time_of("2026-11-27T10:39:37+00:00")
    common = {"name": "x", "title": NASTY, "mark": NASTY, "language": "en", "created": created}
    return TableSet(**{"tables": (table,), **common, **given})


def test_tables__have_the_names_of_analyses_and_the_same_bytes_again(cli, run_folder):
    for folder in ("first", "second"):
        code, out, err = cli("tables", "run", "--to", FORMATS, "--out", folder)
        assert code == 0, err
    first, second = (
        {path.name: path.read_bytes() for path in (run_folder.parent / folder).iterdir()}
        for folder in ("first", "second")
    )
    assert first == second
    for name in (
        "rates.docx",
        "rates.tex",
        "people.md",
        "curve.html",
        "rates.csv",
        "inequality-1.csv",
        "rates.pdf",
    ):
        assert name in first
    assert len(out.splitlines()) == len(second)


def test_workbook__has_every_result_with_all_digits_and_numbers_as_numbers(cli, run_folder):
    assert cli("tables", "run", "--to", "xlsx", "--out", "docs")[0] == 0
    book = openpyxl.load_workbook(next((run_folder.parent / "docs").iterdir()))
    rows = list(book["results"].iter_rows(values_only=True))
    results = pl.read_parquet(run_folder / "results.parquet")
    assert list(rows[0]) == results.columns
    assert rows[1:] == results.rows()
    table = list(book["inequality"].iter_rows(values_only=True))
    assert any(isinstance(cell, float) for row in table for cell in row)
    assert book["inequality"].freeze_panes is not None


def test_word__repeats_headings_names_an_east_asian_font_and_has_no_clock(cli, run_folder):
    assert cli("tables", "run", "--to", "docx", "--out", "docs")[0] == 0
    with zipfile.ZipFile(run_folder.parent / "docs" / "rates.docx") as archive:
        document = archive.read("word/document.xml").decode()
        styles = archive.read("word/styles.xml").decode()
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert document.count("<w:tblHeader/>") == 2  # the waves, and the headings below them
    assert 'w:eastAsia="SimSun"' in styles


def test_digits_and_language__are_options(cli, run_folder):
    assert cli("tables", "run", "--to", "csv", "--out", "docs", "--digits", "1", "--language", "zh")[0] == 0
    text = (run_folder.parent / "docs" / "inequality-1.csv").read_text(encoding="utf-8-sig")
    assert "ill按income的相对与绝对不平等" in text
    cells = [cell for line in text.splitlines() for cell in line.split(",") if " 至 " in cell]
    assert cells
    assert all(re.fullmatch(r"-?\d+\.\d \(-?\d+\.\d 至 -?\d+\.\d\)", cell) for cell in cells)


def test_unknown_format__is_a_usage_error(cli, run_folder):
    code, _, err = cli("tables", "run", "--to", "doc", "--out", "docs")
    assert code == 2
    assert "'doc'; expected one or more of docx" in err
    assert cli("tables", "run", "--to", "", "--out", "docs")[0] == 2
    (run_folder.parent / "file").write_text("")
    assert cli("tables", "run", "--to", "md", "--out", "file")[0] == 2


def test_latex__escapes_every_letter_that_commands(tmp_path):
    text = latex(nasty_tables()).decode()
    body = text.split("\\begin{document}")[1]
    assert r"50 \% of \textless{}b\textgreater{}" in body
    assert r"\textbackslash{}w" in body
    assert "ctex" in text
    assert "ctex" not in latex(nasty_tables(title="a", mark="", tables=())).decode()


def test_csv__gives_spreadsheets_no_formula():
    text = csv_table(nasty_tables().tables[0], "").decode("utf-8-sig")
    assert "\n=" not in text
    assert '"=' not in text
    assert "'=1+1" in text
    assert "-0.125" in text
    assert "'-0.125" not in text


def test_markdown__keeps_cells_apart():
    lines = [line for line in markdown(nasty_tables()).decode().splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in lines} == {4}


def test_pdf_and_word__take_every_text():
    assert tables_pdf(nasty_tables()).startswith(b"%PDF")
    assert tables_pdf(nasty_tables()) == tables_pdf(nasty_tables())
    assert zipfile.is_zipfile(io.BytesIO(word(nasty_tables())))


def test_cells__keep_their_numbers():
    cell = number(0.1 + 0.2, 2)
    assert isinstance(cell, Cell)
    assert (cell, cell.values) == ("0.30", (0.1 + 0.2,))
