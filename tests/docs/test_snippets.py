"""Every snippet of README and docs is well formed: its commands, options, functions and arguments exist."""

import ast
import inspect
import re
import tomllib

import pytest

import equirank
from tests.conftest import ROOT
from tests.docs.reference import commands

SNIPPET = re.compile(r"^```(sh|python|toml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
MADE_WITH_FAULTS = ("mistakes.md", "errors.md")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL = [
    (
        f"{page.name}:{page.read_text(encoding='utf-8')[: found.start()].count(chr(10)) + 1}",
        found[1],
        found[2],
    )
    for page in PAGES
    if page.name not in MADE_WITH_FAULTS
    for found in SNIPPET.finditer(page.read_text(encoding="utf-8"))
]


def snippets(language):
    return [pytest.param(text, id=place) for place, kind, text in ALL if kind == language]


@pytest.mark.parametrize("text", snippets("sh"))
def test_command__exists_with_its_options(text):
    known = commands()
    for line in text.replace("\\\n", " ").splitlines():
        # A pattern in quotes may hold the signs of the shell.
        plain = re.sub(r"'[^']*'|\"[^\"]*\"", "QUOTED", line).partition(" #")[0]
        for part in re.split(r"&&|;|\|", plain):
            if not re.match(r"\s*\S*\bequirank\s+[a-z]", part):
                continue
            words = part.partition(">")[0].split()
            assert words[1] in known, line
            flags = {flag for one in known[words[1]].params for flag in (*one.opts, *one.secondary_opts)}
            for word in words[2:]:
                assert not word.startswith("--") or word.partition("=")[0] in flags | {"--help"}, line


@pytest.mark.parametrize("text", snippets("toml"))
def test_toml__can_be_read(text):
    if "..." not in text:
        tomllib.loads(text)


@pytest.mark.parametrize("text", snippets("python"))
def test_python__calls_functions_with_arguments_that_exist(text):
    for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        if not re.fullmatch(r"(equirank|engine)\.\w+", name):
            continue
        function = getattr(equirank, name.partition(".")[2])
        known = inspect.signature(function).parameters
        assert {one.arg for one in call.keywords if one.arg} <= set(known), ast.unparse(call)
        assert len(call.args) <= len(known)
