"""Code that computes is covered by a version: no edit leaves rows in place that older code computed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from engine.batch import method
from engine.source_hash import UnknownModuleError, hash_of_files, imported_files

PACKAGE = Path(engine.__file__).parent
# Modules that a run loads and that compute nothing: they ask, compile, write or show.
NOT_COMPUTING = {
    "__init__.py",
    "version.py",
    "batch/beside.py",
    "batch/compiling.py",
    "batch/coverage_warnings.py",
    "batch/failures.py",
    "batch/forked.py",
    "batch/manifest.py",
    "batch/method.py",
    "batch/released.py",
    "batch/reporting.py",
    "batch/request.py",
    "batch/run.py",
    "batch/run_result.py",
    "data/open_names.py",
    "data/source_paths.py",
    "memory_limits.py",
    "study/site.py",
}
NOT_COMPUTING_ROOMS = {"report", "store", "disclosure"}
RUN_ALL_KINDS = """
import sys
import engine
engine.run({study!r}, out={out!r})
modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "engine"]
print("LOADED", *sorted({{module.__file__ for module in modules if module.__file__}}))
"""
STUDY = """
[study]
name = "all-kinds"
[source]
path = "records.csv"
[design]
weight = "w"
cluster = "psu"
levels = {{ psu = "psu" }}
[variables.ill]
from = "ill"
levels = {{ no = [0], yes = [1] }}
event = "yes"
[variables.income]
from = "income"
impute = "mean"
[variables.third]
from = "income"
quantiles = ["low", "middle", "high"]
[[sample]]
label = "Income"
keep = "income >= 0"
{analyses}
"""
RANKED = 'outcome = "ill"\nrank_by = "income"'
ANALYSES = {
    "concentration": f'{RANKED}\npeer = "conindex"\nbootstrap = {{ replicates = 40 }}',
    "disparity": 'outcome = "ill"\nrank_by = "income"\nmeasure = "sii"\nbootstrap = { replicates = 40 }',
    "financing": 'outcome = "ill"\nresources = "income"\nmeasure = "kakwani"',
    "decomposition": f'{RANKED}\nterms = ["third"]\nbootstrap = {{ replicates = 40 }}',
    "rif": 'outcome = "ill"\nrank_by = "income"\nterms = ["third"]',
    "logit": 'outcome = "ill"\nterms = ["third"]',
    "regression": 'outcome = "ill"\nterms = ["third"]\nmodel = "poisson"',
    "multilevel": 'outcome = "ill"\nlevels = "psu"',
    "curve": 'outcome = "ill"\nrank_by = "income"',
    "rates": 'outcome = "ill"\nrows = "third"',
    "describe": "",
}


def computing_files(package=PACKAGE):
    return imported_files(method.COMPUTING, method.SHOWING, package)


@pytest.fixture
def loaded(tmp_path):
    """The files that a run of every kind of analysis loads in a fresh interpreter."""
    rows = [f"{i % 7 // 5},{i % 11},{1 + i % 2},{i % 8}" for i in range(240)]
    (tmp_path / "records.csv").write_text("\n".join(["ill,income,w,psu", *rows]))
    texts = [f'[[analysis]]\nname = "{kind}"\nkind = "{kind}"\n{more}' for kind, more in ANALYSES.items()]
    (tmp_path / "study.toml").write_text(STUDY.format(analyses="\n".join(texts)))
    code = RUN_ALL_KINDS.format(study=str(tmp_path / "study.toml"), out=str(tmp_path / "run"))
    # Plain Python loops load the same files, and compile nothing.
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return {Path(name) for name in done.stdout.rpartition("LOADED")[2].split()}


def test_every_kind__is_run_here():
    from engine.batch.kinds import KINDS

    assert set(ANALYSES) == set(KINDS)


def test_every_file_that_a_run_loads__is_covered_by_a_version(loaded):
    covered = {
        *computing_files(),
        *imported_files(("engine.data.part",)),
        *(PACKAGE / "kernels").rglob("*.py"),
    }
    left = {path.relative_to(PACKAGE) for path in loaded - covered}
    uncovered = {path.as_posix() for path in left if path.parts[0] not in NOT_COMPUTING_ROOMS} - NOT_COMPUTING
    assert not {path for path in uncovered if not path.endswith("/__init__.py")}


def test_an_edit_in_any_file_that_computes__moves_the_version(tmp_path):
    package = tmp_path / "engine"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    files = computing_files(package)
    assert [path.relative_to(package) for path in files] == [
        path.relative_to(PACKAGE) for path in computing_files()
    ]
    before = hash_of_files(files)
    for path in files:
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "# edited\n", encoding="utf-8")
        assert hash_of_files(files) != before, path
        path.write_text(text, encoding="utf-8")
    assert hash_of_files(files) == before


def test_a_module_that_is_gone__is_refused(tmp_path):
    with pytest.raises(UnknownModuleError, match=r"no file engine/batch/gone\.py"):
        imported_files(("engine.batch.gone",))
    package = tmp_path / "engine"
    package.mkdir()
    (package / "one.py").write_text("import engine.two\n")
    with pytest.raises(UnknownModuleError, match=r"no file engine/two\.py"):
        imported_files(("engine.one",), (), package)


def test_imports_of_every_form__are_followed(tmp_path):
    package = tmp_path / "engine"
    (package / "room").mkdir(parents=True)
    (package / "room" / "__init__.py").write_text("")
    for name in ("a", "b", "c", "d", "e"):
        (package / "room" / f"{name}.py").write_text("")
    (package / "one.py").write_text(
        "import engine.room.a\nfrom engine.room import b\nfrom engine.room.c import (\n    x,\n    y,\n)\n"
        "if TYPE_CHECKING:\n    from engine.room.e import z\n\n\ndef f():\n    from engine.room.d import x "
        "as y\n"
    )
    names = [path.stem for path in imported_files(("engine.one",), (), package)]
    assert names == ["one", "__init__", "a", "b", "c", "d"]
