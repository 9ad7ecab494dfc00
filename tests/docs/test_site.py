"""The pages as a website: no broken link, and nothing that asks another server (docs/site)."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from urllib.parse import unquote, urldefrag

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(find_spec("zensical") is None, reason="zensical is not installed")
ASKED = {"link": "href", "script": "src", "img": "src", "source": "src", "iframe": "src", "use": "href"}
OUTSIDE = re.compile(r"(https?:)?//")


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.asked, self.ids = [], [], set()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.update(filter(None, (given.get("id"), given.get("name") if tag == "a" else None)))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if given.get(ASKED.get(tag, "")):
            self.asked.append(given[ASKED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("pages") / "site"
    build = ROOT / "docs" / "site" / "build.py"
    done = subprocess.run([sys.executable, build, out], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {}
    for path in out.rglob("*.html"):
        pages[path] = _Page()
        pages[path].feed(path.read_text(encoding="utf-8"))
    return out, pages


def test_site__asks_no_other_server(site):
    out, pages = site
    for path, page in pages.items():
        assert not [one for one in page.asked if OUTSIDE.match(one)], path
    for path in out.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"\']?(https?:)?//", path.read_text(encoding="utf-8")), path


def test_site__has_no_broken_link(site):
    out, pages = site
    assert len(pages) > 25
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in {*page.links, *page.asked}:
            target, place = urldefrag(link)
            if OUTSIDE.match(link) or link.startswith(("mailto:", "data:", "javascript:")):
                continue
            file = (path.parent / unquote(target)).resolve() if target else path
            file = file / "index.html" if file.is_dir() else file
            assert file.is_file(), f"{path.relative_to(out)}: {link}"
            if place and file in pages:
                assert unquote(place) in pages[file].ids, f"{path.relative_to(out)}: {link}"


def test_site__holds_every_page(site):
    out, _ = site
    config = (ROOT / "docs" / "site" / "zensical.toml").read_text(encoding="utf-8")
    for path in (ROOT / "docs").glob("*.md"):
        assert f'"docs/{path.name}"' in config, f"name {path.name} in docs/site/zensical.toml"
        assert (out / "docs" / path.with_suffix(".html").name).is_file() or path.name == "README.md"
