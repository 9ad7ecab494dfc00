"""The house rules: imports point one way and in no circle, rooms stay small, `--help` stays light."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from engine.source_hash import imported_modules
from tests.functional.nights import put

PACKAGE = Path(engine.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 300

# The rooms in the order of the flow: a room may import those before it, except where FORBIDDEN says
# otherwise.
ROOMS = (
    ("balance",),
    ("errors", "durable", "source_hash", "version", "calibration"),
    ("paths", "arrays", "kernel_cache", "memory_limits"),
    ("study",),
    ("kernels", "results"),
    ("estimators", "data", "simulate", "audit", "disclosure"),
    ("store", "draft"),
    ("report",),
    ("batch",),
    ("nights", "shards", "api"),
    ("bench", "validate"),
    ("cli",),
)
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
# Left of the arrays is data, right of the results is presentation; a kernel is a loop on plain arrays.
FORBIDDEN = {
    "kernels": {"errors", "durable", "arrays", "study"},
    "results": {"errors", "durable", "paths", "arrays", "study"},
    "estimators": {"paths", "durable"},
    "data": {"kernels", "results"},
    "simulate": {"paths", "durable", "arrays", "study", "kernels", "results"},
    "audit": {"paths", "durable", "arrays", "study", "kernels", "results"},
    "disclosure": {"paths", "durable", "arrays", "kernels"},
    "store": {"paths", "arrays", "study", "kernels", "estimators", "data", "simulate", "audit"},
    "draft": {"durable", "arrays", "kernels", "results", "estimators", "simulate", "audit"},
    "report": {"paths", "durable", "arrays", "study", "kernels", "estimators", "data", "simulate", "audit"},
    "api": {"paths", "durable", "simulate", "audit", "store", "report"},
    "bench": {"store", "report", "audit", "nights", "shards"},
    "validate": {"durable", "simulate", "audit", "store", "report", "batch", "nights", "shards"},
    "cli": {"arrays", "kernels", "estimators"},
}
HEAVY = {"numba", "scipy", "statsmodels", "pandas", "polars", "duckdb", "pyarrow"}


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def room_of(path):
    """The folder under `engine`, or the module if it stands there alone."""
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported(path, *, for_types=True):
    """Every module that a file imports, by any form; `for_types` counts those of type checkers too."""
    around = ("engine", *path.relative_to(PACKAGE).with_suffix("").parts)
    tree = ast.parse(path.read_text())
    skipped = set()
    if not for_types:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                skipped.update(id(inner) for inner in ast.walk(node))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom):
            base = (
                ".".join([*around[: len(around) - node.level], node.module or ""])
                if node.level
                else node.module
            )
            for alias in node.names:
                whole = PACKAGE.parent / Path(*base.split("."), alias.name)
                is_module = whole.with_suffix(".py").is_file() or (whole / "__init__.py").is_file()
                yield f"{base}.{alias.name}" if is_module else base
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module__imports_only_earlier_rooms(path):
    room = room_of(path)
    if room == "__init__":
        return
    for name in imported(path):
        first, *rest = name.split(".")
        if first == "engine" and rest and rest[0] != room:
            assert LEVEL[rest[0]] < LEVEL[room], f"{room} may not import {name}: it comes later in the flow"
            assert rest[0] not in FORBIDDEN.get(room, ()), f"{room} may not import {name}"


def test_rooms__are_all_known():
    assert {room_of(path) for path in MODULES} - {"__init__"} == set(LEVEL)


def test_modules__import_each_other_in_no_circle():
    files = {"engine." + name_of(path).removesuffix(".py").replace("/", "."): path for path in MODULES}
    files = {name.removesuffix(".__init__"): path for name, path in files.items()}
    imports = {name: {one for one in imported(path) if one in files} - {name} for name, path in files.items()}
    while loose := [name for name, targets in imports.items() if not targets & imports.keys()]:
        for name in loose:
            del imports[name]
    circle = {name: sorted(targets & imports.keys()) for name, targets in imports.items()}
    assert not circle, f"these modules import each other: {circle}"


def test_source_hash__sees_every_import():
    for path in MODULES:
        if room_of(path) == "__init__":
            continue
        needed = {name for name in imported(path, for_types=False) if name.startswith("engine.")}
        assert needed <= imported_modules(path), name_of(path)  # one too many only computes too much


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module__is_short(path):
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


def test_kernels__know_numba_numpy_and_the_standard_library_only():
    for path in (PACKAGE / "kernels").rglob("*.py"):
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


def test_runs__are_written_by_nobody_who_leaves_out_disclosure_control():
    writers = [path for path in MODULES if re.search(r"^ +write_run\(", path.read_text(), re.MULTILINE)]
    assert len(writers) >= 4
    for path in writers:
        assert "engine.batch.released.released" in imported_names(path), name_of(path)


def imported_names(path):
    """Every name that a file imports from the engine, with its module."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
