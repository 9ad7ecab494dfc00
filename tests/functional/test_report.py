"""The report of a run: one page, the same bytes, nothing outside, also where a library is lacking."""

import re
import sys
from html.parser import HTMLParser

import pytest

from engine.batch.reporting import TABLE_FORMATS, write_report, write_report_of_new_run
from engine.store.run_directory import read_run

pytestmark = pytest.mark.usefixtures("whole_reports")

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Checks that every tag is closed in its order, and collects what tests ask for."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.headings, self.tags = [], [], [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[key] for key in ("href", "src") if key in given]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def run_folder(cli, project):
    code, _, err = cli("run", "study.toml", "--out", "run")
    assert code == 0, err
    return project / "run"


def test_report__is_one_sound_page_without_scripts_or_addresses(run_folder):
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not page.open
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert "script" not in page.tags
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", text)
    assert page.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert '<html lang="en">' in text
    for key in (
        "findings",
        "sample",
        "describe",
        "rates",
        "concentration",
        "methods",
        "strobe",
        "provenance",
    ):
        assert key in page.ids


def test_report__has_the_same_bytes_again(cli, run_folder):
    first = (run_folder / "report.html").read_bytes()
    assert cli("report", "run")[0] == 0
    assert (run_folder / "report.html").read_bytes() == first


def test_report__speaks_chinese_where_it_is_asked_to(cli, run_folder, changed):
    assert cli("report", "run", "--language", "zh")[0] == 0
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in text
    assert "主要发现" in text
    assert "率" in text
    assert cli("report", "run", "--language", "fr")[0] == 2
    changed(("[study]", '[study]\nlanguage = "zh"'))
    assert cli("run", "study.toml", "--out", "run", "--only", "rates")[0] == 0
    assert "主要发现" in (run_folder / "report.html").read_text(encoding="utf-8")


def everything_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_run_directory__holds_tables_and_figures(run_folder):
    names = set(everything_in(run_folder))
    assert {"tables/sample.csv", "tables/rates.csv", "figures/flow.svg"} <= names
    assert {name.rpartition(".")[2] for name in names if name.startswith("tables/")} == {"csv", "xlsx"}
    assert all(name.endswith(".svg") for name in names if name.startswith("figures/"))
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "the tables as xlsx, csv in `tables/`" in text


def test_run_directory__has_the_same_bytes_when_it_is_written_again(run_folder):
    before = everything_in(run_folder)
    write_report(run_folder)
    assert everything_in(run_folder) == before


def test_figures_of_a_run_directory__are_those_of_its_report(run_folder):
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    alt_texts = [
        re.search(r"<desc>(.*?)</desc>", path.read_text(encoding="utf-8"))[1]
        for path in (run_folder / "figures").iterdir()
    ]
    assert alt_texts
    assert sorted(alt_texts) == sorted(re.findall(r"<desc>(.*?)</desc>", text))


def test_tables__without_xlsxwriter_are_csv_and_the_report_says_so(run_folder, monkeypatch):
    monkeypatch.setitem(TABLE_FORMATS, "xlsx", "no_such_library")
    text = write_report(run_folder).read_text(encoding="utf-8")
    assert "Without xlsx in `tables/`: no_such_library is not installed." in text
    assert "the tables as csv in" in text


def test_run__writes_no_report_where_none_is_wanted(cli, project):
    code, out, _ = cli("run", "study.toml", "--out", "run", "--only", "rates", "--no-report")
    assert code == 0
    assert "report.html" not in out
    names = {path.name for path in (project / "run").iterdir()}
    assert names == {"manifest.json", "results.parquet"}


def test_run_again__replaces_a_run_with_its_report(cli, run_folder):
    assert cli("run", "study.toml", "--out", "run", "--only", "rates")[0] == 0


def test_report__without_jinja_says_so_and_has_the_tables(run_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    text = write_report(run_folder).read_text(encoding="utf-8")
    Page(text)
    assert "jinja2 is not installed" in text
    assert "Rate of ill" in text


def test_report__without_vl_convert_says_so_and_has_the_rest(run_folder, monkeypatch):
    monkeypatch.setattr("engine.report.report_figures.find_spec", lambda name: None)
    text = write_report(run_folder).read_text(encoding="utf-8")
    assert "vl_convert" in text
    assert "Rate of ill" in text


def test_report__that_fails_loses_no_run(run_folder, monkeypatch):
    monkeypatch.setattr("engine.report.run_report.run_report", lambda *_: 1 / 0)
    write_report_of_new_run(run_folder)
    assert "ZeroDivisionError" in (run_folder / "report.html").read_text(encoding="utf-8")
    assert read_run(run_folder).results.height


def test_report__escapes_what_the_study_says(cli, project, changed):
    changed(("[study]", '[study]\ntitle = "<b>&amp;</b> <script>alert(1)</script>"'))
    assert cli("run", "study.toml", "--out", "run", "--only", "rates")[0] == 0
    text = (project / "run" / "report.html").read_text(encoding="utf-8")
    assert "script" not in Page(text).tags
    assert "&lt;b&gt;&amp;amp;" in text


def test_simulated_data__are_marked_at_every_table(cli, project):
    code, _, err = cli("simulate", "cmds", "--rows", "3000", "--out", "cmds.parquet")
    assert code == 0, err
    assert cli("run", "cmds", "--data", "cmds.parquet", "--out", "sim", "--only", "table-1")[0] == 0
    text = (project / "sim" / "report.html").read_text(encoding="utf-8")
    captions = re.findall(r"<caption>(.*?)</caption>", text)
    assert captions
    assert all("SIMULATED" in caption for caption in captions)
    assert 'class="mark"' in text
