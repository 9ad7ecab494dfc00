"""Runs the snippets of a page in a folder: commands in this process, Python, SQL, and lines of units.

Paths that begin with / lead into the folder. What the page computes from a whole survey is computed here from
a small simulated panel, with few replicates.
"""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

SNIPPET = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = ("sh", "python", "sql", "ini", "")  # without a language: the line of cron
# A page that has its own test.
TESTED_ELSEWHERE = {
    "tutorial.md": "test_tutorial.py",
    "mistakes.md": "test_mistakes.py",
    "errors.md": "test_errors.py",
}
# Words at the beginning of a command, and why a test does not run it.
NOT_RUN = {
    "python3 -m venv": "makes an environment; the gate does it in a fresh clone",
    ".venv/bin/pip install": "needs a package index; the gate installs the wheel",
    "pip install": "needs a package index",
    "uv pip": "needs a package index",
    "pip-audit": "needs the database of advisories",
    "cyclonedx-py": "is a program of its own, which the project does not install",
    "python -m pytest": "is the tests themselves",
    ".venv/bin/python -m pytest": "is the tests themselves",
    "install -d": "needs root; test_mornings.py runs it as another user",
    "docker run": "needs docker",
    "equirank run cmds --data FOLDER": "takes whole files only; see test_wave_files.py",
    "equirank run clds --data FOLDER": "needs licensed files; see test_clds_files.py",
}
UNITS = re.compile(r"^(?:ExecStart|ExecStartPost)=\S*/(equirank .*)$", re.MULTILINE)
CRON = re.compile(r"^[\d*]+ [\d*]+ \* \* \*  \w+  (?:\w+=\S+ )*\S*/(equirank .*?)(?: 2>>.*)?$", re.MULTILINE)
SMALL = ["--replicates", "50", "--no-report"]


@dataclass(frozen=True)
class Snippet:
    """One block of a page, with the line on which it begins."""

    page: str
    line: int
    language: str
    text: str


def snippets(page):
    """Return the blocks of a page that can run."""
    text = page.read_text(encoding="utf-8")
    return [
        Snippet(page.name, text[: found.start()].count("\n") + 1, found[1], found[2])
        for found in SNIPPET.finditer(text)
        if found[1] in LANGUAGES
    ]


def commands_of(snippet):
    """Return the commands of a block, each as one line."""
    if snippet.language == "ini":
        return UNITS.findall(snippet.text)
    if snippet.language == "":
        return CRON.findall(snippet.text)
    lines = re.sub(r"(^|\s)#.*", "", snippet.text.replace("\\\n", " "), flags=re.MULTILINE).splitlines()
    return [part.strip() for line in lines for part in line.split("&&") if part.strip()]


def reason_not_to_run(command):
    """Return the words of `NOT_RUN` at the beginning of a command, if there are any."""
    return next((words for words in NOT_RUN if command.startswith(words)), None)


class Runner:
    """Runs snippets in one folder.

    Parameters
    ----------
    folder
        The working folder. Paths that begin with / lead into it.
    cli
        The fixture that runs the command line in this process.
    names
        Word of a command -> what stands there in the test.
    options
        First words of a command -> options that make it small.
    """

    def __init__(self, folder, cli, names=None, options=None):
        self.folder, self.cli = folder, cli
        self.names, self.options = names or {}, options or {}
        self.variables, self.runs = {}, set()

    def word(self, word):
        """Return what stands for a word in the test; a pattern becomes the paths that match."""
        for name, own in self.names.items():
            word = re.sub(rf"\b{re.escape(name)}\b" if name.isalpha() else re.escape(name), own, word)
        if word.startswith("/"):
            word = str(self.folder / word[1:])
        if "*" not in word:
            return [word]
        return sorted(map(str, self.folder.glob(str(Path(word).relative_to(self.folder)))))

    def command(self, command):
        """Run a command and return its exit code and what it says."""
        command, _, target = (part.strip() for part in command.partition(" > "))
        words = [own for word in shlex.split(command) for own in self.word(word)]
        program = words.pop(0).rpartition("/")[2]
        if program == "python":
            before, sys.argv = sys.argv, words
            try:
                runpy.run_path(words[0], run_name="__main__")
            finally:
                sys.argv = before
            return 0, ""
        assert program == "equirank", command
        for first, more in self.options.items():
            if words[: len(first.split())] == first.split():
                words += more
        code, out, err = self.cli(*words)
        if target:
            (self.folder / self.word(target)[0]).write_text(out, encoding="utf-8")
        return code, out + err

    def run(self, snippet):
        """Run a block; a command that fails is an error of the test."""
        if snippet.language == "python":
            exec(compile(snippet.text, f"{snippet.page}:{snippet.line}", "exec"), self.variables)  # noqa: S102
            return
        if snippet.language == "sql":
            self.query(snippet.text)
            return
        for command in commands_of(snippet):
            if reason_not_to_run(command) is None:
                if command in self.runs:  # the same words on the same files: the same bytes
                    continue
                code, told = self.command(command)
                assert code == 0, f"{snippet.page}:{snippet.line}: {command}\n{told}"
                if command.startswith("equirank run "):
                    self.runs.add(command)

    def query(self, text):
        """Run a query on the catalog of the store; it must find something."""
        import duckdb

        with duckdb.connect(
            str(self.folder / "data" / "store" / "catalog.duckdb"), read_only=True
        ) as catalog:
            assert catalog.sql(text).fetchall(), text


def pages():
    """Return the pages whose snippets run here."""
    made = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [page for page in made if page.name not in TESTED_ELSEWHERE]
