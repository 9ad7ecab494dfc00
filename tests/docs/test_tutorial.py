"""The tutorial: its commands run, its edits fit the draft, and its result is there."""

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("whole_reports")

PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"```(sh|diff|python)\n(.*?)```", re.DOTALL)


def edit(text, diff):
    """Put the lines with + in the place of those with -, which must stand in the text."""
    old = "\n".join(line[1:] for line in diff.splitlines() if line.startswith("-"))
    new = "\n".join(line[1:] for line in diff.splitlines() if line.startswith("+"))
    assert text.count(old) == 1, old
    return text.replace(old, new)


def test_tutorial__runs_as_it_is_written(tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    said = {}
    for kind, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "diff":
            study = Path("study.toml")
            study.write_text(edit(study.read_text(encoding="utf-8"), block), encoding="utf-8")
            continue
        if kind == "python":
            exec(compile(block, "tutorial", "exec"), {})  # noqa: S102
            continue
        command, _, target = block.strip().removeprefix("equirank ").partition(" > ")
        code, out, err = cli(*shlex.split(command))
        assert code == 0, err
        if target:
            Path(target).write_text(out, encoding="utf-8")
        said[command.split()[0]] = out
    assert said["check"] == "study.toml: no faults.\n"
    assert "家庭月总收入" in said["codebook"]
    assert "erreygers: Below 0: lower ranked people have more" in said["show"]
    assert Path("my-run/report.html").is_file()
    assert Path("tables/inequality.docx").is_file()
