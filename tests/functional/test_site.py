"""The store as pages: every link leads somewhere, nothing comes from elsewhere, the same bytes twice."""

import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote

import polars as pl
import pytest

from tests.functional.nights import STUDY, put, tree, wave

pytestmark = pytest.mark.usefixtures("whole_reports")

pytest.importorskip("vl_convert")

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The links, ids, open elements and names of regions of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.open, self.regions = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.links += [found[name] for name in ("href", "src") if name in found]
        self.ids += [found["id"]] if "id" in found else []
        if found.get("role") == "group":
            self.regions.append(found["aria-label"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A store of three nights with a file in quarantine, and its pages."""
    import os
    import time

    from engine.nights.refresh import refresh
    from engine.report.site.write import write_site

    root = tmp_path_factory.mktemp("site")
    (root / "inbox").mkdir()
    text = STUDY.replace('name = "nights"', 'name = "nights"\ntitle = "Ill & <poor>"', 1)
    assert "<poor>" in text
    (root / "study.toml").write_text(text)

    def night(frame, name):
        path = root / "inbox" / name
        frame.write_parquet(path)
        long_ago = time.time() - 3600
        os.utime(path, (long_ago, long_ago))
        return refresh(root / "study.toml", root / "inbox", root / "store")

    night(wave(1), "wave_1.parquet")
    revised = wave(1).with_columns(
        ill=pl.when(pl.int_range(300) < 9).then(1 - pl.col("ill")).otherwise("ill")
    )
    night(revised, "wave_1.parquet")
    night(wave(5).with_columns(income=pl.col("income") * 100), "wave_5.parquet")
    write_site(root / "store", root / "site")
    return root


def texts(folder):
    return {path.relative_to(folder): path.read_text() for path in sorted(folder.rglob("*.html"))}


def test_site__has_a_page_for_each_run_and_each_estimate(pages):
    names = {str(path) for path in texts(pages / "site")}
    assert {
        "index.html",
        "quarantine.html",
        "runs/000001.html",
        "runs/000002.html",
        "runs/000003.html",
    } <= names
    assert sum(name.startswith("estimates/") for name in names) == 4  # rates, yearly, both indices of trend


def test_links__lead_somewhere_and_never_outside(pages):
    for name, text in texts(pages / "site").items():
        page = Page(text)
        assert page.open == []
        assert len(set(page.ids)) == len(page.ids), f"{name}: an id twice"
        if name.name != "report.html":  # that is the run's own; tests/functional/test_report.py looks at it
            assert len(set(page.regions)) == len(page.regions), f"{name}: two regions of one name"
        for link in page.links:
            assert not re.match(r"[a-z]+:|//", link), f"{name}: {link}"
            target, _, anchor = link.partition("#")
            path = pages / "site" / name.parent / unquote(target) if target else pages / "site" / name
            assert path.is_file(), f"{name}: {link}"
            assert not anchor or anchor in Page(path.read_text()).ids
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace(
            "http://www.w3.org/1999/xlink", ""
        )


def test_pages__tell_what_a_reader_asks_for(pages):
    found = texts(pages / "site")
    by_name = {str(name): text for name, text in found.items()}
    index = by_name["index.html"]
    assert "<h1>Ill &amp; &lt;poor&gt;</h1>" in index  # text of the study is no markup
    assert "What run 3 changed, and why" in index
    assert "wave_5.parquet: IN QUARANTINE" in index
    assert "polyline" in index
    quarantine = by_name["quarantine.html"]
    assert "<code>variables.income</code>" in quarantine
    assert re.search(r'<td>range</td><td class="number">\d+</td>', quarantine)
    assert 'Set aside since <a href="runs/000003.html">run 3</a>' in quarantine
    assert "Table: estimates that moved" in by_name["runs/000002.html"]
    assert "<figure>" in by_name["runs/000003.html"]
    estimate = next(text for name, text in by_name.items() if "erreygers" in name)
    assert 'href="../runs/000001.html"' in estimate
    assert "1 run without a change is left out" in estimate  # run 3 left the wave as it was
    assert not any("SIMULATED" in text for text in found.values())
    assert not any(str(pages) in text for text in found.values())  # no path of the machine


def test_same_store__gives_the_same_bytes_and_replaces_its_pages(pages):
    from engine.report.site.write import write_site

    before = tree(pages / "site")
    write_site(pages / "store", pages / "site")
    assert tree(pages / "site") == before
    assert {path.name for path in pages.iterdir()} == {"inbox", "study.toml", "store", "site"}


def test_run_page__shows_the_figures_of_its_own_run(pages):
    told = set()
    for run in sorted((pages / "store" / "runs").iterdir()):
        text = (pages / "site" / "runs" / f"{run.name}.html").read_text()
        own = [re.search("<desc>(.*?)</desc>", path.read_text())[1] for path in (run / "figures").iterdir()]
        assert sorted(re.findall("<desc>(.*?)</desc>", text)) == sorted(own)
        told.add(tuple(sorted(own)))
    assert len(told) > 1


def test_site_of_a_chinese_study__is_in_chinese(pages, tmp_path):
    from engine.report.site.write import write_site

    shutil.copytree(pages / "store", tmp_path / "store")
    for path in (tmp_path / "store" / "runs").glob("*/manifest.json"):
        path.write_text(
            path.read_text().replace('"name": "nights",', '"name": "nights", "language": "zh",', 2)
        )
    write_site(tmp_path / "store", tmp_path / "site")
    text = (tmp_path / "site" / "index.html").read_text()
    assert '<html lang="zh-CN">' in text
    assert "主要估计值" in text
    headings = re.findall("<h[12][^>]*>(.*?)</h[12]>", text)
    assert all(re.search("[\u4e00-\u9fff]", heading) for heading in headings[1:])  # the first is the title


def test_simulated_data__are_marked_on_every_page(pages, tmp_path):
    from engine.report.site.write import write_site

    shutil.copytree(pages / "store", tmp_path / "store")
    for path in (tmp_path / "store" / "runs").glob("*/manifest.json"):
        path.write_text(path.read_text().replace('"simulated": false', '"simulated": true'))
        shutil.rmtree(path.parent / "figures")  # as in an older store: those of the newest run are drawn
    write_site(tmp_path / "store", tmp_path / "site")
    marked = {name: text for name, text in texts(tmp_path / "site").items() if name.name != "report.html"}
    assert all("SIMULATED DATA" in text for text in marked.values())  # the report marks itself
    assert "SIMULATED: nobody" in (tmp_path / "site" / "runs" / "000003.html").read_text()


def test_refresh__writes_the_pages_after_a_night(cli, night):
    put(night, 1)
    code, _, _ = night("--site", "pages")
    assert code == 0
    index = night.root / "pages" / "index.html"
    assert "Newest run" in index.read_text()
    index.write_text("mine")
    night("--site", "pages")  # nothing new: nothing is written
    assert index.read_text() == "mine"
    code, out, _ = cli("site", "store", "--out", "pages")
    assert (code, out.strip()) == (0, str(index.resolve()))
    assert "Newest run" in index.read_text()


def test_site__replaces_no_other_folder_and_needs_a_run(cli, night):
    put(night, 1)
    night()
    code, _, err = cli("site", "store", "--out", "inbox")
    assert code == 2
    assert "it holds other files" in err
    assert (night.inbox / "wave_1.parquet").is_file()
    code, _, err = cli("site", "inbox", "--out", "pages")
    assert code == 2
    assert "is no store" in err
