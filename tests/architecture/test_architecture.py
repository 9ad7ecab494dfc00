"""The house rules: imports point one way, rooms stay small, `--help` stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from tests.functional.nights import put

PACKAGE = Path(engine.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 300

# What each part may import of the others. Left of `arrays` is data, right of `results` is presentation.
ALLOWED = {
    "errors": set(),
    "paths": {"errors"},
    "durable": set(),
    "arrays": set(),
    "study": {"errors"},
    "kernels": {"paths"},
    "results": set(),
    "estimators": {"errors", "study", "arrays", "kernels", "results"},
    "data": {"errors", "paths", "durable", "study", "arrays"},
    "simulate": {"errors"},
    "store": {"errors", "durable"},
    "report": {"errors", "store", "results"},
    "batch": {
        "errors",
        "paths",
        "durable",
        "study",
        "arrays",
        "kernels",
        "results",
        "estimators",
        "data",
        "simulate",
        "store",
        "audit",
    },
    "audit": {"errors"},
    "bench": {"errors", "paths", "study", "arrays", "kernels", "estimators", "data", "simulate"},
    "cli": {"errors", "study", "store", "report", "batch", "bench", "audit"},
}
HEAVY = {"numba", "scipy", "statsmodels", "pandas", "polars", "duckdb", "pyarrow"}


def part_of(path):
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module__imports_only_what_its_part_may(path):
    part = part_of(path)
    if part == "__init__":
        return
    for name in imported(path):
        pieces = name.split(".")
        if pieces[0] == "engine" and len(pieces) > 1 and pieces[1] != part:
            assert pieces[1] in ALLOWED[part], f"{part} may not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module__is_short(path):
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


def test_kernels__know_numba_numpy_and_the_standard_library_only():
    for path in (PACKAGE / "kernels").glob("*.py"):
        outside = {name.split(".")[0] for name in imported(path)} - sys.stdlib_module_names
        assert outside <= {"engine", "numba", "numpy"}


def test_names__never_say_ci():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [getattr(node, "id", ""), getattr(node, "name", ""), getattr(node, "arg", "")]
            assert not any(name and "ci" in str(name).lower().split("_") for name in names), path


def loaded_by(command):
    """The heavy libraries that a command has loaded by its end."""
    code = (
        f"import sys; sys.argv = ['equirank', *{command!r}]\n"
        "from engine.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('LOADED', *sorted(set(sys.modules) & {HEAVY!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.rpartition("LOADED")[2].split()


@pytest.mark.parametrize(
    "command", [["--help"], ["--version"], ["studies"], ["check", "cmds", "--help"], ["refresh", "--help"]]
)
def test_light_commands__load_no_heavy_library(command):
    assert loaded_by(command) == []


def test_idle_night_and_status__load_no_heavy_library(night):
    put(night, 1)
    assert night()[0] == 0
    assert loaded_by(["status", "--store", "store"]) == []
    assert loaded_by(["refresh", "study.toml", "--inbox", "inbox", "--store", "store"]) == []


def test_public_names__are_there_and_documented():
    for name in engine.__all__:
        value = getattr(engine, name)
        assert name == "__version__" or value.__doc__
