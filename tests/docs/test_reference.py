"""The reference pages are those that the program makes; links of all pages lead somewhere."""

import re

import pytest

from tests.conftest import ROOT
from tests.docs.reference import pages

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
PAGES = [*PAGES, *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_page__is_what_the_program_says(path):
    assert path.read_text(encoding="utf-8") == pages()[path], "run `python -m tests.docs.reference`"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links__lead_somewhere(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        assert target.startswith("http") or (path.parent / target).exists(), target
