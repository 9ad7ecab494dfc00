"""Fixtures of all tests: data that may be absent, a private cache, the command line in this process."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported; the command line does it too

import numpy as np
import polars as pl
import pytest

from engine.batch import reporting
from engine.batch import run as run_module
from engine.cli import progress
from engine.data import readers
from engine.data.confinement import SWITCH
from engine.kernels import (
    jit as _jit,  # before anything else imports numba: it chooses threads and kernel cache
)
from engine.nights import inbox as inbox_module
from engine.nights import publish
from engine.report.render.plain import plain_report
from engine.shards import join
from engine.store.run_directory import REPORT, read_run
from tests.properties.cases import VARIABLE as CASES

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("EQUIRANK_SHARED", ROOT.parent / "shared"))
NUMBERS = ROOT / "tests" / "oracle" / "numbers"
KERNEL_CACHE = str(_jit.cache_directory().parent)

TINY = pl.DataFrame(
    {
        "x": [3, 1, 2, 2, 5, 3, 3, 1],
        "y": [2, 1, 0, 3, 4, 1, 5, 2],
        "b": [1, 0, 0, 1, 1, 0, 1, 0],
        "w": [1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0],
        "psu": [1, 1, 2, 2, 3, 3, 4, 4],
    }
)


def pytest_addoption(parser):
    parser.addoption("--cases", type=int, default=0, help="random cases of each rule, at least")


def pytest_configure(config):
    os.environ[CASES] = str(config.getoption("--cases"))  # before the rules are imported
    # Subprocesses compile nothing anew; numba's own message about a read-only cache is no failure of ours.
    os.environ["NUMBA_CACHE_DIR"] = KERNEL_CACHE


@pytest.fixture(autouse=True)
def quiet_steps(monkeypatch):
    """On a slow machine every step takes long; what stderr holds must not depend on it."""
    monkeypatch.setattr(progress, "MOMENT", 600.0)


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def plain_reports(request, monkeypatch):
    """Write a page without tables and figures into new runs: drawing is a third of the time of a small run.

    Tests that look at them ask for `whole_reports`.
    """
    if "whole_reports" in request.fixturenames:
        return

    def write(folder):
        text = plain_report(read_run(folder), "the tests do not look at it", None)
        (folder / REPORT).write_text(text, encoding="utf-8")

    for module in (reporting, publish, join):
        monkeypatch.setattr(module, "write_report_of_new_run", write)
    monkeypatch.setattr(run_module, "drawing_ahead", nullcontext)


@pytest.fixture(autouse=True)
def no_process_beside(monkeypatch):
    """Compute all analyses of a run in one process: the tests keep both cores busy themselves."""
    monkeypatch.setattr(run_module, "process_beside", lambda *_: nullcontext())


@pytest.fixture
def whole_reports():
    """Ask for runs with their report, tables and figures."""


@pytest.fixture(autouse=True, scope="session")
def kept_readers():
    """Keep the processes that read files from test to test: each takes a second to start.

    They are not confined, and read files themselves. tests/functional/test_confinement.py has confined ones,
    and so have commands in a process of their own.
    """
    shelf, start = [], readers.start_reader

    def started():
        with pytest.MonkeyPatch.context() as free:
            free.setenv(SWITCH, "off")
            return start()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readers, "release_reader", shelf.append)
        patch.setattr(readers, "start_reader", lambda: shelf.pop() if shelf else started())
        yield
    for reader in shelf:
        reader.end()


@pytest.fixture(scope="session")
def shared():
    if not SHARED.is_dir():
        pytest.skip("the survey files and reference numbers are not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def housing(shared):
    return pl.read_csv(shared / "data" / "housing.csv.gz")


@pytest.fixture(scope="session")
def oracle(request):
    """Read numbers of other programs by what they are of, such as "contributions_simulated".

    They lie in tests/oracle/numbers, where the name of a file begins with the programs that made it, or
    beside this checkout.
    """

    def numbers(name):
        carried = list(NUMBERS.glob(f"*_{name}.json"))
        assert len(carried) < 2, f"{name} names several files: {carried}"
        path = carried[0] if carried else request.getfixturevalue("shared") / "oracles" / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    return numbers


@pytest.fixture(scope="session")
def meps():
    from linearmodels.datasets import meps

    return pl.from_pandas(meps.load().reset_index(drop=True))


@pytest.fixture
def survey():
    """A small clustered, stratified, weighted survey with ties and missing values."""
    rng = np.random.default_rng(7)
    n = 600
    cluster = rng.integers(0, 30, n)
    income = rng.integers(1, 40, n).astype(float) + cluster
    return pl.DataFrame(
        {
            "wave": np.where(np.arange(n) % 2, 2015, 2016),
            "income": np.where(rng.random(n) < 0.05, np.nan, income),
            "ill": (rng.random(n) < 0.5 - income / 200).astype(int),
            "sex": rng.integers(1, 3, n),
            "weight": rng.uniform(0.5, 2.0, n),
            "stratum": cluster // 6,
            "psu": cluster,
        }
    ).with_columns(pl.col("income").fill_nan(None))


@pytest.fixture
def cli(capsys, monkeypatch):
    """Run the command line in this process: returns (exit code, stdout, stderr)."""

    def call(*arguments):
        from engine.cli import main

        monkeypatch.setattr(sys, "argv", ["equirank", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def night(cli, tmp_path, tmp_path_factory, monkeypatch):
    """A folder with study and inbox; call it for a night: returns (exit code, report as JSON, stderr)."""
    from tests.functional.nights import STUDY

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(inbox_module, "SETTLED", 0.02)
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "inbox").mkdir()

    def refresh(*more):
        time.sleep(0.03)
        code, out, err = cli("refresh", "study.toml", "--inbox", "inbox", "--store", "store", "--json", *more)
        return code, json.loads(out) if out else None, err

    refresh.root, refresh.inbox, refresh.store = tmp_path, tmp_path / "inbox", tmp_path / "store"
    return refresh
