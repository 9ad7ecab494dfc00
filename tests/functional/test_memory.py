"""Where the memory ends, a command says so and how much it needs; a large sample stays within the limit."""

import errno
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.cli import memory
from engine.data import queries
from engine.data.source_file import reading
from engine.errors import DataError, NoMemoryError

COMMAND = "from engine.cli import main; main()"
MANY = 5_400_000
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems keep other limits")
STUDY = """
[study]
name = "large"
[source]
path = "people.parquet"
[design]
cluster = "c"
[variables.y]
from = "y"
[variables.x]
from = "x"
[[analysis]]
name = "indices"
kind = "concentration"
outcome = "y"
rank_by = "x"
bootstrap = { replicates = 64 }
"""


def test_array_that_does_not_fit__is_told_with_its_size():
    with pytest.raises(MemoryError) as caught:
        np.zeros((1 << 20, 1 << 20, 1 << 10), np.float64)
    text = str(memory.no_memory(caught.value))
    assert f"room for {(1 << 53) / 1e6:,.0f} MB more" in text
    held = int(text.split("held up to ")[1].split(" MB")[0].replace(",", ""))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert held == pytest.approx(most / 1e6, abs=20)


def test_other_need__is_told_without_a_size():
    assert "got no more; expected room for what it computes" in str(memory.no_memory(MemoryError()))


def run(folder, rows, most=None):
    """Run the study on so many rows, in a process that may use so much memory; return the ended process."""
    chance = np.random.default_rng(1)
    frame = pl.DataFrame({"y": chance.gamma(2.0, 1.0, rows), "x": chance.normal(size=rows)})
    frame.with_columns(c=pl.int_range(rows) // 20).write_parquet(folder / "people.parquet")
    (folder / "study.toml").write_text(STUDY)
    command = [sys.executable, "-c", COMMAND, "run", "study.toml", "--out", "run", "--no-report"]
    limit = None if most is None else (lambda: resource.setrlimit(resource.RLIMIT_DATA, (most, most)))
    return subprocess.Popen(  # noqa: S603
        command, cwd=folder, stderr=subprocess.PIPE, text=True, preexec_fn=limit
    )


def test_query_without_memory__says_so(monkeypatch):
    monkeypatch.setattr(queries, "MEMORY_LIMIT", "1MB")
    with pytest.raises(NoMemoryError, match="memory: a query got no more"), queries.database() as connection:
        connection.sql("SELECT i, list(i) FROM range(3000000) AS t(i) GROUP BY i").fetchall()


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "x"), ValueError("(os error 12)")])
def test_file_without_memory__is_not_called_damaged(error):
    with (
        pytest.raises(DataError, match=r"a\.dta: there is too little memory to read it"),
        reading(Path("a.dta")),
    ):
        raise error


@pytest.mark.slow
def test_five_million_rows__stay_within_the_limit(tmp_path):
    process = run(tmp_path, MANY)
    _, told = process.communicate()
    assert process.returncode == 0, told
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"{MANY:,} rows: {most / 1e6:,.0f} MB")
    assert queries.MEMORY_LIMIT == "2GB"
    assert most <= 2e9 + (200 << 20)


@pytest.mark.slow
def test_too_little_memory__is_told(tmp_path):
    """With much less memory, some libraries end the process, or say that they cannot read the file."""
    process = run(tmp_path, 1_000_000, most=500 << 20)
    _, told = process.communicate()
    assert process.returncode in (11, 71), told  # 11: the process that reads the file got none
    assert any(
        words in told
        for words in (
            "memory: the process held up to",
            "memory: a query got no more",
            "too little memory to read",
        )
    ), told
    assert not (tmp_path / "run").exists()


KERNELS = """
import ctypes, re, sys
from pathlib import Path
import numpy as np
from benchmarks.coverage.columns import ranked
from benchmarks.coverage.designs import Survey
from benchmarks.coverage.indices import BOUNDS, concentration_spec
from engine.arrays import DesignColumns
from engine.estimators.index.concentration import estimate_concentration
from engine.estimators.replicates.settings import ReplicateSettings
from engine.study.bootstrap import BootstrapSpec

method, rows = sys.argv[1], int(sys.argv[2])
boot = None if method == "none" else BootstrapSpec(replicates=64, method=method)
spec = concentration_spec("visits", ("standard",), bootstrap=boot)

def people(n):
    random = np.random.default_rng(1)
    values = {"visits": random.poisson(2.0, n).astype(float), "rank": random.normal(size=n)}
    columns = DesignColumns(weight=random.uniform(0.5, 2.0, n), cluster=random.integers(0, 500, n))
    return ranked(Survey(values=values, columns=columns), "visits")

def compute(arrays):
    estimate_concentration(arrays, spec, BOUNDS, ReplicateSettings(seed=1, threads=2))

def memory(name):
    return 1024 * int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

compute(people(5_000))  # what compiling takes does not depend on rows
arrays = people(rows)
ctypes.CDLL(None).malloc_trim(0)  # what is free but still held is no memory of what comes
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = memory("VmRSS")
compute(arrays)
print((memory("VmHWM") - before) / rows)
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["none", "iid", "rao-wu", "poisson"])
def test_index_and_replicates__hold_few_bytes_a_row(method):
    command = [sys.executable, "-c", KERNELS, method, "4000000"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    print(f"{method}: {float(told):.0f} bytes a row")
    assert 8 < float(told) <= 64


DECOMPOSITION = """
from benchmarks.coverage.columns import number
from engine.estimators.decomposition.estimate import estimate_decomposition
from engine.study.analyses import DecompositionSpec

names = ["x0", "x1", "x2", "x3"]
asked = {"name": "d", "kind": "decomposition", "outcome": "y", "rank_by": "rank", "terms": names}
boot = {} if method == "none" else {"bootstrap": {"replicates": 64, "method": method}}
spec = DecompositionSpec.model_validate({**asked, "need": ["x0"], **boot})

def people(n):
    random = np.random.default_rng(1)
    values = {name: random.integers(0, 2 + 20 * (name == "x0"), n).astype(float) for name in names}
    values |= {"y": random.integers(0, 2, n).astype(float), "rank": random.normal(size=n)}
    columns = DesignColumns(weight=random.uniform(0.5, 2.0, n), cluster=random.integers(0, 500, n))
    survey = Survey(values=values, columns=columns)
    return ranked(survey, "y"), [number(survey, name) for name in names]

def compute(people):
    estimate_decomposition(*people, spec, (0.0, 1.0), ReplicateSettings(seed=1, threads=2))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("method", "most"), [("none", 130), ("iid", 150), ("rao-wu", 130)])
def test_decomposition_by_four_covariates__holds_few_bytes_a_row(method, most):
    start, _, _ = KERNELS.partition("spec = ")
    program = start + DECOMPOSITION + KERNELS[KERNELS.index("def memory(") :]
    command = [sys.executable, "-c", program, method, "2000000"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    print(f"{method}: {float(told):.0f} bytes a row")
    assert 8 < float(told) <= most
