"""docs/errors.md holds what commands say that end with each exit code."""

import re

from tests.conftest import ROOT
from tests.docs.errors import CODES, PAGE, page


def test_page__is_what_the_program_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made, kept = page(tmp_path), PAGE.read_text(encoding="utf-8")
    for own, other in zip(made.split("\n### "), kept.split("\n### "), strict=True):
        assert own == other, "run `python -m tests.docs.errors`, and read what has changed"


def test_page__has_every_exit_code_of_the_commands():
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert codes - {0} == {code for code, *_ in CODES}
